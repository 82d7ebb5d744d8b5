import ApusIR

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Turns pairs of features of queries and keys by angles that grow with the place, so that their
/// products depend on the distance (Su et al., 2021).
public struct RotaryEmbedding: Sendable {
  /// Which features make a pair.
  public enum Pairing: String, CaseIterable, Sendable {
    /// i and i + width/2 (GPT-NeoX, Llama as Hugging Face stores it).
    case halves
    /// 2i and 2i + 1 (the paper, GPT-J, Llama as Meta stores it).
    case interleaved
  }

  /// How a model is made to read more than it was trained on.
  public enum Scaling: Hashable, Sendable {
    case none
    /// Places divided by `factor` (Chen et al., 2023).
    case linear(factor: Double)
    /// Only slow rotations divided by `factor`; those that turn more than `highFrequency` times in the
    /// original context stay, those of fewer than `lowFrequency` are divided wholly (Llama 3.1).
    case llama3(
      factor: Double, lowFrequency: Double = 1, highFrequency: Double = 4, originalContext: Int = 8_192)
  }

  /// How many features of a head are turned, from the front.
  public let width: Int
  public let pairing: Pairing
  /// Radians for each place, by pair.
  public let frequencies: [Double]

  public init(
    _ width: Int, base: Double = 10_000, pairing: Pairing = .halves, scaling: Scaling = .none
  ) {
    check(
      width > 0 && width % 2 == 0, .argument, "RotaryEmbedding",
      "the width \(width) must be positive and even: features are turned in pairs")
    self.width = width
    self.pairing = pairing
    frequencies = (0..<(Swift.max(width, 0) / 2)).map { pair in
      scaling.scaled(pow(base, -2 * Double(pair) / Double(width)))
    }
  }

  /// Queries or keys, `[batch, head, time, feature]`, turned.
  ///
  /// - Parameter start: the place of the first time: a scalar, or `[batch]`.
  public func callAsFunction(_ x: Tensor, from start: Tensor = 0) -> Tensor {
    let features = x.shape.last ?? 0
    guard
      check(
        x.rank == 4 && features >= width && width > 0 && width % 2 == 0, .shape, "RotaryEmbedding",
        "shape \(x.shape) is not [batch, head, time, feature] with at least \(width) features")
    else { return x }
    var places = Tensor.arange(x.shape[2]).to(.f32)
    if start.number?.double != 0 {
      let first = start.rank == 1 ? start.reshaped(-1, 1, 1) : start
      places = places + first.to(.f32)
    }
    // [time, pair] or [batch, 1, time, pair]
    let angles = places.expanded(at: -1) * Tensor(frequencies, dtype: .f32)
    let wide = x.to(x.dtype.accumulator)
    let (sine, cosine) = (sin(angles).to(wide.dtype), cos(angles).to(wide.dtype))
    let turned = turn(wide[.ellipsis, 0..<width], sine, cosine).to(x.dtype)
    return features == width ? turned : concatenate([turned, x[.ellipsis, width...]], axis: -1)
  }

  private func turn(_ x: Tensor, _ sine: Tensor, _ cosine: Tensor) -> Tensor {
    func pairs(_ a: Tensor, _ b: Tensor) -> [Tensor] {
      [a * cosine - b * sine, b * cosine + a * sine]
    }
    switch pairing {
    case .halves:
      let parts = x.chunked(2, axis: -1)
      return concatenate(pairs(parts[0], parts[1]), axis: -1)
    case .interleaved:
      let parts = x.unflattened(-1, [width / 2, 2])
      return stack(pairs(parts[.ellipsis, 0], parts[.ellipsis, 1]), axis: -1).flattened(from: -2)
    }
  }
}

extension RotaryEmbedding.Scaling {
  fileprivate func scaled(_ frequency: Double) -> Double {
    switch self {
    case .none: return frequency
    case .linear(let factor): return frequency / factor
    case .llama3(let factor, let low, let high, let context):
      let turns = Double(context) * frequency / (2 * Double.pi)
      let share = min(max((turns - low) / (high - low), 0), 1)
      return share * frequency + (1 - share) * frequency / factor
    }
  }
}
