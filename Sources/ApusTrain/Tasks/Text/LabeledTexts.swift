import ApusData
import ApusFormats

/// Texts with the class of each, as a file has them.
struct LabeledTexts: Sendable {
  private(set) var texts: [String] = []
  private(set) var labels: [String] = []

  /// - Throws: `FormatError` for a file that cannot be read or lacks a column, and for a text without a class.
  init(path: String, _ arguments: Arguments) throws {
    let (column, target) = (arguments.text("column"), arguments.text("target"))
    guard column != target else {
      throw arguments.error("'column' and 'target' are both '\(column)'; one has the text, the other the class.")
    }
    // The ending behind which a file may be compressed.
    let name = path.hasSuffix(".gz") ? String(path.dropLast(3)) : path
    if name.hasSuffix(".csv") {
      try readCSV(path, column, target)
    } else if name.hasSuffix(".jsonl") {
      try readJSON(path, column, target)
    } else {
      try readLines(path)
    }
    if let mark = arguments.optionalText("labelUntil") {
      labels = labels.map { label in label.split(separator: mark, maxSplits: 1).first.map { String($0) } ?? label }
    }
  }

  private mutating func readCSV(_ path: String, _ column: String, _ target: String) throws {
    let options = CSVOptions {
      $0.types = [column: .text, target: .text]
      $0.missing = [""]
    }
    let table = try CSVFile(path: path, options).table()
    guard case .text(let texts) = try table.column(column).values,
      case .text(let labels) = try table.column(target).values
    else { return }
    for row in texts.indices {
      try add(texts[row], labels[row], path, "row \(row + 1)")
    }
  }

  private mutating func readJSON(_ path: String, _ column: String, _ target: String) throws {
    var line = 0
    var reader = try JSONLines(path: path, of: [String: Scalar].self).makeReader()
    while let record = try reader.next() {
      line += 1
      guard let text = record[column]?.text, let label = record[target]?.text else {
        throw FormatError(
          .missing, path, "record \(line) has no text '\(record[column] == nil ? column : target)'.")
      }
      try add(text, label, path, "record \(line)")
    }
  }

  private mutating func readLines(_ path: String) throws {
    var number = 0
    var reader = try TextLines(path: path, invalid: .latin1).makeReader()
    while let line = try reader.next() {
      number += 1
      let parts = line.split(maxSplits: 1, whereSeparator: \.isWhitespace)
      if parts.isEmpty { continue }
      try add(parts.count > 1 ? String(parts[1]) : "", String(parts[0]), path, "line \(number)")
    }
  }

  private mutating func add(_ text: String, _ label: String, _ path: String, _ place: String) throws {
    guard !label.isEmpty, text.contains(where: { !$0.isWhitespace }) else {
      throw FormatError(
        .malformed, path, "\(place) has no \(label.isEmpty ? "class" : "text beside the class '\(label.prefix(40))'").")
    }
    texts.append(text)
    labels.append(label)
  }

  /// A value of a record; nil for what is neither text nor number.
  private struct Scalar: Decodable, Sendable {
    var text: String?

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let value = try? container.decode(String.self) {
        text = value
      } else if let value = try? container.decode(Int.self) {
        text = String(value)
      } else if let value = try? container.decode(Bool.self) {
        text = String(value)
      }
    }
  }
}
