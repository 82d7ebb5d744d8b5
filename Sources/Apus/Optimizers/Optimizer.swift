import ApusIR

/// A rule that makes new parameters from old ones and their gradients: a pure function on graphs.
///
/// What changes from step to step (learning rate, bias corrections) is computed on the host by
/// `numbers` and is an input of the compiled step; everything else is part of its structure. Rules
/// that treat each parameter by itself conform to `ParameterOptimizer`; this protocol is for what
/// goes around them: groups, transforms of gradients, averages. See `Docs/Optimizers.md`.
public protocol Optimizer: Sendable {
  var learningRate: Schedule { get }

  /// The numbers that change with the step, in an order of the optimizer's own.
  /// - Parameter step: the number of steps taken before, from 0.
  func numbers(step: Int) -> [Double]

  /// Which of several programs the step runs: a step that only accumulates gradients, for instance,
  /// does less than one that updates. Steps of equal phases share a program.
  func phase(step: Int) -> [Int]

  /// The first state of one parameter, by name, of any shapes. The names are PyTorch's.
  func initialState(of parameter: Tensor, path: String) -> [String: Tensor]

  /// The parameters in the same order with new values and states; names, shapes and dtypes stay.
  /// - Parameters:
  ///   - numbers: `numbers(step:)` as `f64` scalars.
  ///   - step: one of the steps that share the program: only its phase may matter.
  func updated(
    _ parameters: [TrainedParameter], numbers: [Tensor], step: Int
  ) -> [TrainedParameter]

  /// Whether rows of this parameter may be updated while all others stay as they are, which is how
  /// embeddings with `sparse: true` are trained.
  func updatesRows(of path: String) -> Bool
}

extension Optimizer {
  public func phase(step: Int) -> [Int] { [] }
  public func updatesRows(of path: String) -> Bool { false }
}

/// A trained parameter in the graph of a step.
public struct TrainedParameter: Sendable {
  /// The place in the model: `encoder.layers.0.weight`.
  public let path: String
  /// Of an embedding with `sparse: true` only the rows that the step has looked up.
  public var value: Tensor
  public var gradient: Tensor
  public var state: [String: Tensor]

  public init(path: String, value: Tensor, gradient: Tensor, state: [String: Tensor]) {
    self.path = path
    self.value = value
    self.gradient = gradient
    self.state = state
  }
}

/// An optimizer that treats each parameter by itself, whatever its name.
public protocol ParameterOptimizer: Optimizer {
  /// Whether each row's new value and state follow from that row alone, a row without a gradient
  /// stays as it is, and the state has the parameter's shape.
  var updatesRows: Bool { get }

  /// The first state, by name, of any shapes. The names are PyTorch's.
  func initialState(of parameter: Tensor) -> [String: Tensor]

  /// The new parameter and the new state, of the same names, shapes and dtypes.
  /// - Parameter numbers: `numbers(step:)` as scalar tensors of the parameter's dtype.
  func updated(
    _ parameter: Tensor, gradient: Tensor, state: [String: Tensor], numbers: [Tensor]
  ) -> (parameter: Tensor, state: [String: Tensor])
}

extension ParameterOptimizer {
  public var updatesRows: Bool { false }
  public func updatesRows(of path: String) -> Bool { updatesRows }

  public func initialState(of parameter: Tensor, path: String) -> [String: Tensor] {
    ModulePath.with(path) { initialState(of: parameter) }
  }

  public func updated(
    _ parameters: [TrainedParameter], numbers: [Tensor], step: Int
  ) -> [TrainedParameter] {
    parameters.map { old in
      let scalars = numbers.map { $0.to(old.value.dtype) }
      let new = ModulePath.with(old.path) {
        updated(old.value, gradient: old.gradient, state: old.state, numbers: scalars)
      }
      return TrainedParameter(
        path: old.path, value: new.parameter, gradient: old.gradient, state: new.state)
    }
  }

  /// The gradient with L2 regularisation: PyTorch's `weight_decay` of all but AdamW and its kin.
  func decayed(_ gradient: Tensor, _ parameter: Tensor, _ weightDecay: Double) -> Tensor {
    weightDecay == 0 ? gradient : gradient + parameter * Tensor(weightDecay)
  }

  /// The next average of squares, as PyTorch rounds it.
  func averagedSquare(_ average: Tensor, _ gradient: Tensor, _ beta: Double) -> Tensor {
    average * Tensor(beta) + gradient * gradient * Tensor(1 - beta)
  }
}
