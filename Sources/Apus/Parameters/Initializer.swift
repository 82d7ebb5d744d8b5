/// How a parameter's first value is made. The names and bounds are PyTorch's.
public struct Initializer: Sendable {
  let make: @Sendable (_ shape: Shape, _ dtype: DType, _ key: RandomKey) -> Tensor

  public init(_ make: @escaping @Sendable (_ shape: Shape, _ dtype: DType, _ key: RandomKey) -> Tensor)
  {
    self.make = make
  }

  public static let zeros = constant(0)
  public static let ones = constant(1)

  public static func constant(_ value: Double) -> Initializer {
    Initializer { shape, dtype, _ in .full(shape, value, dtype: dtype) }
  }

  /// A given value.
  public static func value(_ tensor: Tensor) -> Initializer {
    Initializer { _, dtype, _ in tensor.to(dtype) }
  }

  public static func uniform(_ low: Double, _ high: Double) -> Initializer {
    Initializer { .uniform($0, low: low, high: high, dtype: $1, key: $2) }
  }

  public static func normal(mean: Double = 0, std: Double = 1) -> Initializer {
    Initializer { .normal($0, mean: mean, std: std, dtype: $1, key: $2) }
  }

  public static func truncatedNormal(
    mean: Double = 0, std: Double = 1, low: Double = -2, high: Double = 2
  ) -> Initializer {
    Initializer {
      .truncatedNormal($0, mean: mean, std: std, low: low, high: high, dtype: $1, key: $2)
    }
  }

  /// Uniform in ±1/√fanIn: what PyTorch's linear and convolution layers use for weight and bias
  /// (there written as `kaiming_uniform_` with a = √5).
  public static func fanInUniform(_ fanIn: Int) -> Initializer {
    let bound = fanIn > 0 ? 1 / Double(fanIn).squareRoot() : 0
    return uniform(-bound, bound)
  }

  /// He et al. (2015), for layers followed by ReLU: uniform in ±√(6/fanIn).
  public static let kaimingUniform = Initializer { shape, dtype, key in
    let bound = (6 / Double(Fans(shape).input)).squareRoot()
    return .uniform(shape, low: -bound, high: bound, dtype: dtype, key: key)
  }

  /// He et al. (2015), for layers followed by ReLU: normal with deviation √(2/fanIn).
  public static let kaimingNormal = Initializer { shape, dtype, key in
    .normal(shape, std: (2 / Double(Fans(shape).input)).squareRoot(), dtype: dtype, key: key)
  }

  /// Glorot and Bengio (2010): uniform in ±√(6/(fanIn + fanOut)).
  public static let xavierUniform = Initializer { shape, dtype, key in
    let fans = Fans(shape)
    let bound = (6 / Double(fans.input + fans.output)).squareRoot()
    return .uniform(shape, low: -bound, high: bound, dtype: dtype, key: key)
  }

  /// Glorot and Bengio (2010): normal with deviation √(2/(fanIn + fanOut)).
  public static let xavierNormal = Initializer { shape, dtype, key in
    let fans = Fans(shape)
    let std = (2 / Double(fans.input + fans.output)).squareRoot()
    return .normal(shape, std: std, dtype: dtype, key: key)
  }
}

/// How many inputs an output has and the reverse, for weights `[output, input, kernel…]`.
struct Fans {
  let input: Int
  let output: Int

  init(_ shape: Shape) {
    let volume = shape.dropFirst(2).reduce(1, *)
    input = Swift.max(1, (shape.rank > 1 ? shape[1] : shape.elementCount) * volume)
    output = Swift.max(1, (shape.first ?? 1) * volume)
  }
}
