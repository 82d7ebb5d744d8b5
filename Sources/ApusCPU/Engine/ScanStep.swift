import ApusIR
import ApusRuntime

/// A loop whose body is a plan: each round reads the carries the round before has written.
///
/// A round writes what is recorded straight to its place in the stacked result, and a carry that is
/// recorded stays there for the next round to read. Only what has to lie in two places is copied.
struct ScanStep: PreparedStep {
  /// Where an output of the body's plan is written.
  private enum Destination {
    /// The round's slice of a stacked result.
    case slice(result: Int)
    /// The slice for the next round, of a result that records what enters the rounds.
    case nextSlice(result: Int, carry: Int)
    /// Among the carries.
    case carry(Int)
  }

  private let call: Plan.ScanCall
  private let body: CompiledPlan
  private let destinations: [Destination]
  /// The size of each result of a round.
  private let bytes: [Int]
  /// Where each carry lies in a set of carries.
  private let carryOffsets: [Int]
  private let carryBytes: Int

  /// Rounds that make up for preparing what they have in common.
  private static let worthPreparing = 8

  var inner: CompiledPlan? { body }
  var scratchpadBytes: Int { body.scratchpadBytes }

  init(
    _ call: Plan.ScanCall, inSmall isSmall: Bool, fallback: any PrimitiveEvaluator
  ) throws {
    self.call = call
    let isLong = call.scan.length >= Self.worthPreparing
    body = try CompiledPlan(
      call.body, constants: 0..<(isLong ? call.scan.constants : 0), inSmall: isSmall,
      fallback: fallback)
    bytes = call.scan.body.outputTypes.map(\.byteCount)
    destinations = call.body.outputTypes.indices.map { Self.destination(of: $0, call) }
    var offsets: [Int] = []
    var end = 0
    for carry in bytes.prefix(call.scan.carries) {
      offsets.append(end)
      end += Plan.aligned(carry)
    }
    carryOffsets = offsets
    carryBytes = end
  }

  private static func destination(of output: Int, _ call: Plan.ScanCall) -> Destination {
    let scan = call.scan
    let uses = call.sources.indices.filter { call.sources[$0] == .output(output) }
    if let recorded = uses.first(where: { $0 >= scan.carries }) { return .slice(result: recorded) }
    for carry in uses {
      let entering = Plan.ScanCall.Source.input(scan.constants + carry)
      if let result = call.sources.indices.first(where: {
        $0 >= scan.carries && call.sources[$0] == entering
      }) {
        return .nextSlice(result: result, carry: carry)
      }
    }
    return .carry(uses[0])
  }

  func run(_ workspace: Workspace, index: Int) throws {
    let scan = call.scan
    let inner = workspace.inner(of: index)
    let arena = workspace.blocks[call.scratch]
    let sets = arena + Plan.aligned(call.body.arenaBytes)
    let results = call.results.map { workspace.blocks[$0] }
    var inputs = zip(call.operands, call.body.inputTypes).map { view, type in
      workspace.address(view, type.dtype)
    }
    var outputs = [UnsafeMutableRawPointer](repeating: arena, count: destinations.count)
    let carried = scan.constants..<(scan.constants + scan.carries)
    let sequences = Array(inputs[carried.upperBound...])
    var entered = Array(inputs[carried])

    for round in 0..<scan.length {
      let position = scan.reverse ? scan.length - 1 - round : round
      let isLast = round + 1 == scan.length
      for (place, base) in sequences.enumerated() {
        let input = carried.upperBound + place
        inputs[input] = base + position * call.body.inputTypes[input].byteCount
      }
      /// Two sets of carries take turns; the last round writes to the results.
      func home(_ carry: Int) -> UnsafeMutableRawPointer {
        isLast ? results[carry] : sets + (round % 2) * carryBytes + carryOffsets[carry]
      }
      for (output, destination) in destinations.enumerated() {
        outputs[output] =
          switch destination {
          case .slice(let result): results[result] + position * bytes[result]
          case .nextSlice(_, let carry) where isLast: results[carry]
          case .nextSlice(let result, _):
            results[result] + (position + (scan.reverse ? -1 : 1)) * bytes[result]
          case .carry(let carry): home(carry)
          }
      }
      inner.bind(inputs: inputs, outputs: outputs, arena: arena)
      if round == 0 {
        for (index, step) in body.steps.enumerated() { try step.prepare(inner, index: index) }
      }
      try body.execute(inner, profiler: workspace.profiler)
      for result in scan.carries..<results.count {
        let source = address(of: call.sources[result], inputs, outputs)
        move(source, to: results[result] + position * bytes[result], bytes[result])
      }
      for carry in 0..<scan.carries {
        entered[carry] = address(of: call.sources[carry], inputs, outputs)
        // Another carry's memory may be written again before this one is read.
        if case .input = call.sources[carry] {
          move(entered[carry], to: home(carry), bytes[carry])
          entered[carry] = home(carry)
        }
      }
      for carry in 0..<scan.carries { inputs[carried.lowerBound + carry] = entered[carry] }
    }
    for carry in 0..<scan.carries { move(entered[carry], to: results[carry], bytes[carry]) }
  }

  private func address(
    of source: Plan.ScanCall.Source, _ inputs: [UnsafeMutableRawPointer],
    _ outputs: [UnsafeMutableRawPointer]
  ) -> UnsafeMutableRawPointer {
    switch source {
    case .input(let input): inputs[input]
    case .output(let output): outputs[output]
    }
  }

  /// Copies unless the bytes are there already.
  private func move(
    _ source: UnsafeMutableRawPointer, to destination: UnsafeMutableRawPointer, _ bytes: Int
  ) {
    if source != destination { destination.copyMemory(from: source, byteCount: bytes) }
  }
}
