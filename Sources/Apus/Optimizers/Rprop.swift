/// Resilient backpropagation (Riedmiller and Braun, 1993): steps of a size of its own for each element, which
/// grows while the gradient keeps its sign; for whole data sets, not for batches. The numbers are those of
/// PyTorch's `Rprop`.
public struct Rprop: ParameterOptimizer {
  /// Its first value is the first size of all steps; later ones change nothing.
  public let learningRate: Schedule
  /// The factors of a step after a change of sign, and after none.
  public let etas: (Double, Double)
  /// The least and the greatest step.
  public let stepSizes: (Double, Double)

  public init(
    learningRate: Schedule = 1e-2, etas: (Double, Double) = (0.5, 1.2), stepSizes: (Double, Double) = (1e-6, 50)
  ) {
    self.learningRate = learningRate
    self.etas = etas
    self.stepSizes = stepSizes
  }

  public func numbers(step: Int) -> [Double] { [] }

  public func initialState(of parameter: Tensor) -> [String: Tensor] {
    ["prev": parameter.zerosLike(), "step_size": parameter.filledLike(learningRate(0))]
  }

  public func updated(
    _ parameter: Tensor, gradient: Tensor, state: [String: Tensor], numbers: [Tensor]
  ) -> (parameter: Tensor, state: [String: Tensor]) {
    let agreement = gradient * state["prev"]!
    let (turned, old) = (agreement .< 0, state["step_size"]!)
    let grown = Tensor.where(agreement .> 0, old * Tensor(etas.1), old)
    let size = Tensor.where(turned, old * Tensor(etas.0), grown).clamped(Tensor(stepSizes.0), Tensor(stepSizes.1))
    let kept = Tensor.where(turned, 0, gradient)
    return (parameter - sign(kept) * size, ["prev": kept, "step_size": size])
  }
}
