import Apus
import ApusIR

/// An exponential moving average of all parameters, to evaluate and to save (Polyak and Juditsky, 1992;
/// `torch.optim.swa_utils.get_ema_multi_avg_fn`): `average = decay · average + (1 - decay) · value`
/// after each step. Buffers and integers are not averaged but taken over.
public final class WeightAverage: Callback {
  public let decay: Double
  /// The averages, under the parameters' paths.
  public let averages: ParameterStore
  private let store: ParameterStore
  private let average: Compiled<Tensor, [Tensor]>

  /// - Throws: `TensorError` where first values cannot be computed.
  public init(of store: ParameterStore, decay: Double = 0.999) throws {
    self.decay = decay
    self.store = store
    let averages = ParameterStore()
    self.averages = averages
    let pairs = store.parameters.map { parameter in
      var parts = parameter.path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
      let name = parts.removeLast()
      let scope = parts.reduce(averages.scope) { $0 / $1 }
      return (
        average: scope.buffer(name, parameter.shape, .zeros, dtype: parameter.dtype), parameter
      )
    }
    average = compiled { decay in
      for (average, parameter) in pairs {
        let value = parameter.value
        guard parameter.isTrainable && parameter.dtype.isFloating else {
          average.value = value
          continue
        }
        let wide = parameter.dtype.accumulator
        let share = decay.to(wide)
        let old = average.value.to(wide) * share
        average.value = (old + value.to(wide) * (1 - share)).to(parameter.dtype)
      }
      return []
    }
    try averages.load(store.state)
  }

  public func stepEnd(_ context: TrainingContext) throws { try update() }

  /// Takes the parameters as they are into the averages.
  public func update() throws { _ = try average(Tensor(decay, dtype: .f64)) }

  /// Runs `body` with the averages in the model's place.
  public func withAverages<Result>(_ body: () throws -> Result) throws -> Result {
    let own = store.state
    try store.load(averages.state)
    do {
      let result = try body()
      try store.load(own)
      return result
    } catch {
      try store.load(own)
      throw error
    }
  }

  public var state: [String: Tensor] { averages.state }
  public func restore(_ state: [String: Tensor]) throws { try averages.load(state) }
}
