/// How averages of weights are formed.
public enum WeightAverage: Sendable {
  /// Exponential: average · decay + weight · (1 - decay) after each step, from the weights after the
  /// first (PyTorch's `get_ema_multi_avg_fn`).
  case ema(decay: Double = 0.999)
  /// The mean of the weights after step `start` and each `every` steps from there (stochastic weight
  /// averaging, Izmailov et al., 2018; PyTorch's `AveragedModel`). `start` counts from 0.
  case swa(start: Int = 0, every: Int = 1)
}

/// An optimizer that keeps an average of the weights beside them; made by `averaging`.
public struct Averaging: OptimizerWrapper {
  static let name = "averaged"
  public let average: WeightAverage
  public let base: any Optimizer

  init(_ average: WeightAverage, _ base: any Optimizer) {
    self.average = average
    self.base = base
  }

  /// How many weights the average holds before a step, and whether this one enters it.
  private func place(step: Int) -> (count: Int, enters: Bool) {
    switch average {
    case .ema: return (step, true)
    case .swa(let start, let period):
      let period = Swift.max(period, 1)
      if step < start { return (0, false) }
      let distance = step - start
      return ((distance + period - 1) / period, distance % period == 0)
    }
  }

  /// The base's, then the share of the new weights in the average.
  public func numbers(step: Int) -> [Double] {
    let count = place(step: step).count
    var share = 1.0
    switch average {
    case .ema(let decay): if count > 0 { share = 1 - decay }
    case .swa: share = 1 / Double(count + 1)
    }
    return base.numbers(step: step) + [share]
  }

  public func phase(step: Int) -> [Int] {
    [place(step: step).enters ? 1 : 0] + base.phase(step: step)
  }

  public func initialState(of parameter: Tensor, path: String) -> [String: Tensor] {
    var state = base.initialState(of: parameter, path: path)
    state[Averaging.name] = parameter
    return state
  }

  public func updated(
    _ parameters: [TrainedParameter], numbers: [Tensor], step: Int
  ) -> [TrainedParameter] {
    var result = parameters
    for index in result.indices { result[index].state[Averaging.name] = nil }
    result = base.updated(result, numbers: Array(numbers.dropLast()), step: step)
    let enters = place(step: step).enters
    for (index, old) in parameters.enumerated() {
      var average = old.state[Averaging.name]!
      if enters {
        let share = numbers[numbers.count - 1].to(old.value.dtype)
        let moved = lerp(average, result[index].value, share)
        average = Tensor.where(share .== 1, result[index].value, moved)
      }
      result[index].state[Averaging.name] = average
    }
    return result
  }
}

extension Optimizer {
  /// This optimizer with an average of the weights beside them. `step.averagedParameters` gives it;
  /// `store.withValues(step.averagedParameters) { … }` evaluates or saves with it.
  public func averaging(_ average: WeightAverage) -> Averaging { Averaging(average, self) }
}
