/// The sizes and settings of a transformer's layers, with PyTorch's defaults.
public struct TransformerConfiguration: Hashable, Codable, Sendable {
  public enum Activation: String, CaseIterable, Codable, Sendable {
    case relu, gelu

    func callAsFunction(_ x: Tensor) -> Tensor { self == .relu ? Apus.relu(x) : Apus.gelu(x) }
  }

  /// Features of each token (PyTorch's `d_model`).
  public var width: Int
  /// Heads of attention.
  public var heads: Int
  /// Features between the two dense layers (PyTorch's `dim_feedforward`).
  public var feedForward: Int
  /// The probability in training: of weights of attention, between the dense layers, and before each
  /// residual sum.
  public var dropout: Double
  public var activation: Activation
  /// Added to the variance of the normalisations.
  public var epsilon: Double
  /// Whether normalisation comes before attention and the dense layers (Xiong et al., 2020) or after.
  public var isNormFirst: Bool
  public var bias: Bool

  public init(
    width: Int = 512, heads: Int = 8, feedForward: Int = 2_048, dropout: Double = 0.1,
    activation: Activation = .relu, epsilon: Double = 1e-5, isNormFirst: Bool = false,
    bias: Bool = true
  ) {
    self.width = width
    self.heads = heads
    self.feedForward = feedForward
    self.dropout = dropout
    self.activation = activation
    self.epsilon = epsilon
    self.isNormFirst = isNormFirst
    self.bias = bias
  }

  func attention(_ scope: Scope) -> MultiHeadAttention {
    MultiHeadAttention(scope, width, heads: heads, bias: bias, dropout: dropout)
  }

  /// Made apart from the scope's initialiser, which is meant for matrices.
  func norm(_ scope: Scope) -> LayerNorm {
    LayerNorm(scope.with(weightInitializer: .ones), [width], epsilon: epsilon, bias: bias)
  }
}

/// `linear2(dropout(activation(linear1(x))))`
struct TransformerDense: Sendable {
  private let expansion: Linear
  private let projection: Linear
  private let configuration: TransformerConfiguration

  init(_ scope: Scope, _ configuration: TransformerConfiguration) {
    let (width, inner) = (configuration.width, configuration.feedForward)
    expansion = Linear(scope / "linear1", width, inner, bias: configuration.bias)
    projection = Linear(scope / "linear2", inner, width, bias: configuration.bias)
    self.configuration = configuration
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let inner = dropout(configuration.activation(expansion(x)), configuration.dropout)
    return projection(inner)
  }
}

extension TransformerConfiguration {
  /// The residual sum around `body`, with its normalisation before or after.
  func residual(_ x: Tensor, _ norm: LayerNorm, _ body: (Tensor) -> Tensor) -> Tensor {
    if isNormFirst { return x + Apus.dropout(body(norm(x)), dropout) }
    return norm(x + Apus.dropout(body(x), dropout))
  }
}
