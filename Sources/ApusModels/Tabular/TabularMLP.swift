import Apus

/// A network for rows of a table: an embedding for each categorical column beside the normalised numbers, then
/// dense layers (Guo and Berkhahn, 2016).
///
/// Parameters: `embeddings.<column>`, uniform in ±0.05 at first, `norm`, `hidden.<layer>`,
/// `norms.<layer>`, `output`.
public struct TabularMLP: Sendable {
  public struct Configuration: Codable, Hashable, Sendable {
    /// Columns of numbers.
    public var numbers: Int
    /// For each categorical column how many numbers of categories there are.
    public var categories: [Int]
    public var hidden: [Int]
    public var dropout: Double
    public var outputs: Int

    public init(
      numbers: Int, categories: [Int], hidden: [Int] = [128, 64], dropout: Double = 0.2, outputs: Int = 1
    ) {
      self.numbers = numbers
      self.categories = categories
      self.hidden = hidden
      self.dropout = dropout
      self.outputs = outputs
    }

    /// Widths of the embeddings: half the categories, 50 at most.
    public var widths: [Int] { categories.map { min(50, ($0 + 1) / 2) } }
  }

  public let configuration: Configuration
  private let embeddings: [Embedding]
  private let norm: BatchNorm
  private let hidden: [Linear]
  private let norms: [BatchNorm]
  private let output: Linear
  private let dropout: Dropout

  public init(_ scope: Scope, _ configuration: Configuration) {
    self.configuration = configuration
    let widths = configuration.widths
    let tables = (scope / "embeddings").with(weightInitializer: .uniform(-0.05, 0.05))
    embeddings = configuration.categories.indices.map {
      Embedding(tables / $0, configuration.categories[$0], widths[$0])
    }
    norm = BatchNorm(scope / "norm", configuration.numbers)
    let sizes = [configuration.numbers + widths.reduce(0, +)] + configuration.hidden
    hidden = configuration.hidden.indices.map { Linear(scope / "hidden" / $0, sizes[$0], sizes[$0 + 1]) }
    norms = configuration.hidden.indices.map { BatchNorm(scope / "norms" / $0, sizes[$0 + 1]) }
    output = Linear(scope / "output", sizes[sizes.count - 1], configuration.outputs)
    dropout = Dropout(configuration.dropout)
  }

  /// Numbers `f32[batch, number]` and numbers of categories `i64[batch, category]` to `[batch, output]`.
  public func callAsFunction(numbers: Tensor, categories: Tensor) -> Tensor {
    guard
      check(
        categories.rank == 2 && categories.shape[1] == embeddings.count, .shape, "TabularMLP",
        "needs [batch, \(embeddings.count)] numbers of categories, got \(categories.shape)",
        hint: "encode the table by the encoder that the configuration was made of.")
    else { return .zeros([numbers.shape.first ?? 1, configuration.outputs]) }
    let vectors = embeddings.enumerated().map { column, table in table(categories[.all, column]) }
    let start = concatenate([norm(numbers)] + vectors, axis: -1)
    let features = zip(hidden, norms).reduce(start) { x, layer in dropout(layer.1(relu(layer.0(x)))) }
    return output(features)
  }
}
