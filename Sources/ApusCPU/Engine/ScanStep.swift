import ApusIR
import ApusRuntime

/// A loop whose body is a plan: each round reads the carries the round before has written.
struct ScanStep: PreparedStep {
  private let call: Plan.ScanCall
  private let body: CompiledPlan
  private let carryOffsets: [Int]
  private let carryBytes: Int

  var inner: CompiledPlan? { body }
  var scratchpadBytes: Int { body.scratchpadBytes }

  init(_ call: Plan.ScanCall, fallback: any PrimitiveEvaluator) throws {
    self.call = call
    body = try CompiledPlan(call.body, fallback: fallback)
    var offsets: [Int] = []
    var end = 0
    for type in call.body.outputTypes.prefix(call.scan.carries) {
      offsets.append(end)
      end += Plan.aligned(type.byteCount)
    }
    carryOffsets = offsets
    carryBytes = end
  }

  func run(_ workspace: Workspace, index: Int) throws {
    let scan = call.scan
    let inner = workspace.inner(of: index)
    let arena = workspace.blocks[call.scratch]
    let carries = arena + Plan.aligned(call.body.arenaBytes)
    let results = call.results.map { workspace.blocks[$0] }
    var inputs = zip(call.operands, call.body.inputTypes).map { view, type in
      workspace.address(view, type.dtype)
    }
    let carried = scan.constants..<(scan.constants + scan.carries)
    guard scan.length > 0 else {
      for (place, input) in carried.enumerated() {
        results[place].copyMemory(
          from: inputs[input], byteCount: call.body.outputTypes[place].byteCount)
      }
      return
    }
    let sequences = Array(inputs[carried.upperBound...])
    var outputs = results
    for round in 0..<scan.length {
      let position = scan.reverse ? scan.length - 1 - round : round
      for (place, base) in sequences.enumerated() {
        let input = carried.upperBound + place
        inputs[input] = base + position * call.body.inputTypes[input].byteCount
      }
      for place in outputs.indices {
        if place >= scan.carries {
          outputs[place] = results[place] + position * call.body.outputTypes[place].byteCount
        } else if round + 1 < scan.length {
          // Two sets of carries take turns; the last round writes to the results.
          outputs[place] = carries + (round % 2) * carryBytes + carryOffsets[place]
        } else {
          outputs[place] = results[place]
        }
      }
      inner.bind(inputs: inputs, outputs: outputs, arena: arena)
      try body.execute(inner, profiler: nil)
      for place in 0..<scan.carries { inputs[carried.lowerBound + place] = outputs[place] }
    }
  }
}
