import ApusIR
import ApusRuntime
import Synchronization

/// A function on tensors whose graph is built once for each set of shapes and then only run.
///
/// Parameters it reads are inputs: changing their values does not compile anew. Numbers and tensors
/// it captures are part of it. Results are computed at once and are data: gradients do not flow
/// through a compiled function, they are taken inside it. Inside another function that is being
/// built it is just that function's code. It may be called from several tasks at once.
public final class Compiled<Input: TensorStructure, Output: TensorStructure>: Sendable {
  private let function: @Sendable (Input) throws -> Output
  private let state = Mutex<State>(State())

  private struct State {
    var plans: [TraceSignature: Plan] = [:]
    var history = TraceHistory("a compiled function")
  }

  private struct Plan: Sendable {
    var executable: Executable
    var parameters: [Parameter]
    var updated: [Parameter]
    var usesKey: Bool
    var data: [Buffer]
    var output: Output
  }

  init(_ function: @escaping @Sendable (Input) throws -> Output) { self.function = function }

  public func callAsFunction(_ input: Input) throws -> Output {
    if Tracing.isActive { return try function(input) }
    let arguments = input.tensors.map(\.asInput)
    let plan = try plan(for: input.replacing(all: arguments))
    let key = plan.usesKey ? Tensor.nextKey() : RandomKey(seed: 0)
    let operands = plan.parameters.map(\.stored) + [key.tensor] + arguments
    try eval(operands)
    var results = try plan.executable.run(operands.map { $0.buffer() } + plan.data)[...]
    for parameter in plan.updated {
      let type = TensorType(parameter.dtype, parameter.shape)
      parameter.put(Node(type, buffer: results.removeFirst(), device: plan.executable.device))
    }
    let tensors = zip(plan.output.tensors, results).map { template, buffer in
      Tensor(Node(template.type, buffer: buffer, device: plan.executable.device))
    }
    return plan.output.replacing(all: tensors)
  }

  /// The compiled form for arguments like these, with its cost.
  public func cost(of input: Input) throws -> Cost {
    try plan(for: input.replacing(all: input.tensors.map(\.asInput))).executable.cost
  }

  private func plan(for input: Input) throws -> Plan {
    let signature = TraceSignature(input, isTraining: Mode.isTraining)
    if let known = state.withLock({ $0.plans[signature] }) { return known }
    let device = input.tensors.first?.device ?? .current
    let plan = try withDevice(device) { try build(input, device) }
    state.withLock { state in
      state.history.record(signature, count: state.plans.count + 1)
      if state.plans.count >= 64, let any = state.plans.keys.first { state.plans[any] = nil }
      state.plans[signature] = plan
    }
    return plan
  }

  private func build(_ input: Input, _ device: Device) throws -> Plan {
    let tracer = Tracer()
    let mark = tracer.key.id
    let arguments = input.tensors.map { Node.placeholder($0.type, device: $0.device) }
    let output = try tracer.run { try function(input.replacing(all: arguments.map { Tensor($0) })) }
    let placeholders = tracer.parameters.map { tracer.placeholders[$0]!.node }
    let results = tracer.updated.map { tracer.last($0).node } + output.tensors.map(\.node)
    let (program, data) = try Program.traced(
      inputs: placeholders + [tracer.key] + arguments, outputs: results, since: mark)
    let executable = try ExecutableCache.shared.executable(for: program, device: device)
    return Plan(
      executable: executable, parameters: tracer.parameters, updated: tracer.updated,
      usesKey: tracer.usesKey, data: data, output: output)
  }
}

/// The function with its graph built once for each set of shapes; see `Compiled`.
public func compiled<Input: TensorStructure, Output: TensorStructure>(
  _ function: @escaping @Sendable (Input) throws -> Output
) -> Compiled<Input, Output> { Compiled(function) }
