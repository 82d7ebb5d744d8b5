import ApusFormats

/// How a file of comma-separated values is read.
public struct CSVOptions: Sendable {
  /// The character between fields: one of ASCII, neither letter nor digit.
  public var delimiter: Unicode.Scalar = ","
  /// The character around fields that hold delimiters, line breaks or itself (then doubled).
  public var quote: Unicode.Scalar = "\""
  /// Lines that start with this are skipped.
  public var comment: Unicode.Scalar?
  /// Whether the first row has the names of the columns.
  public var hasHeader = true
  /// Names of the columns in order, in place of the header's; without either they are "0", "1", ….
  public var columnNames: [String]?
  /// Types by name of column; the others are inferred from the first `sampleRows` rows.
  public var types: [String: ColumnType] = [:]
  /// What stands for a missing value, quoted or not.
  public var missing: Set<String> = ["", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None"]
  /// Whether blanks around texts are dropped; around numbers they always are.
  public var trimsSpaces = false
  public var sampleRows = 10_000
  /// Rows in a chunk at most; fewer where rows are long.
  public var chunkRows = 65_536
  /// A longer row is refused, as a quote that is never closed makes one.
  public var maximumRowBytes = 1 << 24

  public init() {}

  /// Fields between commas, except for what `change` says.
  public init(_ change: (inout CSVOptions) -> Void) {
    change(&self)
  }

  func check(_ file: String) throws {
    let marks = [delimiter, quote] + (comment.map { [$0] } ?? [])
    let forbidden: Set<Unicode.Scalar> = ["\n", "\r", "+", "-", "."]
    let isPossible = marks.allSatisfy { $0.isASCII && !$0.properties.isAlphabetic && !forbidden.contains($0) }
    guard isPossible, marks.allSatisfy({ !("0"..."9").contains($0) }), Set(marks).count == marks.count else {
      throw FormatError(
        .unsupported, file,
        "delimiter, quote and comment must be three different ASCII characters, no letters, digits, "
          + "signs, points or line breaks.")
    }
    guard chunkRows > 0, sampleRows > 0, (1..<1 << 31).contains(maximumRowBytes) else {
      throw FormatError(
        .unsupported, file, "chunkRows, sampleRows and maximumRowBytes must be at least 1, the last below 2^31.")
    }
  }
}
