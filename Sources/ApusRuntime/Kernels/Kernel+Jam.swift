import ApusIR

// Column reductions: several rows at once.
extension Kernel {
  /// Lets loops that add rows to an array of accumulators take several rows a round, which are
  /// combined in registers before the array is touched: its loads and stores are the bottleneck.
  mutating func jamAccumulatingLoops() {
    var nextValue = (definedValues.max() ?? -1) + 1
    body = body.map { jammed($0, &nextValue) }
  }

  /// Rows taken at once, where the number of rows allows it. Longer bodies have more to do between
  /// the loads and stores.
  private static func factors(for body: [Statement]) -> [Int] {
    switch body.count {
    case ...6: [8, 4, 2]
    case ...16: [4, 2]
    default: []
    }
  }

  private var definedValues: [Value] {
    func collect(_ body: [Statement]) -> [Value] {
      body.flatMap { statement -> [Value] in
        switch statement {
        case .loop(_, _, let inner), .when(_, let inner): collect(inner)
        case .define(let value, _, _): [value]
        default: []
        }
      }
    }
    return collect(body)
  }

  private mutating func jammed(_ statement: Statement, _ nextValue: inout Value) -> Statement {
    guard case .loop(let row, let isVectorizable, let inner) = statement else { return statement }
    guard inner.count == 1, case .loop(let lane, true, let work) = inner[0],
      let factor = Self.factors(for: work).first(where: { extents[row] % $0 == 0 && extents[row] > $0 }),
      let rewritten = combined(work, row: row, lane: lane, factor: factor, &nextValue)
    else {
      return .loop(
        row, isVectorizable: isVectorizable, body: inner.map { jammed($0, &nextValue) })
    }
    extents[row] /= factor
    return .loop(
      row, isVectorizable: isVectorizable,
      body: [.loop(lane, isVectorizable: true, body: rewritten)])
  }

  /// The work of `factor` rows with one accumulation each, or nil where the work is of another form.
  private func combined(
    _ work: [Statement], row: Variable, lane: Variable, factor: Int, _ nextValue: inout Value
  ) -> [Statement]? {
    let definitions = work.prefix { if case .define = $0 { true } else { false } }
    var dtypes: [Value: DType] = [:]
    var result: [Statement] = []
    var copies: [[Value: Value]] = []
    for copy in 0..<factor {
      var renamed: [Value: Value] = [:]
      for statement in definitions {
        guard case .define(let value, let type, let operation) = statement else { return nil }
        dtypes[value] = type
        let moved = operation.stepping(row, by: factor, offset: copy).renaming(renamed)
        renamed[value] = nextValue
        result.append(.define(nextValue, type, moved))
        nextValue += 1
      }
      copies.append(renamed)
    }
    let accumulations = work.dropFirst(definitions.count)
    guard !accumulations.isEmpty else { return nil }
    for statement in accumulations {
      guard case .accumulate(let target, let place, let op, let term) = statement,
        place == .variable(lane), let dtype = dtypes[term]
      else { return nil }
      var terms = copies.map { $0[term]! }
      while terms.count > 1 {
        var sums: [Value] = []
        for pair in stride(from: 0, to: terms.count, by: 2) {
          result.append(
            .define(nextValue, dtype, .binary(op.combining, terms[pair], terms[pair + 1])))
          sums.append(nextValue)
          nextValue += 1
        }
        terms = sums
      }
      result.append(.accumulate(target, at: place, op, terms[0]))
    }
    return result
  }
}

extension Kernel.Index {
  /// This index where a variable is replaced by `variable · factor + offset`.
  func stepping(_ variable: Kernel.Variable, by factor: Int, offset step: Int) -> Kernel.Index {
    var result = self
    for index in result.terms.indices where result.terms[index].variable == variable {
      result.offset += result.terms[index].stride * step
      result.terms[index].stride *= factor
    }
    return result
  }

  func renaming(_ values: [Kernel.Value: Kernel.Value]) -> Kernel.Index {
    var result = self
    for index in result.dynamic.indices {
      result.dynamic[index].value = values[result.dynamic[index].value] ?? result.dynamic[index].value
    }
    return result
  }
}

extension Kernel.Operation {
  func stepping(
    _ variable: Kernel.Variable, by factor: Int, offset: Int
  ) -> Kernel.Operation {
    mapIndices { $0.stepping(variable, by: factor, offset: offset) }
  }

  func renaming(_ values: [Kernel.Value: Kernel.Value]) -> Kernel.Operation {
    func new(_ value: Kernel.Value) -> Kernel.Value { values[value] ?? value }
    let moved = mapIndices { $0.renaming(values) }
    return switch moved {
    case .unary(let op, let x): .unary(op, new(x))
    case .binary(let op, let x, let y): .binary(op, new(x), new(y))
    case .compare(let op, let x, let y): .compare(op, new(x), new(y))
    case .select(let c, let x, let y): .select(new(c), new(x), new(y))
    case .cast(let x): .cast(new(x))
    case .randomBits(let seed, let stream, let element):
      .randomBits(seed: new(seed), stream: new(stream), element: element)
    case .constant, .load, .index, .test, .read: moved
    }
  }
}
