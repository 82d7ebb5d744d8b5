/// A rule that makes new parameters from old ones and their gradients: a pure function on graphs.
///
/// What changes from step to step (learning rate, bias corrections) is computed on the host by
/// `numbers` and is an input of the compiled step; everything else is part of its structure.
public protocol Optimizer: Sendable {
  var learningRate: Schedule { get }

  /// The numbers that change with the step, in an order of the optimizer's own.
  /// - Parameter step: the number of steps taken before, from 0.
  func numbers(step: Int) -> [Double]

  /// The first state of one parameter, by name, of any shapes. The names are PyTorch's.
  func initialState(of parameter: Tensor) -> [String: Tensor]

  /// Changes all gradients together, for instance to limit their norm.
  func prepared(gradients: [Tensor]) -> [Tensor]

  /// The new parameter and the new state, of the same names, shapes and dtypes.
  /// - Parameter numbers: `numbers(step:)` as scalar tensors of the parameter's dtype.
  func updated(
    _ parameter: Tensor, gradient: Tensor, state: [String: Tensor], numbers: [Tensor]
  ) -> (parameter: Tensor, state: [String: Tensor])
}

extension Optimizer {
  public func prepared(gradients: [Tensor]) -> [Tensor] { gradients }
}
