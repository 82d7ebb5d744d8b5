import ApusIR

// Fewer, longer loops.
extension Kernel {
  /// Makes one variable of two neighbouring ones wherever all indices walk through them as one.
  mutating func collapse() {
    var changed = true
    while changed {
      changed = false
      for (outer, inner) in neighbours() where areOne(outer, inner) {
        merge(outer, into: inner)
        changed = true
        break
      }
    }
  }

  /// Points of the parallel space that are worth more loops inside.
  private static let manyPoints = 512
  /// Elements of a body's loops that need none around them.
  private static let longBody = 2_048

  /// Turns the innermost parallel variable into a loop of the body, unless it is the only one, and
  /// those before it while the loops are short and many points are left: finding out which point
  /// is which costs more than an element.
  mutating func makeLastParallelVariableInner() {
    guard parallel.count > 1, let last = parallel.popLast() else { return }
    body = [.loop(last, isVectorizable: true, body: body)]
    makeParallelVariablesInner(length: extents[last])
  }

  /// - Parameter length: Elements that the body works on already.
  mutating func makeParallelVariablesInner(length: Int) {
    var length = length
    while parallel.count > 1, length < Self.longBody, let next = parallel.last,
      parallelCount >= Self.manyPoints * extents[next]
    {
      parallel.removeLast()
      body = [.loop(next, isVectorizable: false, body: body)]
      length *= extents[next]
    }
  }

  /// Pairs of variables whose loops are directly nested, wherever they occur.
  private func neighbours() -> [(Variable, Variable)] {
    var pairs = Array(zip(parallel, parallel.dropFirst()))
    func visit(_ body: [Statement]) {
      for statement in body {
        switch statement {
        case .loop(let outer, _, let inner):
          if inner.count == 1, case .loop(let next, _, _) = inner[0] { pairs.append((outer, next)) }
          visit(inner)
        case .when(_, let inner): visit(inner)
        default: break
        }
      }
    }
    visit(body)
    return pairs
  }

  /// Whether every index uses the pair as the digits of one number, and every loop over one of them
  /// belongs to the pair.
  private func areOne(_ outer: Variable, _ inner: Variable) -> Bool {
    var fits = true
    forEachIndex { index in
      let a = index.terms.first { $0.variable == outer }?.stride ?? 0
      let b = index.terms.first { $0.variable == inner }?.stride ?? 0
      if a != b * extents[inner] { fits = false }
    }
    guard fits else { return false }
    func isNested(_ body: [Statement]) -> Bool {
      body.allSatisfy { statement in
        switch statement {
        case .loop(outer, _, let next):
          guard next.count == 1, case .loop(inner, _, let rest) = next[0] else { return false }
          return isNested(rest)
        case .loop(inner, _, _): return false
        case .loop(_, _, let next), .when(_, let next): return isNested(next)
        default: return true
        }
      }
    }
    if let place = parallel.firstIndex(of: outer) {
      return place + 1 < parallel.count && parallel[place + 1] == inner
    }
    return !parallel.contains(inner) && isNested(body)
  }

  private mutating func merge(_ outer: Variable, into inner: Variable) {
    extents[inner] *= extents[outer]
    parallel.removeAll { $0 == outer }
    body = body.map { $0.rewritten(merging: outer) }
  }

  /// Calls `visit` with every index expression of the kernel.
  func forEachIndex(_ visit: (Index) -> Void) {
    func walk(_ body: [Statement]) {
      for statement in body {
        switch statement {
        case .loop(_, _, let inner), .when(_, let inner): walk(inner)
        case .define(_, _, let operation): operation.indices.forEach(visit)
        case .accumulate(_, let index, _, _), .assign(_, let index, _), .store(_, let index, _):
          visit(index)
        case .declare: break
        }
      }
    }
    walk(body)
  }
}

extension Kernel.Operation {
  var indices: [Kernel.Index] {
    switch self {
    case .load(_, let index, let guards, _): [index] + guards.map(\.index)
    case .index(let index), .read(_, let index): [index]
    case .test(let guards): guards.map(\.index)
    case .randomBits(_, _, let element): [element]
    case .constant, .unary, .binary, .compare, .select, .cast: []
    }
  }

  /// This operation with a variable's terms removed from every index.
  func removing(_ variable: Kernel.Variable) -> Kernel.Operation {
    mapIndices { $0.removing(variable) }
  }

  /// This operation with every index expression replaced.
  func mapIndices(_ change: (Kernel.Index) -> Kernel.Index) -> Kernel.Operation {
    func changed(_ guards: [Kernel.Guard]) -> [Kernel.Guard] {
      guards.map { Kernel.Guard(change($0.index), in: $0.bounds) }
    }
    return switch self {
    case .load(let argument, let index, let guards, let otherwise):
      .load(argument: argument, at: change(index), guards: changed(guards), otherwise: otherwise)
    case .index(let index): .index(change(index))
    case .read(let accumulator, let index): .read(accumulator, at: change(index))
    case .test(let guards): .test(changed(guards))
    case .randomBits(let seed, let stream, let element):
      .randomBits(seed: seed, stream: stream, element: change(element))
    case .constant, .unary, .binary, .compare, .select, .cast: self
    }
  }
}

extension Kernel.Index {
  func removing(_ variable: Kernel.Variable) -> Kernel.Index {
    var result = self
    result.terms.removeAll { $0.variable == variable }
    return result
  }
}

extension Kernel.Statement {
  /// This statement with the loops over `outer`, each directly around the loop it is merged with,
  /// taken away and its terms removed.
  fileprivate func rewritten(merging outer: Kernel.Variable) -> Kernel.Statement {
    switch self {
    case .loop(outer, _, let body): body[0].rewritten(merging: outer)
    case .loop(let variable, let isVectorizable, let body):
      .loop(
        variable, isVectorizable: isVectorizable, body: body.map { $0.rewritten(merging: outer) })
    case .when(let condition, let body):
      .when(condition, body: body.map { $0.rewritten(merging: outer) })
    case .define(let value, let dtype, let operation):
      .define(value, dtype, operation.removing(outer))
    case .accumulate(let target, let index, let op, let value):
      .accumulate(target, at: index.removing(outer), op, value)
    case .assign(let target, let index, let value):
      .assign(target, at: index.removing(outer), value)
    case .store(let argument, let index, let value):
      .store(argument: argument, at: index.removing(outer), value)
    case .declare: self
    }
  }
}
