import ApusIR

/// Einstein's summation: `einsum("bij,bjk->bik", a, b)` is a batched matrix product.
///
/// Each letter names an axis. Letters that are not in the result are summed over; without `->` the
/// result has the letters that occur once, in alphabetical order. `...` stands for further leading
/// axes, which are broadcast. A letter twice in one operand takes the diagonal. Operands are
/// contracted from left to right, each pair by one matrix product.
public func einsum(_ equation: String, _ operands: Tensor...) -> Tensor {
  guard let parsed = EinsumEquation(equation, operands) else { return operands.first ?? 0 }
  let dtype = Tensor.commonDType(operands)
  var terms: [EinsumTerm] = []
  for (labels, operand) in zip(parsed.inputs, operands) {
    terms.append(EinsumTerm(labels: labels, tensor: operand.to(dtype)).withoutRepeats)
  }
  guard var result = terms.first else { return 0 }
  for position in terms.indices.dropFirst() {
    var needed = Set(parsed.output)
    for later in terms[(position + 1)...] { needed.formUnion(later.labels) }
    result = result.contracted(with: terms[position], keeping: needed)
  }
  return result.summed(keeping: Set(parsed.output)).permuted(to: parsed.output, parsed.extents)
}

/// An axis: a letter, or a place in the ellipsis counted from its end.
private enum EinsumLabel: Hashable {
  case letter(Character)
  case ellipsis(Int)
}

private struct EinsumEquation {
  var inputs: [[EinsumLabel]] = []
  var output: [EinsumLabel] = []
  var extents: [EinsumLabel: Int] = [:]

  init?(_ equation: String, _ operands: [Tensor]) {
    func fail(_ message: String) {
      TensorErrors.report(TensorError(.argument, operation: "einsum", "\"\(equation)\": \(message)"))
    }
    let text = equation.filter { $0 != " " }
    let sides = text.components(separatedBy: "->")
    let parts = sides[0].split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard sides.count <= 2, parts.count == operands.count else {
      fail("names \(parts.count) operands, got \(operands.count)")
      return nil
    }
    var widest = 0
    for (part, operand) in zip(parts, operands) {
      let named = part.replacing("...", with: "").count
      let hasEllipsis = part.contains("...")
      let rest = operand.rank - named
      guard hasEllipsis ? rest >= 0 : rest == 0 else {
        fail("\"\(part)\" does not fit shape \(operand.shape)")
        return nil
      }
      if hasEllipsis { widest = Swift.max(widest, rest) }
      guard let labels = EinsumEquation.labels(part, ellipsis: rest) else {
        fail("\"\(part)\" may hold only letters and one \"...\"")
        return nil
      }
      inputs.append(labels)
      for (label, extent) in zip(labels, operand.shape) {
        let known = extents[label] ?? 1
        guard known == extent || known == 1 || extent == 1 else {
          let name = if case .letter(let letter) = label { "\"\(letter)\"" } else { "\"...\"" }
          fail("extents \(known) and \(extent) of \(name) differ")
          return nil
        }
        extents[label] = Swift.max(known, extent)
        if extent == 0 { extents[label] = 0 }
      }
    }
    if sides.count == 2 {
      guard let labels = EinsumEquation.labels(sides[1], ellipsis: widest),
        Set(labels).count == labels.count, labels.allSatisfy({ extents[$0] != nil })
      else {
        fail("the result \"\(sides[1])\" may name each letter of the operands once")
        return nil
      }
      output = labels
    } else {
      let counts = Dictionary(inputs.joined().map { ($0, 1) }, uniquingKeysWith: +)
      let letters = counts.compactMap { label, count -> Character? in
        if case .letter(let letter) = label, count == 1 { return letter }
        return nil
      }
      output = (0..<widest).reversed().map { .ellipsis($0) } + letters.sorted().map { .letter($0) }
    }
  }

  private static func labels(_ text: String, ellipsis: Int) -> [EinsumLabel]? {
    var result: [EinsumLabel] = []
    let parts = text.components(separatedBy: "...")
    guard parts.count <= 2, text.allSatisfy({ $0 == "." || $0.isLetter }) else { return nil }
    for (position, part) in parts.enumerated() {
      if position == 1 { result += (0..<ellipsis).reversed().map { .ellipsis($0) } }
      guard !part.contains(".") else { return nil }
      result += part.map { .letter($0) }
    }
    return result
  }
}

private struct EinsumTerm {
  var labels: [EinsumLabel]
  var tensor: Tensor

  /// Each label once: the diagonal where one stands twice.
  var withoutRepeats: EinsumTerm {
    for (first, label) in labels.enumerated() {
      guard let second = labels[(first + 1)...].firstIndex(of: label) else { continue }
      let rest = labels.indices.filter { $0 != first && $0 != second }
      let diagonal = tensor.permuted(rest + [first, second]).diagonal()
      return EinsumTerm(labels: rest.map { labels[$0] } + [label], tensor: diagonal).withoutRepeats
    }
    return self
  }

  func summed(keeping kept: Set<EinsumLabel>) -> EinsumTerm {
    let axes = labels.indices.filter { !kept.contains(labels[$0]) }
    if axes.isEmpty { return self }
    let sum = Tensor.apply(.reduce(.sum, axes: axes), [tensor], as: "einsum")
    return EinsumTerm(labels: labels.filter(kept.contains), tensor: sum)
  }

  func permuted(to order: [EinsumLabel], _ extents: [EinsumLabel: Int]) -> Tensor {
    let present = order.filter(labels.contains)
    let moved = tensor.permuted(present.map { labels.firstIndex(of: $0)! })
    return moved.reshaped(Shape(order.map { label in
      present.contains(label) ? tensor.shape[labels.firstIndex(of: label)!] : 1
    })).expanded(to: Shape(order.map { extents[$0]! }))
  }

  /// The product of two terms, summed over the shared labels that are not needed any more.
  func contracted(with other: EinsumTerm, keeping needed: Set<EinsumLabel>) -> EinsumTerm {
    let left = summed(keeping: needed.union(other.labels))
    let right = other.summed(keeping: needed.union(left.labels))
    let shared = left.labels.filter(right.labels.contains)
    let batch = shared.filter(needed.contains)
    let inner = shared.filter { !needed.contains($0) }
    let rows = left.labels.filter { !shared.contains($0) }
    let columns = right.labels.filter { !shared.contains($0) }
    var extents: [EinsumLabel: Int] = [:]
    for term in [left, right] {
      for (label, extent) in zip(term.labels, term.tensor.shape) {
        extents[label] = extents[label].map { $0 == 1 ? extent : $0 } ?? extent
      }
    }
    func volume(_ labels: [EinsumLabel]) -> Int { labels.reduce(1) { $0 * extents[$1]! } }
    let a = left.permuted(to: batch + rows + inner, extents)
      .reshaped([volume(batch), volume(rows), volume(inner)])
    let b = right.permuted(to: batch + inner + columns, extents)
      .reshaped([volume(batch), volume(inner), volume(columns)])
    let order = batch + rows + columns
    let product = batch.isEmpty ? matmul(a.squeezed(0), b.squeezed(0)) : matmul(a, b)
    return EinsumTerm(labels: order, tensor: product.reshaped(Shape(order.map { extents[$0]! })))
  }
}

extension String {
  fileprivate func components(separatedBy separator: String) -> [String] {
    split(separator: separator, omittingEmptySubsequences: false).map(String.init)
  }
}
