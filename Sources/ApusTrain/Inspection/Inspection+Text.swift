extension Inspection {
  /// For people.
  public var text: String {
    var lines = ["\(path): \(kind)" + (name.map { " '\($0)'" } ?? "")]
    for value in inputs ?? [] { lines.append("  input   \(value.text)") }
    for value in outputs ?? [] { lines.append("  output  \(value.text)") }
    if let layers { lines += ["", Inspection.table(layers)] }
    if let tensors {
      let width = tensors.map(\.name.count).max() ?? 0
      lines += tensors.map { "  \($0.name.padded(width))  \($0.dtype)[\($0.shape.joined(separator: ", "))]" }
    }
    if let operators {
      let sorted = operators.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
      lines.append("  nodes   " + sorted.map { "\($0.value) \($0.key)" }.joined(separator: ", "))
    }
    lines.append("")
    lines.append("parameters   \(grouped(parameters)) (\(Inspection.size(weightBytes)))")
    if let batch, let flops, let peakMemoryBytes {
      let each = batch == 1 ? "an image" : "\(batch) images"
      lines.append("work         \(grouped(flops)) floating-point operations for \(each)")
      lines.append("peak memory  \(grouped(peakMemoryBytes)) bytes (\(Inspection.size(peakMemoryBytes))) for \(each)")
    }
    return lines.joined(separator: "\n")
  }

  private static func table(_ layers: [Layer]) -> String {
    let rows = layers.map { layer in
      let weights = layer.weights.sorted { $0.key > $1.key }.map { "\($0.key) \($0.value)" }
      return [layer.name, weights.joined(separator: ", "), grouped(layer.parameters), grouped(layer.flops)]
    }
    return table([["layer", "weights", "parameters", "operations"]] + rows)
  }

  /// Rows of two texts and two numbers.
  static func table(_ rows: [[String]]) -> String {
    let widths = (0..<4).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      "  " + row[0].padded(widths[0]) + "  " + row[1].padded(widths[1]) + "  "
        + row[2].leftPadded(widths[2]) + "  " + row[3].leftPadded(widths[3])
    }.joined(separator: "\n")
  }

  static func size(_ bytes: Int) -> String {
    let units = ["bytes", "KiB", "MiB", "GiB", "TiB"]
    var value = Double(bytes)
    var unit = 0
    while value >= 1024 && unit < units.count - 1 {
      value /= 1024
      unit += 1
    }
    return unit == 0 ? "\(bytes) bytes" : "\(fixed(value, 1)) \(units[unit])"
  }
}

extension Inspection.Value {
  fileprivate var text: String { "\(name): \(dtype)[\(shape.joined(separator: ", "))]" }
}
