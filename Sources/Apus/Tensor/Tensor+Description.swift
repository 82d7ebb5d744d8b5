// Printing in NumPy's form: eight digits at most, aligned columns, an ellipsis in large tensors.

import ApusIR

extension Tensor: CustomStringConvertible, CustomDebugStringConvertible {
  /// The elements as NumPy prints them. Computes them.
  public var description: String {
    let elements = array(of: Double.self)
    if rank == 0 { return ElementFormat.single(elements[0], dtype, self) }
    if elements.isEmpty { return "[]" }
    var printer = TensorPrinter(shape: shape.extents)
    var shown: [Int] = []
    printer.visit { shown.append($0) }
    let words: (Int) -> String
    switch dtype.category {
    case .floating:
      let format = FloatFormat(shown.map { elements[$0] }, dtype)
      words = { format.string(elements[$0]) }
    case .integer:
      // Beyond 53 bits a Double is not exact.
      let integers = array(of: Int64.self)
      let width = shown.map { "\(integers[$0])".count }.max() ?? 0
      words = { "\(integers[$0])".padded(left: width) }
    case .bool:
      words = { elements[$0] != 0 ? " True" : "False" }
    }
    return printer.text(words)
  }

  /// Dtype and shape before the elements.
  public var debugDescription: String { "\(type) \(description)" }
}

/// NumPy's layout of nested brackets.
private struct TensorPrinter {
  let shape: [Int]
  let isSummary: Bool
  static let edgeItems = 3
  static let threshold = 1000
  static let lineWidth = 75

  init(shape: [Int]) {
    self.shape = shape
    isSummary = shape.reduce(1, *) > TensorPrinter.threshold
  }

  /// The positions shown along an axis; nil stands for the ellipsis.
  private func positions(_ axis: Int) -> [Int?] {
    let extent = shape[axis]
    guard isSummary, extent > 2 * TensorPrinter.edgeItems else { return Array(0..<extent) }
    let edge = TensorPrinter.edgeItems
    return Array(0..<edge) + [nil] + Array((extent - edge)..<extent)
  }

  /// Calls `body` with the row-major index of each element shown.
  mutating func visit(_ body: (Int) -> Void) {
    func walk(_ axis: Int, _ offset: Int) {
      if axis == shape.count {
        body(offset)
        return
      }
      for position in positions(axis) {
        if let position { walk(axis + 1, offset * shape[axis] + position) }
      }
    }
    walk(0, 0)
  }

  func text(_ word: (Int) -> String) -> String {
    text(axis: 0, offset: 0, indent: " ", width: TensorPrinter.lineWidth, word)
  }

  private func text(
    axis: Int, offset: Int, indent: String, width: Int, _ word: (Int) -> String
  ) -> String {
    let isRow = axis == shape.count - 1
    let body =
      isRow
      ? row(offset, indent, width: width - 1, word)
      : rows(axis, offset, indent, width, word)
    return "[" + body.dropFirst(indent.count) + "]"
  }

  private func row(_ offset: Int, _ indent: String, width: Int, _ word: (Int) -> String) -> String {
    var lines = ""
    var line = indent
    let places = positions(shape.count - 1)
    for (number, position) in places.enumerated() {
      let next = position.map { word(offset * shape[shape.count - 1] + $0) } ?? "..."
      if line.count + next.count > width && line.count > indent.count {
        while line.last == " " { line.removeLast() }
        lines += line + "\n"
        line = indent
      }
      line += next
      if number < places.count - 1 { line += " " }
    }
    return lines + line
  }

  private func rows(
    _ axis: Int, _ offset: Int, _ indent: String, _ width: Int, _ word: (Int) -> String
  ) -> String {
    let parts = positions(axis).map { position -> String in
      guard let position else { return indent + "..." }
      return indent
        + text(
          axis: axis + 1, offset: offset * shape[axis] + position, indent: indent + " ",
          width: width - 1, word)
    }
    return parts.joined(separator: String(repeating: "\n", count: shape.count - axis - 1))
  }
}

enum ElementFormat {
  /// A tensor without axes, printed as a NumPy scalar.
  static func single(_ value: Double, _ dtype: DType, _ tensor: Tensor) -> String {
    switch dtype.category {
    case .bool: return value != 0 ? "True" : "False"
    case .integer: return "\(tensor.scalar(as: Int64.self))"
    case .floating:
      if value.isNaN { return "nan" }
      if value.isInfinite { return value < 0 ? "-inf" : "inf" }
      let digits = ShortestDigits(value, dtype, limit: .max)
      let magnitude = Swift.abs(value)
      if magnitude != 0 && (magnitude >= 1e16 || magnitude < 1e-4) {
        let text = digits.scientific
        let fraction = text.fraction.isEmpty ? "" : "." + text.fraction
        return text.integer + fraction + "e" + text.exponent
      }
      let text = digits.positional
      return text.integer + "." + (text.fraction.isEmpty ? "0" : text.fraction)
    }
  }
}
