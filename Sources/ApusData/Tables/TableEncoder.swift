import Apus
import ApusFormats

/// Makes tensors of a table's columns: numbers are normalised, texts become numbers of categories.
///
/// What it knows (means, deviations, categories) it learns from one table, that of training, and applies to
/// others. It is `Codable`, to be kept beside the model.
public struct TableEncoder: Codable, Hashable, Sendable {
  /// Numbers with the mean taken away and divided by the deviation; a missing one becomes the mean, 0.
  public struct Numeric: Codable, Hashable, Sendable {
    public var name: String
    public var mean: Double
    public var deviation: Double
    /// Whether a further column says where the number is missing.
    public var isMarked = false
  }

  /// Texts by number: 0 stands for a missing value and for one that training did not have.
  public struct Categorical: Codable, Hashable, Sendable {
    public var name: String
    /// The categories from number 1 on; empty where texts are hashed.
    public var categories: [String]
    /// With hashing, the numbers are 1 to this; nothing has to be learned.
    public var buckets: Int?
    /// Numbers that can occur, 0 counted: the extent of an embedding.
    public var count: Int { (buckets ?? categories.count) + 1 }
  }

  public let numeric: [Numeric]
  public let categorical: [Categorical]
  /// Columns of ``numbers(_:)``: the numeric ones and the marks of what is missing.
  public var numberCount: Int { numeric.count + numeric.count { $0.isMarked } }

  /// Learns from a table.
  ///
  /// - Parameters:
  ///   - minFrequency: Rarer categories are unknown.
  ///   - hashed: Columns whose texts are hashed into so many buckets.
  ///   - marksMissing: Whether each numeric column with missing values in this table has a further one, 1 where
  ///     the value is missing and else 0.
  /// - Throws: `FormatError` for a column that there is not, or of the wrong type.
  public init(
    fitting table: Table, numeric: [String], categorical: [String] = [], minFrequency: Int = 1,
    hashed: [(name: String, buckets: Int)] = [], marksMissing: Bool = false
  ) throws {
    self.numeric = try numeric.map { try TableEncoder.statistics($0, table, marksMissing) }
    let known = try categorical.map { name in
      var counts: [String: Int] = [:]
      for case let text? in try table.column(name).texts(table.source) { counts[text, default: 0] += 1 }
      let names = counts.filter { $0.value >= minFrequency }.keys.sorted()
      return Categorical(name: name, categories: names)
    }
    let buckets = try hashed.map { name, buckets in
      guard buckets > 0 else {
        throw FormatError(.unsupported, table.source, "the column '\(name)' needs at least one bucket.")
      }
      _ = try table.column(name)
      return Categorical(name: name, categories: [], buckets: buckets)
    }
    self.categorical = known + buckets
  }

  private static func statistics(_ name: String, _ table: Table, _ marksMissing: Bool) throws -> Numeric {
    let all = try table.column(name).numbers(table.source)
    let values = all.filter(\.isFinite)
    let isMarked = marksMissing && all.contains(where: \.isNaN)
    guard !values.isEmpty else { return Numeric(name: name, mean: 0, deviation: 1, isMarked: isMarked) }
    let count = Double(values.count)
    let mean = values.reduce(0, +) / count
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
    // A column of one value says nothing; dividing by 0 would spoil the rest.
    let deviation = variance > 0 ? variance.squareRoot() : 1
    return Numeric(name: name, mean: mean, deviation: deviation, isMarked: isMarked)
  }

  /// The numbers, `f32[row, column]`, in the order of ``numeric``; then the marks of what is missing.
  public func numbers(_ table: Table) throws -> Tensor {
    let width = numberCount
    var values = [Float](repeating: 0, count: table.rowCount * width)
    var mark = numeric.count
    for (place, column) in numeric.enumerated() {
      let numbers = try table.column(column.name).numbers(table.source)
      for (row, number) in numbers.enumerated() {
        if !number.isNaN {
          values[row * width + place] = Float((number - column.mean) / column.deviation)
        } else if column.isMarked {
          values[row * width + mark] = 1
        }
      }
      if column.isMarked { mark += 1 }
    }
    return Tensor(values, shape: Shape([table.rowCount, width]))
  }

  /// The numbers of the categories, `i64[row, column]`, in the order of ``categorical``.
  public func categories(_ table: Table) throws -> Tensor {
    var values = [Int64](repeating: 0, count: table.rowCount * categorical.count)
    for (place, column) in categorical.enumerated() {
      let texts = try table.column(column.name).texts(table.source)
      let numbers = Dictionary(uniqueKeysWithValues: zip(column.categories, Int64(1)...))
      for (row, text) in texts.enumerated() {
        guard let text else { continue }
        let number = column.buckets.map { TableEncoder.bucket(text, $0) } ?? numbers[text] ?? 0
        values[row * categorical.count + place] = number
      }
    }
    return Tensor(values, shape: Shape([table.rowCount, categorical.count]))
  }

  /// FNV-1a, which is the same in every run and on every machine.
  private static func bucket(_ text: String, _ buckets: Int) -> Int64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return Int64(hash % UInt64(buckets)) + 1
  }
}
