import ApusIR
import ApusRuntime

/// One step of training as one compiled program: the loss, its gradients, the optimizer's update.
///
/// The graph is built once for each set of shapes of a batch. Parameters, the optimizer's state and
/// buffers such as running means are updated in place where no one else holds them; what changes
/// from step to step (learning rate, random key, batch) is an input. The loss is computed in training
/// mode and may draw random numbers, which depend on the step's seed and number only.
///
/// It belongs to one task.
public final class Step<Model, Input: TensorStructure> {
  public typealias Loss = (Model, Input) throws -> Tensor

  public let model: Model
  public let optimizer: any Optimizer
  public let seed: UInt64
  /// What products and convolutions are computed in; nil where that follows from their operands.
  public let precision: DType?
  /// The number of steps taken.
  public private(set) var count = 0
  /// What the last step computed besides the loss.
  public private(set) var metrics: [String: Tensor] = [:]

  let function: (Model, Input) throws -> (Tensor, [String: Tensor])
  /// The parameters it may train; nil for all.
  let chosen: Set<Parameter>?
  private var plans: [PlanKey: StepPlan] = [:]
  private var memory = OptimizerMemory()
  private var history = TraceHistory("a training step")

  private struct PlanKey: Hashable {
    var signature: TraceSignature
    var phase: [Int]
  }

  /// - Parameters:
  ///   - parameters: what it trains of the trainable parameters that the loss reads; nil for all. The
  ///     players of an adversarial network have a step each, with their own parameters.
  ///   - seed: of the random numbers that the loss draws.
  ///   - precision: `.bf16` for mixed precision, see `withPrecision`. Gradients come out in the
  ///     parameters' dtype.
  ///   - function: the loss, a scalar, and anything else to be computed with it by name.
  public init(
    _ model: Model, _ optimizer: any Optimizer, parameters: [Parameter]? = nil, seed: UInt64 = 0,
    precision: DType? = nil,
    withMetrics function: @escaping (Model, Input) throws -> (loss: Tensor, metrics: [String: Tensor])
  ) {
    self.model = model
    self.optimizer = optimizer
    chosen = parameters.map(Set.init)
    self.seed = seed
    self.precision = precision
    self.function = function
  }

  /// - Parameters:
  ///   - parameters: what it trains; nil for all trainable parameters that the loss reads.
  ///   - seed: of the random numbers that the loss draws.
  ///   - loss: a scalar.
  public convenience init(
    _ model: Model, _ optimizer: any Optimizer, parameters: [Parameter]? = nil, seed: UInt64 = 0,
    precision: DType? = nil, loss: @escaping Loss
  ) {
    self.init(
      model, optimizer, parameters: parameters, seed: seed, precision: precision,
      withMetrics: { (try loss($0, $1), [:]) })
  }

  /// The learning rate of the next step.
  public var learningRate: Double { optimizer.learningRate(count) }

  /// Takes one step and returns the loss before it.
  ///
  /// - Throws: `TensorError` for a mistake in the model's code, or where an operation fails; then
  ///   nothing has changed.
  @discardableResult
  public func callAsFunction(_ input: Input) throws -> Tensor {
    let input = input.replacing(all: input.tensors.map(\.asInput))
    let plan = try plan(for: input, step: count)
    let key = RandomKey(seed: Scope.seed(seed, "Step"), stream: UInt64(count) << 32)
    let numbers = Tensor(optimizer.numbers(step: count), dtype: .f64)
    let results = try plan.run([numbers, key.tensor] + input.tensors, &memory)
    count += 1
    metrics = Dictionary(uniqueKeysWithValues: zip(plan.metricNames, results.dropFirst()))
    return results[0]
  }

  /// Work and memory of one step on a batch like this, known before the first run.
  ///
  /// - Parameter step: which step, counted from 0, where optimizers do not do the same in each; the next
  ///   one if nil.
  public func cost(of input: Input, step: Int? = nil) throws -> Cost {
    let input = input.replacing(all: input.tensors.map(\.asInput))
    return try plan(for: input, step: step ?? count).executable.cost
  }

  /// Whether it trains this parameter where the loss reads it.
  func trains(_ parameter: Parameter) -> Bool {
    parameter.isTrainable && parameter.dtype.isFloating && chosen?.contains(parameter) ?? true
  }

  private func plan(for input: Input, step: Int) throws -> StepPlan {
    let signature = TraceSignature(input, isTraining: true)
    let key = PlanKey(signature: signature, phase: optimizer.phase(step: step))
    if let known = plans[key], known.isCurrent(trains) { return known }
    let device = input.tensors.first?.device ?? .current
    let plan = try withDevice(device) {
      try StepPlan(Tracer(), input.tensors, optimizer, trains, step: step) { arguments in
        try withPrecision(precision) {
          try withTraining { try function(model, input.replacing(all: arguments)) }
        }
      }
    }
    if plans.count >= 64, let any = plans.keys.first { plans[any] = nil }
    plans[key] = plan
    history.record(signature, count: Set(plans.keys.map(\.signature)).count)
    return plan
  }

  // MARK: - State

  /// The averages of an optimizer made by `averaging`, or else of `ASGD`, by the parameters' paths: for
  /// `store.withValues`. Empty before the first step of a training and for other optimizers.
  public var averagedParameters: [String: Tensor] {
    memory.entries(ASGD.average).merging(memory.entries(Averaging.name)) { $1 }
  }

  /// What must be saved beside the parameters to go on later with bit-identical results: the number
  /// of steps, the seed and the optimizer's state, `optimizer.<path>.<name>`.
  public var state: [String: Tensor] {
    var result = memory.state
    result["step"] = Tensor([count], shape: [])
    result["seed"] = Tensor([Int64(bitPattern: seed)], shape: [])
    return result
  }

  /// Goes on from a saved state.
  ///
  /// - Throws: `TensorError` where the number of steps is missing or the seed is another one.
  public func restore(_ state: [String: Tensor]) throws(TensorError) {
    guard let step = state["step"] else {
      throw TensorError(.value, operation: "restore", "the state has no \"step\"")
    }
    if let saved = state["seed"] {
      let value: Int64 = saved.scalar()
      guard value == Int64(bitPattern: seed) else {
        throw TensorError(
          .value, operation: "restore",
          "the state was saved with seed \(UInt64(bitPattern: value)), this step has \(seed)")
      }
    }
    count = step.scalar()
    memory = OptimizerMemory(restoring: state)
  }
}

extension Step where Input == Batch {
  /// A step on batches with inputs `x` and targets `y`.
  public convenience init(
    _ model: Model, _ optimizer: any Optimizer, parameters: [Parameter]? = nil, seed: UInt64 = 0,
    precision: DType? = nil, batchLoss loss: @escaping (Model, Batch) throws -> Tensor
  ) {
    self.init(
      model, optimizer, parameters: parameters, seed: seed, precision: precision,
      withMetrics: { (try loss($0, $1), [:]) })
  }
}
