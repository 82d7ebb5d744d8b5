/// What the user of a model gives it.
public enum BundleInput: Hashable, Sendable {
  /// A picture of any size, which is brought to this one.
  case image(height: Int, width: Int, channels: Int)
  /// Numbers as the signature has them.
  case tensor
}

extension BundleInput: Codable {
  private enum Key: String, CodingKey { case kind, height, width, channels }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    let kind = try container.decode(String.self, forKey: .kind)
    switch kind {
    case "image":
      self = .image(
        height: try container.decodePositive(forKey: .height),
        width: try container.decodePositive(forKey: .width),
        channels: try container.decodePositive(forKey: .channels))
    case "tensor": self = .tensor
    default:
      throw DecodingError.dataCorruptedError(
        forKey: .kind, in: container,
        debugDescription: "'\(kind)' is no kind of input; those known are image, tensor")
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    switch self {
    case .image(let height, let width, let channels):
      try container.encode("image", forKey: .kind)
      try container.encode(height, forKey: .height)
      try container.encode(width, forKey: .width)
      try container.encode(channels, forKey: .channels)
    case .tensor: try container.encode("tensor", forKey: .kind)
    }
  }
}

/// One step from a picture's samples (0 to 255) to what the first layer gets.
public enum PreprocessingStep: Hashable, Sendable {
  /// Brings a picture to this size, bilinear.
  case resize(height: Int, width: Int)
  /// `maximum - x`: black ink on white paper becomes light on dark.
  case invert(maximum: Double)
  /// `x * factor`.
  case scale(factor: Double)
  /// `(x - mean) / standardDeviation`, one number a channel.
  case normalize(mean: [Double], standardDeviation: [Double])
}

extension PreprocessingStep: Codable {
  private enum Key: String, CodingKey {
    case step, height, width, maximum, factor, mean, standardDeviation
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    let step = try container.decode(String.self, forKey: .step)
    switch step {
    case "resize":
      self = .resize(
        height: try container.decodePositive(forKey: .height),
        width: try container.decodePositive(forKey: .width))
    case "invert": self = .invert(maximum: try container.decode(Double.self, forKey: .maximum))
    case "scale": self = .scale(factor: try container.decode(Double.self, forKey: .factor))
    case "normalize":
      let mean = try container.decode([Double].self, forKey: .mean)
      let deviation = try container.decode([Double].self, forKey: .standardDeviation)
      guard mean.count == deviation.count, !mean.isEmpty, !deviation.contains(0) else {
        throw DecodingError.dataCorruptedError(
          forKey: .standardDeviation, in: container,
          debugDescription: "mean and standardDeviation need one number each a channel, and no zero")
      }
      self = .normalize(mean: mean, standardDeviation: deviation)
    default:
      throw DecodingError.dataCorruptedError(
        forKey: .step, in: container,
        debugDescription: "'\(step)' is no step; those known are resize, invert, scale, normalize")
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    switch self {
    case .resize(let height, let width):
      try container.encode("resize", forKey: .step)
      try container.encode(height, forKey: .height)
      try container.encode(width, forKey: .width)
    case .invert(let maximum):
      try container.encode("invert", forKey: .step)
      try container.encode(maximum, forKey: .maximum)
    case .scale(let factor):
      try container.encode("scale", forKey: .step)
      try container.encode(factor, forKey: .factor)
    case .normalize(let mean, let deviation):
      try container.encode("normalize", forKey: .step)
      try container.encode(mean, forKey: .mean)
      try container.encode(deviation, forKey: .standardDeviation)
    }
  }
}

extension KeyedDecodingContainer {
  func decodePositive(forKey key: Key) throws -> Int {
    let value = try decode(Int.self, forKey: key)
    guard value > 0 else {
      throw DecodingError.dataCorruptedError(
        forKey: key, in: self, debugDescription: "\(value) is not a positive number")
    }
    return value
  }
}
