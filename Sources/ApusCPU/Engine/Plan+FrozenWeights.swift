import ApusIR
import ApusRuntime

extension Plan {
  /// For the steps whose weights may come in a layout of the library's choice the input that holds
  /// them: a frozen one, read whole by this step and by nothing else.
  func frozenWeights(_ frozen: Set<Int>) -> [Int: Int] {
    guard !frozen.isEmpty else { return [:] }
    var readers: [Int: [Int]] = [:]
    for (index, step) in steps.enumerated() {
      for block in step.reads { readers[block, default: []].append(index) }
    }
    var result: [Int: Int] = [:]
    for (block, content) in blocks.enumerated() {
      guard case .input(let input) = content.place, frozen.contains(input),
        let steps = readers[block], steps.count == 1,
        let weights = self.steps[steps[0]].operation.weights, weights.block == block,
        weights.offset == 0, weights.shape.elementCount == content.type.shape.elementCount
      else { continue }
      result[steps[0]] = input
    }
    return result
  }
}

extension Plan.Operation {
  /// The operand that is usually a weight, where the step reads that block for nothing else.
  fileprivate var weights: Plan.View? {
    switch self {
    case .matmul(let matmul): matmul.a.block == matmul.b.block ? nil : matmul.b
    case .convolution(let call):
      call.attributes.kind == .weightGradient || call.first.block == call.second.block
        ? nil : call.second
    default: nil
    }
  }
}
