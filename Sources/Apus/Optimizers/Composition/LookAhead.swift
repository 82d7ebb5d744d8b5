/// An optimizer that every few steps pulls slow weights toward the fast ones and starts again from
/// there (Zhang et al., 2019); made by `lookingAhead`.
public struct LookAhead: OptimizerWrapper {
  private static let name = "slow_buffer"
  public let steps: Int
  public let alpha: Double
  public let base: any Optimizer

  init(_ steps: Int, _ alpha: Double, _ base: any Optimizer) {
    check(steps > 0, .argument, "lookingAhead", "the number of steps \(steps) must be positive")
    self.steps = Swift.max(steps, 1)
    self.alpha = alpha
    self.base = base
  }

  /// 1 where slow and fast weights meet.
  public func phase(step: Int) -> [Int] {
    [(step + 1) % steps == 0 ? 1 : 0] + base.phase(step: step)
  }

  public func initialState(of parameter: Tensor, path: String) -> [String: Tensor] {
    var state = base.initialState(of: parameter, path: path)
    state[LookAhead.name] = parameter
    return state
  }

  public func updated(
    _ parameters: [TrainedParameter], numbers: [Tensor], step: Int
  ) -> [TrainedParameter] {
    var result = parameters
    for index in result.indices { result[index].state[LookAhead.name] = nil }
    result = base.updated(result, numbers: numbers, step: step)
    for (index, old) in parameters.enumerated() {
      var slow = old.state[LookAhead.name]!
      if (step + 1) % steps == 0 {
        slow = lerp(slow, result[index].value, Tensor(alpha))
        result[index].value = slow
      }
      result[index].state[LookAhead.name] = slow
    }
    return result
  }
}

extension Optimizer {
  /// This optimizer with slow weights, which every `steps` steps move by `alpha` of the way to the
  /// weights and replace them.
  public func lookingAhead(steps: Int = 5, alpha: Double = 0.5) -> LookAhead {
    LookAhead(steps, alpha, self)
  }
}
