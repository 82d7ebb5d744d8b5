// Readable and drawable forms of a program.

extension Program: CustomStringConvertible {
  /// One line an instruction: `%3: f32[2, 4] = matmul(transposeB) %0, %1  // hidden`.
  public var description: String {
    var lines = ["program(" + (0..<inputCount).map(typed).joined(separator: ", ") + ")"]
    for instruction in instructions {
      let results = instruction.results.map(typed).joined(separator: ", ")
      let operands = instruction.operands.map { "%\($0)" }.joined(separator: ", ")
      let attributes = instruction.primitive.attributeText
      var line = "  \(results) = \(instruction.primitive.name)"
      if !attributes.isEmpty { line += "(\(attributes))" }
      if !operands.isEmpty { line += " \(operands)" }
      if let module = instruction.module { line += "  // \(module)" }
      lines.append(line)
      if let body = instruction.primitive.body {
        lines += body.description.split(separator: "\n").map { "    " + $0 }
      }
    }
    lines.append("  return " + outputs.map { "%\($0)" }.joined(separator: ", "))
    return lines.joined(separator: "\n")
  }

  private func typed(_ value: Value) -> String { "%\(value): \(types[value])" }

  /// The program in Graphviz's language; `dot -Tsvg` draws it.
  public var dot: String {
    var lines = [
      "digraph apus {", "  node [shape=box, style=rounded, fontname=\"Helvetica\", fontsize=10];",
      "  edge [fontname=\"Helvetica\", fontsize=8];",
    ]
    for input in 0..<inputCount {
      lines.append("  v\(input) [label=\"input \(input)\\n\(types[input])\", shape=ellipse];")
    }
    var producer = Array(0..<inputCount).map { "v\($0)" }
    for instruction in instructions {
      let name = "v\(instruction.result)"
      let label = [instruction.primitive.name, instruction.primitive.attributeText, instruction.module ?? ""]
        .filter { !$0.isEmpty }.map(escaped).joined(separator: "\\n")
      lines.append("  \(name) [label=\"\(label)\\n\(types[instruction.result])\"];")
      for operand in instruction.operands {
        lines.append("  \(producer[operand]) -> \(name) [label=\"\(types[operand].shape)\"];")
      }
      producer += instruction.results.map { _ in name }
    }
    for (index, output) in outputs.enumerated() {
      lines.append("  o\(index) [label=\"output \(index)\", shape=ellipse];")
      lines.append("  \(producer[output]) -> o\(index);")
    }
    lines.append("}")
    return lines.joined(separator: "\n")
  }

  private func escaped(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
  }
}

extension Primitive {
  /// The sub-program, for primitives that have one.
  public var body: Program? {
    switch self {
    case .scan(let scan): scan.body
    case .call(let call): call.body
    default: nil
    }
  }

  /// The attributes in text forms, empty where there is none to tell.
  public var attributeText: String {
    switch self {
    case .constant(let value, _): "\(value)"
    case .iota(let axis, _): "axis: \(axis)"
    case .transpose(let permutation): "\(permutation)"
    case .slice(let slicing):
      zip(zip(slicing.starts, slicing.ends), slicing.strides).map { range, stride in
        "\(range.0)..<\(range.1)" + (stride == 1 ? "" : " by \(stride)")
      }.joined(separator: ", ")
    case .pad(let padding):
      "low: \(padding.low), high: \(padding.high), interior: \(padding.interior), "
        + "value: \(padding.value)"
    case .concatenate(let axis): "axis: \(axis)"
    case .reverse(let axes): "axes: \(axes)"
    case .reduce(_, let axes): "axes: \(axes)"
    case .argReduce(_, let axis): "axis: \(axis)"
    case .cumulative(_, let axis, let reverse): "axis: \(axis)" + (reverse ? ", reverse" : "")
    case .matmul(let transposeA, let transposeB):
      [transposeA ? "transposeA" : "", transposeB ? "transposeB" : ""]
        .filter { !$0.isEmpty }.joined(separator: ", ")
    case .convolution(let c):
      "strides: \(c.strides), dilations: \(c.dilations), low: \(c.low), high: \(c.high), "
        + "groups: \(c.groups)"
    case .windowReduce(_, let w), .windowArgMax(let w):
      "sizes: \(w.sizes), strides: \(w.strides), dilations: \(w.dilations), low: \(w.low), "
        + "high: \(w.high)"
    case .gather(let axis, let addressing): "axis: \(axis), \(addressing.rawValue)"
    case .scatter(let axis, let addressing, let combine):
      "axis: \(axis), \(addressing.rawValue), \(combine.rawValue)"
    case .argSort(let axis, let descending, let count):
      "axis: \(axis), count: \(count)" + (descending ? ", descending" : "")
    case .scan(let scan):
      "length: \(scan.length), constants: \(scan.constants), carries: \(scan.carries)"
        + (scan.reverse ? ", reverse" : "")
    case .output(let index): "\(index)"
    case .input, .randomBits, .unary, .binary, .compare, .select, .cast, .broadcast, .reshape,
      .call, .host, .stopGradient, .barrier:
      ""
    }
  }
}
