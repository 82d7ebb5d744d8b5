import Apus
import ApusModels

/// What a model of rows takes and gives.
struct TabularShape: Sendable {
  /// Columns of numbers.
  var numbers: Int
  /// For each categorical column how many numbers of categories there are.
  var categories: [Int]
  var target: PredictionTarget
}

/// Numbers `f32[batch, number]` and numbers of categories `i64[batch, category]` to `[batch, output]`.
protocol TabularModel: Sendable {
  func callAsFunction(numbers: Tensor, categories: Tensor) -> Tensor
}

extension TabularMLP: TabularModel {}

/// A list of layers on rows: the numbers and, beside them, an embedding for each categorical column, as wide as
/// `TabularMLP`'s.
///
/// Parameters: `embeddings.<column>`, and those of the layers.
struct TabularLayers: TabularModel {
  private let embeddings: [Embedding]
  private let list: LayerList

  init(
    _ scope: Scope, _ shape: TabularShape,
    _ make: (_ scope: Scope, _ input: [Int], _ target: PredictionTarget) throws -> LayerList
  ) throws {
    let configuration = TabularMLP.Configuration(numbers: shape.numbers, categories: shape.categories)
    let tables = (scope / "embeddings").with(weightInitializer: .uniform(-0.05, 0.05))
    embeddings = configuration.widths.enumerated().map { column, width in
      Embedding(tables / column, shape.categories[column], width)
    }
    list = try make(scope, [shape.numbers + configuration.widths.reduce(0, +)], shape.target)
  }

  func callAsFunction(numbers: Tensor, categories: Tensor) -> Tensor {
    let vectors = embeddings.enumerated().map { column, table in table(categories[.all, column]) }
    return list(concatenate([numbers] + vectors, axis: -1))
  }
}

extension ModelCatalog {
  static let tabular = [
    Entry(
      "tabularMLP",
      [
        Option("hidden", .list(.integer(1...65_536), count: 0...100), .list([.integer(128), .integer(64)])),
        .number("dropout", .share, 0.2),
      ], "for tables: embeddings, then dense layers of `hidden`"
    ) { a in
      .table { scope, shape in
        TabularMLP(
          scope,
          .init(
            numbers: shape.numbers, categories: shape.categories, hidden: a.integers("hidden"),
            dropout: a.number("dropout"), outputs: shape.target.outputs))
      }
    }
  ]

  /// The model of rows that a configuration names.
  static func tabular(_ definition: Component, _ scope: Scope, _ shape: TabularShape) throws -> any TabularModel {
    switch try catalog.make(definition) {
    case .table(let make): return try make(scope, shape)
    case .layers(let make): return try TabularLayers(scope, shape, make)
    default: throw unsuitable(definition, for: .table)
    }
  }
}
