import ApusIR

/// How a parameter's first value is made. The names and bounds are those of `torch.nn.init`.
public struct Initializer: Sendable {
  let make: @Sendable (_ shape: Shape, _ dtype: DType, _ key: RandomKey) -> Tensor

  public init(_ make: @escaping @Sendable (_ shape: Shape, _ dtype: DType, _ key: RandomKey) -> Tensor)
  {
    self.make = make
  }

  /// A first value by itself, for instance for `parameter.value = …`.
  public func callAsFunction(
    _ shape: Shape, dtype: DType = .defaultFloating, key: RandomKey? = nil
  ) -> Tensor {
    make(shape, dtype, key ?? Tensor.nextKey())
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

  public static func uniform(_ low: Double = 0, _ high: Double = 1) -> Initializer {
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
}

// MARK: - By the number of inputs and outputs

extension Initializer {
  /// Which signals keep their variance: those on the way forward or the gradients on the way back.
  public enum FanMode: Sendable {
    case fanIn, fanOut
  }

  /// What follows a layer, and how much larger its weights must be for that (`calculate_gain`).
  public enum Nonlinearity: Sendable {
    case linear, sigmoid, tanh, relu, selu
    case leakyReLU(slope: Double = 0.01)

    public var gain: Double {
      switch self {
      case .linear, .sigmoid: 1
      case .tanh: 5.0 / 3
      case .relu: 2.0.squareRoot()
      case .selu: 0.75
      case .leakyReLU(let slope): (2 / (1 + slope * slope)).squareRoot()
      }
    }
  }

  /// Uniform in ±1/√fanIn: what PyTorch's linear and convolution layers use for weight and bias
  /// (there written as `kaiming_uniform_` with a = √5).
  public static func fanInUniform(_ fanIn: Int) -> Initializer {
    let bound = fanIn > 0 ? 1 / Double(fanIn).squareRoot() : 0
    return uniform(-bound, bound)
  }

  /// He et al. (2015): uniform in ±gain · √(3/fan).
  public static func kaimingUniform(
    _ mode: FanMode = .fanIn, nonlinearity: Nonlinearity = .leakyReLU(slope: 0)
  ) -> Initializer {
    fanned(uniform: true) { nonlinearity.gain / Double($0[mode]).squareRoot() }
  }

  /// He et al. (2015): normal with deviation gain / √fan.
  public static func kaimingNormal(
    _ mode: FanMode = .fanIn, nonlinearity: Nonlinearity = .leakyReLU(slope: 0)
  ) -> Initializer {
    fanned(uniform: false) { nonlinearity.gain / Double($0[mode]).squareRoot() }
  }

  /// Glorot and Bengio (2010): uniform in ±gain · √(6/(fanIn + fanOut)).
  public static func xavierUniform(gain: Double = 1) -> Initializer {
    fanned(uniform: true) { gain * (2 / Double($0.input + $0.output)).squareRoot() }
  }

  /// Glorot and Bengio (2010): normal with deviation gain · √(2/(fanIn + fanOut)).
  public static func xavierNormal(gain: Double = 1) -> Initializer {
    fanned(uniform: false) { gain * (2 / Double($0.input + $0.output)).squareRoot() }
  }

  private static func fanned(
    uniform isUniform: Bool, _ deviation: @escaping @Sendable (Fans) -> Double
  ) -> Initializer {
    Initializer { shape, dtype, key in
      let std = deviation(Fans(shape))
      let bound = std * 3.0.squareRoot()
      return isUniform
        ? .uniform(shape, low: -bound, high: bound, dtype: dtype, key: key)
        : .normal(shape, std: std, dtype: dtype, key: key)
    }
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

  subscript(mode: Initializer.FanMode) -> Int { mode == .fanIn ? input : output }
}
