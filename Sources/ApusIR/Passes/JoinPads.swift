/// Writes tensors side by side in place of adding them padded with zeros: a sum of pads along one
/// axis that neither overlap nor leave gaps is one concatenation. The gradient of a split is such a
/// sum.
///
/// A -0 stays one, where the sum makes it 0.
struct JoinPads: PeepholePass {
  typealias Value = Program.Value

  init() {}

  private struct Part {
    var value: Value
    var range: Range<Int>
  }

  mutating func simplify(
    _ instruction: Program.Instruction, _ operands: [Value], in rewriter: inout ProgramRewriter
  ) -> Value? {
    guard case .binary(.add) = instruction.primitive else { return nil }
    let whole = rewriter.shape(operands[0])
    var axis: Int?
    var parts: [Part] = []
    for addend in addends(operands, rewriter) {
      guard let found = part(addend, rewriter), axis ?? found.axis == found.axis else { return nil }
      axis = found.axis
      parts.append(found.part)
    }
    guard let axis else { return nil }
    parts.sort { $0.range.lowerBound < $1.range.lowerBound }
    var end = 0
    for part in parts {
      guard part.range.lowerBound == end else { return nil }
      end = part.range.upperBound
    }
    guard end == whole[axis] else { return nil }
    return rewriter.emit(
      .concatenate(axis: axis), parts.map(\.value), module: instruction.module)
  }

  /// The terms of a sum of sums that no one else uses.
  private func addends(_ operands: [Value], _ rewriter: ProgramRewriter) -> [Value] {
    operands.flatMap { operand -> [Value] in
      guard let inner = rewriter.producer(operand), case .binary(.add) = inner.primitive,
        rewriter.isUsedOnce(operand)
      else { return [operand] }
      return addends(inner.operands, rewriter)
    }
  }

  /// What lies between the zeros of a tensor padded along one axis.
  private func part(_ value: Value, _ rewriter: ProgramRewriter) -> (axis: Int, part: Part)? {
    guard let pad = rewriter.producer(value), case .pad(let padding) = pad.primitive,
      padding.value.double == 0, padding.interior.allSatisfy({ $0 == 0 })
    else { return nil }
    let shape = rewriter.shape(pad.operands[0])
    let axes = shape.indices.filter { padding.low[$0] != 0 || padding.high[$0] != 0 }
    guard axes.count == 1, padding.low[axes[0]] >= 0, padding.high[axes[0]] >= 0 else { return nil }
    let low = padding.low[axes[0]]
    return (axes[0], Part(value: pad.operands[0], range: low..<(low + shape[axes[0]])))
  }
}
