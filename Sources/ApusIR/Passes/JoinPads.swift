/// Puts parts side by side instead of adding them up: a sum of tensors that are padded with zeros
/// along one axis, each to a place of its own, is a concatenation.
///
/// The gradient of `x.chunked(4)` is such a sum. A −0 that met the zeros around another part stays
/// −0; every other bit is the same.
public enum JoinPads: Pass {
  public static func rewrite(_ program: Program) -> Program? {
    let sums = PadSums(program)
    guard !sums.isEmpty || program.instructions.contains(where: { $0.primitive.body != nil }) else {
      return nil
    }
    var rewriter = ProgramRewriter(program, rewriteBody: rewrite)
    for instruction in program.instructions {
      guard let parts = sums[instruction.result] else {
        rewriter.keep(instruction)
        continue
      }
      rewriter.replace(
        instruction.result, with: join(parts, instruction, in: &rewriter))
    }
    return rewriter.finish()
  }

  private static func join(
    _ parts: PadSums.Parts, _ instruction: Program.Instruction, in rewriter: inout ProgramRewriter
  ) -> Program.Value {
    let type = rewriter.source.types[instruction.result]
    var operands: [Program.Value] = []
    var end = 0
    func zeros(until start: Int) {
      guard start > end else { return }
      var gap = type
      gap.shape.extents[parts.axis] = start - end
      operands.append(rewriter.emitConstant(.zero(type.dtype), gap, module: instruction.module))
    }
    for part in parts.places {
      zeros(until: part.start)
      operands.append(rewriter[part.value])
      end = part.end
    }
    zeros(until: type.shape[parts.axis])
    return rewriter.emit(
      .concatenate(axis: parts.axis), operands, module: instruction.module)
  }
}

/// The sums of a program all of whose terms are padded with zeros along one axis, apart from each
/// other.
private struct PadSums {
  typealias Value = Program.Value

  struct Parts {
    var axis: Int
    /// What is padded, and where it lies along the axis; in order.
    var places: [(value: Value, start: Int, end: Int)]
  }

  private var byResult: [Value: Parts] = [:]

  var isEmpty: Bool { byResult.isEmpty }

  subscript(value: Value) -> Parts? { byResult[value] }

  init(_ program: Program) {
    let uses = program.useCounts
    for instruction in program.instructions {
      if case .pad(let padding) = instruction.primitive {
        if let parts = Self.part(instruction, padding, program) { byResult[instruction.result] = parts }
      } else if case .binary(.add) = instruction.primitive {
        let (a, b) = (instruction.operands[0], instruction.operands[1])
        guard uses[a] == 1, uses[b] == 1, let first = byResult[a], let second = byResult[b],
          let both = first.joined(with: second)
        else { continue }
        byResult[a] = nil
        byResult[b] = nil
        byResult[instruction.result] = both
      }
    }
    byResult = byResult.filter { $0.value.places.count > 1 }
  }

  private static func part(
    _ instruction: Program.Instruction, _ padding: Padding, _ program: Program
  ) -> Parts? {
    let shape = program.types[instruction.operands[0]].shape
    let axes = shape.indices.filter { padding.low[$0] != 0 || padding.high[$0] != 0 }
    guard axes.count == 1, padding.low[axes[0]] >= 0, padding.high[axes[0]] >= 0,
      padding.interior.allSatisfy({ $0 == 0 }), padding.value.double == 0
    else { return nil }
    let start = padding.low[axes[0]]
    let place = (instruction.operands[0], start, start + shape[axes[0]])
    return Parts(axis: axes[0], places: [place])
  }
}

extension PadSums.Parts {
  fileprivate func joined(with other: Self) -> Self? {
    guard axis == other.axis else { return nil }
    let all = (places + other.places).sorted { $0.start < $1.start }
    for (place, next) in zip(all, all.dropFirst()) where place.end > next.start { return nil }
    return Self(axis: axis, places: all)
  }
}
