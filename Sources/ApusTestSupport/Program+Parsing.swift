import ApusIR

extension Program {
  /// Reads the text form that `description` writes, but for host operations. For tests: text that
  /// is not a program traps.
  public init(parsing text: String) {
    var lines = text.split(separator: "\n").map(String.init)[...]
    self = ProgramParser.program(&lines)
  }
}

private enum ProgramParser {
  static func program(_ lines: inout ArraySlice<String>) -> Program {
    let head = lines.removeFirst().trimmed
    let declared = head.between("program(", ")")
    var program = Program(inputs: values(declared).map(\.type))
    while let line = lines.popFirst()?.trimmed {
      if line.hasPrefix("return") {
        program.outputs = numbers(line)
        return program
      }
      append(line, to: &program, &lines)
    }
    fatalError("the program has no return")
  }

  /// `%2: f32[3] = add %0, %1  // module`, and the body in the next lines, if any.
  private static func append(
    _ line: String, to program: inout Program, _ lines: inout ArraySlice<String>
  ) {
    let parts = line.components(of: "  // ")
    let equation = parts[0].components(of: " = ")
    let results = values(equation[0])
    var (name, attributes, operands) = (equation[1], "", "")
    if let open = equation[1].firstIndex(of: "("), let close = equation[1].lastIndex(of: ")") {
      name = String(equation[1][..<open])
      attributes = String(equation[1][equation[1].index(after: open)..<close])
      operands = String(equation[1][equation[1].index(after: close)...])
    } else if let space = equation[1].firstIndex(of: " ") {
      name = String(equation[1][..<space])
      operands = String(equation[1][space...])
    }
    let inputs = numbers(operands)
    var body: Program?
    if let next = lines.first, next.trimmed.hasPrefix("program(") { body = self.program(&lines) }
    let primitive = primitive(
      name, Attributes(attributes), results[0].type, inputs.count, body)
    program.append(
      primitive, inputs, types: results.map(\.type), module: parts.count > 1 ? parts[1] : nil)
  }

  private static func primitive(
    _ name: String, _ attributes: Attributes, _ type: TensorType, _ count: Int, _ body: Program?
  ) -> Primitive {
    if let op = Unary(rawValue: name) { return .unary(op) }
    if let op = Binary(rawValue: name) { return .binary(op) }
    if let op = Comparison(rawValue: name) { return .compare(op) }
    if let op = ArgReduction(rawValue: name) { return .argReduce(op, axis: attributes["axis"]) }
    if let kind = Convolution.Kind(rawValue: name) {
      let isForward = kind == .forward
      let spatial = isForward ? [] : Array(type.shape.dropFirst(kind == .inputGradient ? 1 : 2))
      return .convolution(
        Convolution(
          kind: kind, strides: attributes["strides"], dilations: attributes["dilations"],
          low: attributes["low"], high: attributes["high"], groups: attributes["groups"],
          extents: kind == .inputGradient ? Array(spatial.dropLast()) : spatial))
    }
    for op in Reduction.allCases {
      let suffix = op.rawValue.prefix(1).uppercased() + op.rawValue.dropFirst()
      switch name {
      case "reduce" + suffix: return .reduce(op, axes: attributes["axes"])
      case "cumulative" + suffix:
        return .cumulative(op, axis: attributes["axis"], reverse: attributes.has("reverse"))
      case "window" + suffix: return .windowReduce(op, window(attributes))
      default: break
      }
    }
    switch name {
    case "constant": return .constant(scalar(attributes.text, type.dtype), type)
    case "iota": return .iota(axis: attributes["axis"], type)
    case "randomBits": return .randomBits(type)
    case "select": return .select
    case "cast": return .cast(type.dtype)
    case "broadcast": return .broadcast(type.shape)
    case "reshape": return .reshape(type.shape)
    case "transpose": return .transpose(integers(attributes.text))
    case "slice": return .slice(slicing(attributes.text))
    case "pad":
      return .pad(
        Padding(
          low: attributes["low"], high: attributes["high"], interior: attributes["interior"],
          value: scalar(attributes.value("value"), type.dtype)))
    case "concatenate": return .concatenate(axis: attributes["axis"])
    case "reverse": return .reverse(axes: attributes["axes"])
    case "matmul":
      return .matmul(
        transposeA: attributes.has("transposeA"), transposeB: attributes.has("transposeB"))
    case "windowArgMax": return .windowArgMax(window(attributes))
    case "gather":
      return .gather(axis: attributes["axis"], attributes.has("slices") ? .slices : .elements)
    case "scatter":
      return .scatter(
        axis: attributes["axis"], attributes.has("slices") ? .slices : .elements,
        attributes.has("add") ? .add : .replace)
    case "argSort":
      return .argSort(
        axis: attributes["axis"], descending: attributes.has("descending"),
        count: attributes["count"])
    case "scan":
      return .scan(
        Scan(
          body: body!, length: attributes["length"], constants: attributes["constants"],
          carries: attributes["carries"], reverse: attributes.has("reverse")))
    case "stopGradient": return .stopGradient
    case "barrier": return .barrier
    default:
      guard let body else { fatalError("there is no primitive \(name)") }
      return .call(Call(name: name, body: body, rule: .checkpoint))
    }
  }

