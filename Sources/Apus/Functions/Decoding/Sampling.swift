import ApusIR

/// How the next token is chosen from logits.
public struct Sampling: Hashable, Sendable {
  /// Logits are divided by it; 0 takes the most likely token.
  public var temperature: Double
  /// Only so many of the most likely tokens; all where nil.
  public var topK: Int?
  /// Only the fewest most likely tokens whose probabilities add up to this (Holtzman et al., 2020).
  public var topP: Double?

  public init(temperature: Double = 1, topK: Int? = nil, topP: Double? = nil) {
    check(temperature >= 0, .argument, "Sampling", "the temperature must not be negative, got \(temperature)")
    check(topK.map { $0 > 0 } ?? true, .argument, "Sampling", "topK must be positive, got \(topK ?? 0)")
    check(
      topP.map { $0 > 0 && $0 <= 1 } ?? true, .argument, "Sampling",
      "topP must be above 0 and at most 1, got \(topP ?? 0)")
    self.temperature = temperature
    self.topK = topK
    self.topP = topP
  }

  public static let greedy = Sampling(temperature: 0)

  /// One token for each row of `logits`, `[…, vocabulary]` to `i64` `[…]`. Works inside compiled
  /// functions.
  public func callAsFunction(_ logits: Tensor, key: RandomKey? = nil) -> Tensor {
    if temperature == 0 { return logits.argMax(axis: -1) }
    let scaled = logits.to(logits.asFloating.dtype.accumulator) / Tensor(temperature)
    return Tensor.categorical(logits: filtered(scaled), key: key)
  }

  /// The logits with those that cannot be chosen at -∞, after the temperature. The most likely token
  /// always stays; of equal ones the first.
  func filtered(_ logits: Tensor) -> Tensor {
    let count = logits.shape.last ?? 0
    let kept = Swift.min(topK ?? count, count)
    if kept == count && (topP ?? 1) >= 1 { return logits }
    // In order of likelihood: what comes before a token decides whether it stays.
    let (values, places) = logits.topK(kept)
    var chosen = values
    if let topP, topP < 1 {
      let probabilities = softmax(values)
      let before = probabilities.cumsum(axis: -1) - probabilities
      chosen = Tensor.where(before .< Tensor(topP), values, Tensor(-Double.infinity))
    }
    return logits.filledLike(-Double.infinity).scatter(places, chosen, axis: -1)
  }
}
