import Apus

/// The two players of a generative adversarial network (Goodfellow et al., 2014), a step of each in turn:
/// the generator makes examples beside those of the batch and learns from how they are judged; then the
/// discriminator learns to tell the same examples from the batch's.
///
/// So examples are made once for both. The loss is the discriminator's; the metrics are `generator/loss`
/// and `judged/real` and `judged/fake`, the mean scores before the discriminator's step.
public final class AdversarialStep<Input: TensorStructure>: TrainingStep {
  /// Examples and what belongs to them, their classes for instance, to scores, high for real ones.
  public typealias Discriminator = (_ examples: Tensor, _ input: Input) throws -> Tensor

  /// One of the two: what it trains, and how.
  public struct Player {
    let parameters: [Parameter]
    let optimizer: any Optimizer

    public init(_ parameters: [Parameter], _ optimizer: any Optimizer) {
      self.parameters = parameters
      self.optimizer = optimizer
    }
  }

  private let making: Step<Void, Input>
  private let judging: Step<Void, Judged>
  public private(set) var metrics: [String: Tensor] = [:]

  /// A batch with the examples that were made beside it.
  private struct Judged: TensorStructure {
    var input: Input
    var made: Tensor

    var tensors: [Tensor] { [made] + input.tensors }
    var layout: String { input.layout }
    func replacing(with tensors: inout ArraySlice<Tensor>) -> Judged {
      let made = tensors.removeFirst()
      return Judged(input: input.replacing(with: &tensors), made: made)
    }
  }

  /// - Parameters:
  ///   - seed: of the random numbers that the players draw.
  ///   - precision: `.bf16` for mixed precision, see `withPrecision`.
  ///   - real: the examples of a batch, as the generator would make them.
  ///   - make: makes examples beside those of a batch from random numbers that it draws.
  ///   - judge: the discriminator; its parameters and the generator's have none in common.
  public init(
    generator: Player, discriminator: Player, loss: AdversarialLoss = .nonSaturating, seed: UInt64 = 0,
    precision: DType? = nil, real: @escaping (Input) throws -> Tensor,
    make: @escaping (Input) throws -> Tensor, judge: @escaping Discriminator
  ) {
    making = Step(
      (), generator.optimizer, parameters: generator.parameters, seed: seed, precision: precision,
      withMetrics: { _, input in
        let made = try make(input)
        return (loss.generator(fake: try judge(made, input)), ["made": made])
      })
    // Another seed, so that the two do not draw the same numbers.
    judging = Step(
      (), discriminator.optimizer, parameters: discriminator.parameters, seed: ~seed,
      precision: precision,
      withMetrics: { _, judged in
        let real = try judge(try real(judged.input), judged.input)
        let fake = try judge(judged.made, judged.input)
        return (
          loss.discriminator(real: real, fake: fake),
          ["judged/real": real.to(.f32).mean(), "judged/fake": fake.to(.f32).mean()]
        )
      })
  }

  /// Rounds in which both have learned.
  public var count: Int { judging.count }

  /// The generator's.
  public var learningRate: Double { making.learningRate }

  /// The averages of the generator's parameters, where its optimizer is made by `averaging`.
  public var averagedParameters: [String: Tensor] { making.averagedParameters }

  /// - Throws: `TensorError` for a mistake in the players' code, or where an operation fails.
  public func callAsFunction(_ input: Input) throws -> Tensor {
    let generatorLoss = try making(input)
    guard let made = making.metrics["made"] else { return generatorLoss }
    let loss = try judging(Judged(input: input, made: made))
    metrics = judging.metrics.merging(["generator/loss": generatorLoss]) { $1 }
    return loss
  }

  /// `generator.…` and `discriminator.…`, each as a `Step` has it.
  public var state: [String: Tensor] {
    var result: [String: Tensor] = [:]
    for (name, value) in making.state { result["generator." + name] = value }
    for (name, value) in judging.state { result["discriminator." + name] = value }
    return result
  }

  /// - Throws: `TensorError` where a number of steps is missing, the players have not taken equally many,
  ///   or the seed is another one.
  public func restore(_ state: [String: Tensor]) throws {
    func part(_ prefix: String) -> [String: Tensor] {
      let own = state.filter { $0.key.hasPrefix(prefix) }
      return Dictionary(uniqueKeysWithValues: own.map { (String($0.key.dropFirst(prefix.count)), $0.value) })
    }
    try making.restore(part("generator."))
    try judging.restore(part("discriminator."))
    guard making.count == judging.count else {
      throw TensorError(
        .value, operation: "restore",
        "the generator has taken \(making.count) steps, the discriminator \(judging.count)")
    }
  }
}