  private static func window(_ attributes: Attributes) -> Window {
    Window(
      sizes: attributes["sizes"], strides: attributes["strides"],
      dilations: attributes["dilations"], low: attributes["low"], high: attributes["high"])
  }

  /// `0..<4 by 2, 1..<3`
  private static func slicing(_ text: String) -> Slicing {
    var result = Slicing(starts: [], ends: [])
    for part in text.components(of: ", ") where !part.isEmpty {
      let range = part.components(of: " by ")
      let bounds = range[0].components(of: "..<")
      result.starts.append(Int(bounds[0])!)
      result.ends.append(Int(bounds[1])!)
      result.strides.append(range.count > 1 ? Int(range[1])! : 1)
    }
    return result
  }

  private static func scalar(_ text: String, _ dtype: DType) -> Scalar {
    switch dtype.category {
    case .bool: .bool(text == "true")
    case .integer: .integer(Int64(text)!)
    case .floating: .floating(Double(text)!)
    }
  }

  /// `%0: f32[3], %1: i64[]`
  private static func values(_ text: String) -> [(name: Int, type: TensorType)] {
    text.split(separator: "%").map { part in
      let fields = String(part).components(of: ": ")
      let open = fields[1].firstIndex(of: "[")!
      let dtype = DType(rawValue: String(fields[1][..<open]))!
      return (Int(fields[0])!, TensorType(dtype, Shape(integers(String(fields[1][open...])))))
    }
  }

  /// `%0, %1`
  private static func numbers(_ text: String) -> [Int] {
    text.split(separator: "%").compactMap { Int($0.filter(\.isNumber)) }
  }

  fileprivate static func integers(_ text: String) -> [Int] {
    text.split { !$0.isNumber && $0 != "-" }.map { Int($0)! }
  }
}

/// `axis: 0, sizes: [2, 2], reverse`
private struct Attributes {
  let text: String

  init(_ text: String) { self.text = text }

  func has(_ flag: String) -> Bool { text.components(of: ", ").contains(flag) }

  func value(_ key: String) -> String {
    let rest = text.components(of: key + ": ")[1]
    return rest.hasPrefix("[") ? rest.between("[", "]") : rest.components(of: ", ")[0]
  }

  subscript(key: String) -> Int { Int(value(key))! }
  subscript(key: String) -> [Int] { ProgramParser.integers(value(key)) }
}

extension String {
  fileprivate var trimmed: String {
    String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }

  fileprivate func components(of separator: String) -> [String] {
    split(separator: separator, omittingEmptySubsequences: false).map(String.init)
  }

  fileprivate func between(_ open: String, _ close: String) -> String {
    let start = firstRange(of: open)!.upperBound
    return String(self[start...].prefix { String($0) != close })
  }
}
