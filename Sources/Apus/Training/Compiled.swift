import ApusIR
import ApusRuntime
import Synchronization

/// What a compiled function takes to stay the same from call to call.
public enum Freezing: Sendable {
  case nothing
  /// The parameters that the function reads. What follows from them alone, for instance a
  /// convolution's weights scaled by the batch norm behind it, is computed at the first call and again
  /// after one of them has changed. It is meant for inference: the function keeps memory of its own
  /// for weights that it wants in another layout.
  case parameters
}

/// A function on tensors whose graph is built once for each set of shapes and then only run.
///
/// Parameters it reads are inputs: changing their values does not compile anew. Parameters it sets,
/// such as a cache of keys and values, are updated in place where no one else holds their values.
/// Numbers and tensors it captures are part of it. Results are computed at once and are data:
/// gradients do not flow through a compiled function, they are taken inside it. Inside another
/// function that is being built it is just that function's code. It may be called from several tasks
/// at once; calls that set parameters take turns, and nothing else may read those meanwhile.
public final class Compiled<Input: TensorStructure, Output: TensorStructure>: Sendable {
  private let function: @Sendable (Input) throws -> Output
  private let freezing: Freezing
  private let state = Mutex<State>(State())

  private struct State {
    var plans: [TraceSignature: CompiledPlan<Output>] = [:]
    /// The last one used; to compare is cheaper than to hash.
    var latest: (signature: TraceSignature, plan: CompiledPlan<Output>)?
    var history = TraceHistory("a compiled function")

    mutating func plan(for signature: TraceSignature) -> CompiledPlan<Output>? {
      if let latest, latest.signature == signature { return latest.plan }
      guard let plan = plans[signature] else { return nil }
      latest = (signature, plan)
      return plan
    }
  }

  init(_ freezing: Freezing, _ function: @escaping @Sendable (Input) throws -> Output) {
    self.freezing = freezing
    self.function = function
  }

  public func callAsFunction(_ input: Input) throws -> Output {
    if Tracing.isActive { return try function(input) }
    let arguments = input.tensors.map(\.asInput)
    return try plan(for: input.replacing(all: arguments)).run(arguments)
  }

  /// The compiled form for arguments like these, with its cost.
  public func cost(of input: Input) throws -> Cost {
    try plan(for: input.replacing(all: input.tensors.map(\.asInput))).executable.main.cost
  }

  private func plan(for input: Input) throws -> CompiledPlan<Output> {
    let signature = TraceSignature(input, isTraining: Mode.isTraining)
    if let known = state.withLock({ $0.plan(for: signature) }) { return known }
    let device = input.tensors.first?.device ?? .current
    let plan = try withDevice(device) { try CompiledPlan(function, input, device, freezing) }
    state.withLock { state in
      state.history.record(signature, count: state.plans.count + 1)
      if state.plans.count >= 64, let any = state.plans.keys.first { state.plans[any] = nil }
      state.plans[signature] = plan
    }
    return plan
  }
}

/// The function with its graph built once for each set of shapes; see `Compiled`.
///
/// - Parameter freezing: `.parameters` for inference with weights that do not change any more.
public func compiled<Input: TensorStructure, Output: TensorStructure>(
  freezing: Freezing = .nothing, _ function: @escaping @Sendable (Input) throws -> Output
) -> Compiled<Input, Output> { Compiled(freezing, function) }
