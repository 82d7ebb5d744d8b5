/// Runs loops that do the same once: scans on the same operands with the same body, but for the
/// results they record, become one scan with all of the results.
///
/// The gradient of a scan needs the carries that enter each round, and asks for them by a second
/// scan that records them too; this pass makes the two one again.
public enum MergeScans: Pass {
  /// All but the results that are recorded.
  private struct Key: Hashable {
    let operands: [Program.Value]
    let length: Int
    let constants: Int
    let reverse: Bool
    let inputs: [TensorType]
    let instructions: [Program.Instruction]
    let carried: [Program.Value]

    init(_ scan: Scan, _ operands: [Program.Value]) {
      self.operands = operands
      length = scan.length
      constants = scan.constants
      reverse = scan.reverse
      inputs = Array(scan.body.inputTypes)
      instructions = scan.body.instructions
      carried = Array(scan.body.outputs.prefix(scan.carries))
    }
  }

  private struct Group {
    /// The first of the scans, with the results of all.
    var scan: Scan
    var count = 0
    /// The results of the merged scan, once it has been written.
    var results: Range<Program.Value>?
  }

  public static func rewrite(_ program: Program) -> Program? {
    var groups: [Key: Group] = [:]
    for instruction in program.instructions {
      guard case .scan(let scan) = instruction.primitive else { continue }
      var group = groups.removeValue(forKey: Key(scan, instruction.operands)) ?? Group(scan: scan)
      group.count += 1
      for value in scan.body.outputs.dropFirst(scan.carries)
      where !group.scan.body.outputs.dropFirst(scan.carries).contains(value) {
        group.scan.body.outputs.append(value)
      }
      groups[Key(scan, instruction.operands)] = group
    }
    var rewriter = ProgramRewriter(program, rewriteBody: rewrite)
    for instruction in program.instructions {
      guard case .scan(let scan) = instruction.primitive,
        var group = groups[Key(scan, instruction.operands)], group.count > 1
      else {
        rewriter.keep(instruction)
        continue
      }
      let merged = group.scan
      if group.results == nil {
        let operands = rewriter.operands(of: instruction)
        group.results = rewriter.append(
          .scan(merged), operands, types: merged.resultTypes, module: instruction.module)
        groups[Key(scan, instruction.operands)] = group
      }
      let results = group.results!
      for (index, old) in instruction.results.enumerated() {
        let outputs = merged.body.outputs
        let place =
          index < scan.carries
          ? index : outputs[scan.carries...].firstIndex(of: scan.body.outputs[index])!
        rewriter.replace(old, with: results.lowerBound + place)
      }
    }
    return rewriter.finish()
  }
}

extension Scan {
  /// The last carries, then the stacked results.
  var resultTypes: [TensorType] {
    body.outputs.enumerated().map { index, output in
      var type = body.types[output]
      if index >= carries { type.shape.extents.insert(length, at: 0) }
      return type
    }
  }
}
