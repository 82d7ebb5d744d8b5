/// An optimizer that updates once for several steps, with the mean of their gradients, as for one
/// large batch; made by `accumulating`.
public struct Accumulating: OptimizerWrapper {
  private static let name = "accumulated_grad"
  public let steps: Int
  public let base: any Optimizer

  init(_ steps: Int, _ base: any Optimizer) {
    check(steps > 0, .argument, "accumulating", "the number of steps \(steps) must be positive")
    self.steps = Swift.max(steps, 1)
    self.base = base
  }

  private func updates(_ step: Int) -> Bool { (step + 1) % steps == 0 }

  public var learningRate: Schedule { base.learningRate.holding(for: steps) }
  public func numbers(step: Int) -> [Double] { base.numbers(step: step / steps) }

  /// 0: the first of several; 1: between; 2: the update, in the base's phase.
  public func phase(step: Int) -> [Int] {
    if updates(step) { return [2] + base.phase(step: step / steps) }
    return [step % steps == 0 ? 0 : 1]
  }

  public func initialState(of parameter: Tensor, path: String) -> [String: Tensor] {
    var state = base.initialState(of: parameter, path: path)
    if steps > 1 { state[Accumulating.name] = parameter.zerosLike() }
    return state
  }

  public func updated(
    _ parameters: [TrainedParameter], numbers: [Tensor], step: Int
  ) -> [TrainedParameter] {
    if steps == 1 { return base.updated(parameters, numbers: numbers, step: step) }
    var result = parameters
    for index in result.indices {
      let share = result[index].gradient * Tensor(1 / Double(steps))
      let sum = step % steps == 0 ? share : result[index].state[Accumulating.name]! + share
      if updates(step) {
        result[index].gradient = sum
      } else {
        result[index].state[Accumulating.name] = sum
      }
    }
    guard updates(step) else { return result }
    // What was accumulated stays where it is: the next round does not read it.
    let kept = result.map { $0.state[Accumulating.name]! }
    for index in result.indices { result[index].state[Accumulating.name] = nil }
    result = base.updated(result, numbers: numbers, step: step / steps)
    for index in result.indices { result[index].state[Accumulating.name] = kept[index] }
    return result
  }
}

extension Optimizer {
  /// This optimizer with one update for each `steps` steps, from the mean of their gradients. Its
  /// schedules count updates. Losses must be means over batches of one size to equal a large batch.
  public func accumulating(steps: Int) -> Accumulating { Accumulating(steps, self) }
}
