/// An optimizer around another one, which it leaves as it is but for what it declares itself.
public protocol OptimizerWrapper: Optimizer {
  var base: any Optimizer { get }
}

extension OptimizerWrapper {
  public var learningRate: Schedule { base.learningRate }
  public func numbers(step: Int) -> [Double] { base.numbers(step: step) }
  public func phase(step: Int) -> [Int] { base.phase(step: step) }
  public func initialState(of parameter: Tensor, path: String) -> [String: Tensor] {
    base.initialState(of: parameter, path: path)
  }
}
