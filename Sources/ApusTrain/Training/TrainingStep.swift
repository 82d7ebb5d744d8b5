import Apus

/// What a trainer repeats: `Step`, or several steps that take turns, as in an adversarial network.
public protocol TrainingStep<Input>: AnyObject {
  associatedtype Input: TensorStructure

  /// The number of steps taken.
  var count: Int { get }

  /// The learning rate of the next step.
  var learningRate: Double { get }

  /// What the last step computed besides the loss.
  var metrics: [String: Tensor] { get }

  /// Takes one step and returns the loss before it. The trainer reads it later.
  func callAsFunction(_ input: Input) throws -> Tensor

  /// What must be saved beside the parameters to go on later with bit-identical results.
  var state: [String: Tensor] { get }

  func restore(_ state: [String: Tensor]) throws

  /// The graph of the next step, to find the operation behind a number that is not finite; nil where
  /// there is none to show.
  func inspected(_ input: Input) throws -> StepGraph?
}

extension TrainingStep {
  public func inspected(_ input: Input) throws -> StepGraph? { nil }
}

extension Step: TrainingStep {
  public func inspected(_ input: Input) throws -> StepGraph? { try graph(input) }
}
