import ApusIR
import ApusRuntime

/// The compiled form of a training step for batches of one shape, in one phase of the optimizer.
///
/// Inputs: what the step changes of parameters, their optimizer state and buffers (donated); what it
/// only reads of them; the optimizer's numbers, the random key, the batch, captured data. Outputs: the
/// new values of the donated ones in the same order; the loss; metrics.
struct StepPlan {
  let executable: Executable
  let metricNames: [String]
  private let optimizer: any Optimizer
  private let trained: [Parameter]
  private let changed: [Slot]
  private let read: [Slot]
  private let data: [Buffer]
  private let resultTypes: [TensorType]

  /// A value that outlives the steps: a parameter's, or the entry of a name of its optimizer state.
  private struct Slot {
    var parameter: Parameter
    var name: String?
  }

  /// A slot with its value before and after the step.
  private struct Change {
    var slot: Slot
    var before: Node
    var after: Node
  }

  init(
    _ tracer: Tracer, _ input: [Tensor], _ optimizer: any Optimizer,
    _ trains: (Parameter) -> Bool, step: Int, _ function: ([Tensor]) throws -> (Tensor, [String: Tensor])
  ) throws {
    let arguments = input.map { Node.placeholder($0.type, device: $0.device) }
    let (loss, metrics) = try tracer.run { try function(arguments.map { Tensor($0) }) }
    let trained = tracer.parameters.filter(trains)
    if let twice = trained.first(where: tracer.updated.contains) {
      throw TensorError(
        .argument, operation: "Step",
        "\(twice.path) is set inside the loss, but it is for the optimizer to change",
        hint: "make it a buffer, or set isTrainable to false.")
    }
    guard !trained.isEmpty else {
      throw TensorError(
        .argument, operation: "Step", "the loss uses no trainable parameter",
        hint: "read parameters with .value inside the loss.")
    }
    let numberCount = optimizer.numbers(step: step).count
    let numbers = Node.placeholder(TensorType(.f64, [numberCount]), device: loss.device)
    var changes = try tracer.run {
      let scalars = (0..<numberCount).map { Tensor(numbers)[$0] }
      return try StepPlan.update(trained, loss, optimizer, scalars, step, tracer)
    }
    for parameter in tracer.parameters where !trained.contains(parameter) {
      let before = tracer.placeholders[parameter]!.node
      let after = tracer.updated.contains(parameter) ? tracer.last(parameter).node : before
      changes.append(Change(slot: Slot(parameter: parameter), before: before, after: after))
    }

    self.optimizer = optimizer
    self.trained = trained
    // What stays as it is, such as slow weights in most steps, is no output.
    let moving = changes.filter { $0.before !== $0.after }
    let still = changes.filter { $0.before === $0.after }
    changed = moving.map(\.slot)
    read = still.map(\.slot)
    metricNames = metrics.keys.sorted()
    let results = [loss] + metrics.keys.sorted().map { metrics[$0]! }
    resultTypes = results.map(\.type)
    let outputs = moving.map(\.after) + results.map(\.node)
    let inputs = moving.map(\.before) + still.map(\.before) + [numbers, tracer.key] + arguments
    let (program, data) = try Program.traced(
      inputs: inputs, outputs: outputs, since: tracer.key.id)
    self.data = data
    let options = CompileOptions(donated: program.mayFail ? [] : Set(moving.indices))
    executable = try ExecutableCache.shared.executable(
      for: program, device: loss.device, options: options)
  }

  /// The new values of trained parameters and of their state.
  private static func update(
    _ trained: [Parameter], _ loss: Tensor, _ optimizer: any Optimizer, _ numbers: [Tensor],
    _ step: Int, _ tracer: Tracer
  ) throws -> [Change] {
    let sources = GradientSource.all(for: trained, of: loss, tracer)
    let found = try gradients(of: loss, for: sources.flatMap(\.targets))[...]
    var rest = found
    var parameters: [TrainedParameter] = []
    var states: [[String: Tensor]] = []
    for (parameter, source) in zip(trained, sources) {
      if source.isSparse && !optimizer.updatesRows(of: parameter.path) {
        throw TensorError(
          .argument, operation: "Step",
          "\(parameter.path) is sparse, but its optimizer does not update single rows",
          hint: "give it SparseAdam, Adagrad or SGD without momentum, for instance through "
            + "ParameterGroups, or make the embedding without sparse: true.")
      }
      let table = tracer.placeholders[parameter]!
      let first = optimizer.initialState(of: table, path: parameter.path)
      let state = first.mapValues { Tensor(Node.placeholder($0.type, device: table.device)) }
      states.append(state)
      let own = Array(rest.prefix(source.targets.count))
      rest = rest.dropFirst(own.count)
      parameters.append(source.trained(parameter.path, table, state, own))
    }
    let updated = optimizer.updated(parameters, numbers: numbers, step: step)
    var values: [Change] = []
    var entries: [Change] = []
    for index in trained.indices {
      let (slot, source) = (Slot(parameter: trained[index]), sources[index])
      let (old, new) = (parameters[index], updated[index])
      let table = tracer.placeholders[trained[index]]!
      let value = source.merged(table, old.value, new.value)
      values.append(Change(slot: slot, before: table.node, after: value.node))
      for (name, before) in states[index].sorted(by: { $0.key < $1.key }) {
        let after = source.merged(before, old.state[name]!, new.state[name]!)
        entries.append(
          Change(
            slot: Slot(parameter: trained[index], name: name), before: before.node, after: after.node))
      }
    }
    return values + entries
  }

  /// Whether the same parameters would be trained now.
  func isCurrent(_ trains: (Parameter) -> Bool) -> Bool {
    trained.allSatisfy(trains)
      && read.allSatisfy { slot in
        slot.name != nil || !trains(slot.parameter) || trained.contains(slot.parameter)
      }
  }

  /// Runs one step. Returns the loss and the metrics.
  func run(_ input: [Tensor], _ memory: inout OptimizerMemory) throws -> [Tensor] {
    try memory.prepare(trained, optimizer)
    let fixed =
      read.map { slot in
        slot.name.map { Tensor(memory.value(slot.parameter, $0)) } ?? slot.parameter.stored
      } + input
    try eval(fixed + changed.filter { $0.name == nil }.map(\.parameter.stored))
    let fixedBuffers = fixed.map { $0.buffer() } + data
    let isInPlace = !executable.options.donated.isEmpty

    var buffers: [Buffer] = []
    for slot in changed {
      if let name = slot.name {
        buffers.append(.donated(memory.take(slot.parameter, name), isInPlace))
      } else {
        buffers.append(.donated(slot.parameter.take(), isInPlace))
      }
    }
    do {
      let results = try executable.run(buffers + fixedBuffers)
      put(Array(results[..<buffers.count]), &memory)
      return zip(resultTypes, results[buffers.count...]).map { type, buffer in
        Tensor(Node(type, buffer: buffer, device: executable.device))
      }
    } catch {
      put(buffers, &memory)
      throw error
    }
  }

  private func put(_ buffers: [Buffer], _ memory: inout OptimizerMemory) {
    for (slot, (type, buffer)) in zip(changed, zip(executable.program.inputTypes, buffers)) {
      let node = Node(type, buffer: buffer, device: executable.device)
      if let name = slot.name {
        memory.put(node, slot.parameter, name)
      } else {
        slot.parameter.put(node)
      }
    }
  }
}
