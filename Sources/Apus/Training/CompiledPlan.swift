import ApusIR
import ApusRuntime
import Synchronization

/// The compiled form of a function for inputs of one shape.
///
/// Inputs of the program: parameters, the random key, arguments, captured data. Outputs: the new
/// values of the parameters that are updated, then the results.
final class CompiledPlan<Output: TensorStructure>: Sendable {
  let executable: FrozenExecutable
  private let parameters: [Parameter]
  /// Places in `parameters`.
  private let updated: [Int]
  private let usesKey: Bool
  private let data: [Buffer]
  private let output: Output
  private let outputTypes: [TensorType]
  private let device: Device
  private let isInPlace: Bool
  private let isFreezing: Bool
  private let frozen = Mutex<Freeze?>(nil)
  /// Runs that update parameters take turns.
  private let turn = Mutex<Void>(())

  /// What was computed of the parameters' values, and which values those were.
  private struct Freeze {
    var changeCount: UInt64
    var values: [UInt64]
    var frozen: FrozenExecutable.Frozen
  }

  init<Input: TensorStructure>(
    _ function: (Input) throws -> Output, _ input: Input, _ device: Device, _ freezing: Freezing
  ) throws {
    let tracer = Tracer()
    let mark = tracer.key.id
    let arguments = input.tensors.map { Node.placeholder($0.type, device: $0.device) }
    let output = try tracer.run { try function(input.replacing(all: arguments.map { Tensor($0) })) }
    let placeholders = tracer.parameters.map { tracer.placeholders[$0]!.node }
    let results = tracer.updated.map { tracer.last($0).node } + output.tensors.map(\.node)
    let (program, data) = try Program.traced(
      inputs: placeholders + [tracer.key] + arguments, outputs: results, since: mark)
    let updated = tracer.updated.map { tracer.parameters.firstIndex(of: $0)! }
    var frozen: Set<Int> = []
    if freezing == .parameters {
      frozen = Set(placeholders.indices).subtracting(updated)
      frozen.formUnion((program.inputCount - data.count)..<program.inputCount)
    }
    isInPlace = !program.mayFail
    isFreezing = !frozen.isEmpty
    executable = try FrozenExecutable(
      program, device: device, frozen: frozen, donated: isInPlace ? Set(updated) : [])
    parameters = tracer.parameters
    self.updated = updated
    usesKey = tracer.usesKey
    self.data = data
    self.output = output
    outputTypes = output.tensors.map(\.type)
    self.device = device
  }

  func run(_ arguments: [Tensor]) throws -> Output {
    updated.isEmpty ? try runOnce(arguments) : try turn.withLock { _ in try runOnce(arguments) }
  }

  private func runOnce(_ arguments: [Tensor]) throws -> Output {
    let key = usesKey ? Tensor.nextKey() : nil
    if let key { try eval(key.tensor) }
    if arguments.contains(where: { $0.node.buffer == nil }) { try eval(arguments) }
    let frozen = isFreezing ? try currentFreeze() : .none
    if !isFreezing || !updated.isEmpty { try evaluateParameters() }

    var donated: [Int: Buffer] = [:]
    for place in updated {
      donated[place] = .donated(parameters[place].take(), isInPlace)
    }
    let firstArgument = parameters.count + 1
    do {
      let results = try executable.run(frozen) { index in
        if let buffer = donated[index] { return buffer }
        if index < parameters.count { return parameters[index].stored.buffer() }
        if index < firstArgument { return key?.tensor.buffer() ?? noKey }
        if index < firstArgument + arguments.count {
          return arguments[index - firstArgument].buffer()
        }
        return data[index - firstArgument - arguments.count]
      }
      return finish(results)
    } catch {
      for (place, buffer) in donated { put(buffer, place) }
      throw error
    }
  }

  private func finish(_ results: [Buffer]) -> Output {
    for (place, buffer) in zip(updated, results) { put(buffer, place) }
    let tensors = zip(outputTypes, results[updated.count...]).map { type, buffer in
      Tensor(Node(type, buffer: buffer, device: device))
    }
    return output.replacing(all: tensors)
  }

  private func put(_ buffer: Buffer, _ place: Int) {
    let type = TensorType(parameters[place].dtype, parameters[place].shape)
    parameters[place].put(Node(type, buffer: buffer, device: device))
  }

  /// Computes the values of parameters that are no data yet.
  private func evaluateParameters() throws {
    let places = isFreezing ? updated : Array(parameters.indices)
    let pending = places.map { parameters[$0].stored }.filter { $0.node.buffer == nil }
    if !pending.isEmpty { try eval(pending) }
  }

  /// What follows from the parameters as they are now.
  private func currentFreeze() throws -> FrozenExecutable.Frozen {
    try frozen.withLock { known in
      let changeCount = Parameter.changeCount.load(ordering: .acquiring)
      if let known, known.changeCount == changeCount { return known.frozen }
      let nodes = parameters.map(\.stored.node)
      var values = nodes.map(\.id)
      for place in updated { values[place] = 0 }
      if let frozen = known?.frozen, known?.values == values {
        known?.changeCount = changeCount
        return frozen
      }
      known = nil
      let firstData = executable.inputCount - data.count
      let frozen = try executable.freeze { index in
        index < nodes.count
          ? try Evaluation.transientValue(of: nodes[index]) : data[index - firstData]
      }
      known = Freeze(changeCount: changeCount, values: values, frozen: frozen)
      return frozen
    }
  }

}

/// In place of a random key where none is used.
private let noKey = RandomKey(seed: 0).tensor.buffer()
