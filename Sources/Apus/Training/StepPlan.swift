import ApusIR
import ApusRuntime

/// The compiled form of a training step for batches of one shape.
///
/// Inputs: trained parameters, their optimizer state, updated buffers (all donated); parameters that
/// are only read, the optimizer's numbers, the random key, the batch, captured data. Outputs: the new
/// values of the donated ones in the same order; the loss; metrics.
struct StepPlan {
  let executable: Executable
  let metricNames: [String]
  private let optimizer: any Optimizer
  private let trained: [Parameter]
  /// The names of the optimizer's state of each trained parameter.
  private let stateNames: [[String]]
  private let updated: [Parameter]
  private let read: [Parameter]
  private let data: [Buffer]
  private let resultTypes: [TensorType]

  init(
    _ tracer: Tracer, _ input: [Tensor], _ optimizer: any Optimizer,
    _ function: ([Tensor]) throws -> (Tensor, [String: Tensor])
  ) throws {
    let arguments = input.map { Node.placeholder($0.type, device: $0.device) }
    let (loss, metrics) = try tracer.run { try function(arguments.map { Tensor($0) }) }
    let trained = tracer.parameters.filter { $0.isTrainable && $0.dtype.isFloating }
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
    let numberCount = optimizer.numbers(step: 0).count
    let numbers = Node.placeholder(TensorType(.f64, [numberCount]), device: loss.device)
    let update = try tracer.run {
      try StepPlan.update(trained, loss, optimizer, numbers: Tensor(numbers), tracer)
    }

    self.optimizer = optimizer
    self.trained = trained
    stateNames = update.stateNames
    updated = tracer.updated
    read = tracer.parameters.filter { !trained.contains($0) && !tracer.updated.contains($0) }
    metricNames = metrics.keys.sorted()
    let results = [loss] + metrics.keys.sorted().map { metrics[$0]! }
    resultTypes = results.map(\.type)
    func placeholders(_ parameters: [Parameter]) -> [Node] {
      parameters.map { tracer.placeholders[$0]!.node }
    }
    let donated = placeholders(trained) + update.statePlaceholders + placeholders(updated)
    let outputs = update.outputs + updated.map { tracer.last($0).node } + results.map(\.node)
    let inputs = donated + placeholders(read) + [numbers, tracer.key] + arguments
    let (program, data) = try Program.traced(
      inputs: inputs, outputs: outputs, since: tracer.key.id)
    self.data = data
    let options = CompileOptions(donated: program.mayFail ? [] : Set(donated.indices))
    executable = try ExecutableCache.shared.executable(
      for: program, device: loss.device, options: options)
  }

  private struct Update {
    var stateNames: [[String]] = []
    var statePlaceholders: [Node] = []
    var outputs: [Node] = []
  }

  private static func update(
    _ trained: [Parameter], _ loss: Tensor, _ optimizer: any Optimizer, numbers: Tensor,
    _ tracer: Tracer
  ) throws -> Update {
    let values = trained.map { tracer.placeholders[$0]! }
    let found = try gradients(of: loss, for: values)
    let gradients = optimizer.prepared(gradients: found)
    var result = Update()
    var newStates: [Node] = []
    for (value, gradient) in zip(values, gradients) {
      let first = optimizer.initialState(of: value)
      let names = first.keys.sorted()
      var state: [String: Tensor] = [:]
      for name in names {
        let placeholder = Node.placeholder(first[name]!.type, device: value.device)
        result.statePlaceholders.append(placeholder)
        state[name] = Tensor(placeholder)
      }
      let scalars = (0..<numbers.shape[0]).map { numbers[$0].to(value.dtype) }
      let next = optimizer.updated(value, gradient: gradient, state: state, numbers: scalars)
      result.stateNames.append(names)
      result.outputs.append(next.parameter.node)
      newStates += names.map { next.state[$0]!.node }
    }
    result.outputs += newStates
    return result
  }

  /// Whether the same parameters would be trained now.
  var isCurrent: Bool {
    trained.allSatisfy(\.isTrainable) && read.allSatisfy { !$0.isTrainable || !$0.dtype.isFloating }
  }

  /// Runs one step. Returns the loss and the metrics.
  func run(_ input: [Tensor], _ memory: inout OptimizerMemory) throws -> [Tensor] {
    try memory.prepare(trained, optimizer)
    let fixed = read.map(\.stored) + input
    try eval(fixed + (trained + updated).map(\.stored))
    let fixedBuffers = fixed.map { $0.buffer() } + data
    let isInPlace = !executable.options.donated.isEmpty

    var buffers: [Buffer] = []
    for parameter in trained { buffers.append(.donated(parameter.take(), isInPlace)) }
    for (parameter, names) in zip(trained, stateNames) {
      for name in names { buffers.append(.donated(memory.take(parameter, name), isInPlace)) }
    }
    for parameter in updated { buffers.append(.donated(parameter.take(), isInPlace)) }
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
    var rest = zip(executable.program.inputTypes, buffers).map { type, buffer in
      Node(type, buffer: buffer, device: executable.device)
    }[...]
    for parameter in trained { parameter.put(rest.removeFirst()) }
    for (parameter, names) in zip(trained, stateNames) {
      for name in names { memory.put(rest.removeFirst(), parameter, name) }
    }
    for parameter in updated { parameter.put(rest.removeFirst()) }
  }
}
