import ApusIR

/// L-BFGS (Liu and Nocedal, 1989): minimises a loss on one batch with the curvature that its last
/// gradients show; the numbers are those of PyTorch's `LBFGS`.
///
/// It evaluates the loss several times a step, so it is no `Optimizer` of a `Step` but stands in its
/// place. Loss and gradients are one compiled function; directions are computed on the host in `f64`
/// and take 16 · `historySize` bytes for each element of the parameters. The loss is computed in
/// training mode; it may not change buffers.
///
/// ```swift
/// let minimizer = LBFGS(store.trainable, lineSearch: .strongWolfe) { (batch: Batch) in
///   meanSquaredError(model(batch.x), batch.y)
/// }
/// for _ in 0..<10 { print(try minimizer.step(batch)) }
/// ```
public final class LBFGS<Input: TensorStructure> {
  public enum LineSearch: Sendable {
    /// Steps as long as the learning rate says.
    case none
    /// Steps that satisfy the strong Wolfe conditions.
    case strongWolfe
  }

  public let parameters: [Parameter]
  public let learningRate: Double
  /// Iterations in one step.
  public let maxIterations: Int
  /// Evaluations in one step.
  public let maxEvaluations: Int
  /// It stops where no gradient is greater.
  public let gradientTolerance: Double
  /// It stops where neither parameters nor loss change more.
  public let changeTolerance: Double
  public let lineSearch: LineSearch
  /// How often the loss was evaluated, in all steps.
  public private(set) var evaluationCount = 0

  private let evaluation: Compiled<Input, [Tensor]>
  private var curvature: Curvature

  /// - Parameters:
  ///   - parameters: what to change.
  ///   - maxEvaluations: nil for 1.25 times as many as iterations.
  ///   - historySize: how many pairs of steps and gradients are kept.
  ///   - loss: a scalar.
  public init(
    _ parameters: [Parameter], learningRate: Double = 1, maxIterations: Int = 20,
    maxEvaluations: Int? = nil, gradientTolerance: Double = 1e-7, changeTolerance: Double = 1e-9,
    historySize: Int = 100, lineSearch: LineSearch = .none,
    loss: @escaping @Sendable (Input) throws -> Tensor
  ) {
    check(
      maxIterations > 0 && historySize > 0, .argument, "LBFGS",
      "\(maxIterations) iterations and a history of \(historySize) must be positive")
    self.parameters = parameters
    self.learningRate = learningRate
    self.maxIterations = maxIterations
    self.maxEvaluations = maxEvaluations ?? maxIterations * 5 / 4
    self.gradientTolerance = gradientTolerance
    self.changeTolerance = changeTolerance
    self.lineSearch = lineSearch
    curvature = Curvature(limit: historySize)
    evaluation = compiled { input in
      let value = try withTraining { try loss(input) }
      return [value] + (try gradients(of: value, for: parameters))
    }
  }

  /// Takes one step of several iterations and returns the loss before it.
  ///
  /// - Throws: `TensorError` for a mistake in the loss, or where an operation fails.
  @discardableResult
  public func step(_ input: Input) throws -> Double {
    let first = try evaluate(input)
    var point = first
    var evaluations = 1
    var iterations = 0
    while iterations < maxIterations && point.gradient.greatest > gradientTolerance {
      iterations += 1
      let isFirst = curvature.previous == nil
      let direction = curvature.direction(at: point)
      let slope = point.gradient.dot(direction)
      var length = learningRate
      if isFirst { length *= Swift.min(1, 1 / point.gradient.sumOfMagnitudes) }
      // Not downhill any more.
      if slope > -changeTolerance {
        curvature.length = length
        break
      }
      let previous = point.loss
      let start = values
      var own = 0
      switch lineSearch {
      case .strongWolfe:
        let search = StrongWolfe(
          changeTolerance: changeTolerance, maxEvaluations: maxEvaluations - evaluations)
        (point, length, own) = try search.run(from: point, along: direction, slope, length) { length in
          values = start.moved(by: length, along: direction)
          return try evaluate(input)
        }
        values = start.moved(by: length, along: direction)
      case .none:
        values = start.moved(by: length, along: direction)
        if iterations < maxIterations {
          point = try evaluate(input)
          own = 1
        }
      }
      evaluations += own
      curvature.length = length
      if evaluations >= maxEvaluations { break }
      if direction.greatest * length <= changeTolerance { break }
      if Swift.abs(point.loss - previous) < changeTolerance { break }
    }
    return first.loss
  }

  private func evaluate(_ input: Input) throws -> Evaluated {
    evaluationCount += 1
    let results = try evaluation(input)
    let gradient = results.dropFirst().flatMap { $0.array(of: Double.self) }
    return Evaluated(loss: results[0].item, gradient: gradient)
  }

  /// All elements of all parameters.
  private var values: [Double] {
    get { parameters.flatMap { $0.value.array(of: Double.self) } }
    set {
      var rest = newValue[...]
      for parameter in parameters {
        let own = Array(rest.prefix(parameter.shape.elementCount))
        rest = rest.dropFirst(own.count)
        parameter.value = Tensor(own, shape: parameter.shape, dtype: parameter.dtype)
      }
    }
  }

  // MARK: - State

  /// What must be saved beside the parameters to go on later; the names are PyTorch's.
  public var state: [String: Tensor] {
    var result = curvature.state
    result["func_evals"] = Tensor([evaluationCount], shape: [])
    return result
  }

  /// Goes on from a saved state.
  ///
  /// - Throws: `TensorError` where entries are missing or do not fit the parameters.
  public func restore(_ state: [String: Tensor]) throws(TensorError) {
    guard let count = state["func_evals"], count.elementCount == 1 else {
      throw TensorError(.value, operation: "restore", "the state has no \"func_evals\"")
    }
    let elements = parameters.reduce(0) { $0 + $1.shape.elementCount }
    curvature = try Curvature(restoring: state, elements: elements, limit: curvature.limit)
    evaluationCount = count.scalar()
  }
}

/// A loss and its gradient.
struct Evaluated {
  var loss: Double
  var gradient: [Double]
}

extension [Double] {
  func dot(_ other: [Double]) -> Double {
    var sum = 0.0
    for index in indices { sum += self[index] * other[index] }
    return sum
  }

  func moved(by length: Double, along direction: [Double]) -> [Double] {
    var result = self
    for index in indices { result[index] += length * direction[index] }
    return result
  }

  var negated: [Double] { map { -$0 } }
  var greatest: Double { reduce(0) { Swift.max($0, Swift.abs($1)) } }
  var sumOfMagnitudes: Double { reduce(0) { $0 + Swift.abs($1) } }
}
