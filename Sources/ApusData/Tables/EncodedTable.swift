import Apus

/// Rows of a table as numbers, with what is to be predicted of each: what a tabular model is trained on.
public struct EncodedTable: Sendable {
  private let numbers: [Float]
  private let categories: [Int64]
  public let targets: [Float]
  private let numberCount: Int
  private let categoryCount: Int

  public var count: Int { targets.count }

  /// - Parameter targets: one for each row, such as 1 and 0 for a yes and a no.
  /// - Throws: `FormatError` for a table that lacks a column of the encoder.
  public init(_ table: Table, _ encoder: TableEncoder, targets: [Float]) throws {
    precondition(targets.count == table.rowCount, "\(targets.count) targets for \(table.rowCount) rows")
    numbers = try encoder.numbers(table).array(of: Float.self)
    categories = try encoder.categories(table).array(of: Int64.self)
    numberCount = encoder.numberCount
    categoryCount = encoder.categorical.count
    self.targets = targets
  }

  /// Some rows.
  public func batch(_ rows: [Int]) -> TableBatch {
    TableBatch(
      numbers: Tensor(
        rows.flatMap { numbers[$0 * numberCount..<($0 + 1) * numberCount] },
        shape: [rows.count, numberCount]),
      categories: Tensor(
        rows.flatMap { categories[$0 * categoryCount..<($0 + 1) * categoryCount] },
        shape: [rows.count, categoryCount]),
      targets: Tensor(rows.map { targets[$0] }))
  }

  /// Batches of rows for training.
  public func loader(batchSize: Int, seed: UInt64 = 0) -> Loader<TableBatch> {
    Loader(sampleCount: count, batchSize: batchSize, seed: seed) { batch($0.indices) }
  }
}

/// Rows of a table: `numbers` `f32[batch, number]`, `categories` `i64[batch, category]`, `targets` `f32[batch]`.
public struct TableBatch: TensorStructure {
  public var numbers: Tensor
  public var categories: Tensor
  public var targets: Tensor

  public init(numbers: Tensor, categories: Tensor, targets: Tensor) {
    self.numbers = numbers
    self.categories = categories
    self.targets = targets
  }

  public var tensors: [Tensor] { [numbers, categories, targets] }

  public func replacing(with tensors: inout ArraySlice<Tensor>) -> TableBatch {
    TableBatch(
      numbers: tensors.removeFirst(), categories: tensors.removeFirst(), targets: tensors.removeFirst())
  }
}
