import ApusIR

extension Kernel: CustomStringConvertible {
  /// The loop nest as indented pseudo-code; `APUS_DEBUG=3` prints it.
  public var description: String {
    var lines: [String] = []
    let list = arguments.enumerated().map { index, argument in
      let access = (argument.isRead ? "r" : "") + (argument.isWritten ? "w" : "")
      return "a\(index): \(argument.dtype)[\(argument.elementCount)] \(access)"
    }
    lines.append("kernel(\(list.joined(separator: ", ")))")
    let space = parallel.map { "i\($0) in 0..<\(extents[$0])" }
    if !space.isEmpty { lines.append("parallel " + space.joined(separator: ", ")) }
    append(body, indent: "  ", to: &lines)
    return lines.joined(separator: "\n")
  }

  private func append(_ body: [Statement], indent: String, to lines: inout [String]) {
    for statement in body {
      switch statement {
      case .loop(let variable, let isVectorizable, let inner):
        lines.append(
          "\(indent)for i\(variable) in 0..<\(extents[variable])\(isVectorizable ? "  // vector" : "")")
        append(inner, indent: indent + "  ", to: &lines)
      case .define(let value, let dtype, let operation):
        lines.append("\(indent)v\(value): \(dtype) = \(operation)")
      case .declare(let accumulator, let dtype, let count, let initial):
        lines.append("\(indent)acc\(accumulator): \(dtype)[\(count)] = \(initial)")
      case .accumulate(let accumulator, let index, let op, let value):
        lines.append("\(indent)acc\(accumulator)[\(index)] \(op.rawValue)= v\(value)")
      case .assign(let accumulator, let index, let value):
        lines.append("\(indent)acc\(accumulator)[\(index)] = v\(value)")
      case .store(let argument, let index, let value):
        lines.append("\(indent)a\(argument)[\(index)] = v\(value)")
      case .when(let condition, let inner):
        lines.append("\(indent)if v\(condition)")
        append(inner, indent: indent + "  ", to: &lines)
      }
    }
  }
}

extension Kernel.Operation: CustomStringConvertible {
  public var description: String {
    switch self {
    case .constant(let value): "\(value)"
    case .load(let argument, let index, let guards, let otherwise):
      "a\(argument)[\(index)]"
        + (guards.isEmpty
          ? "" : " if \(guards.map(\.description).joined(separator: " & ")) else \(otherwise)")
    case .index(let index): "index(\(index))"
    case .unary(let op, let x): "\(op.rawValue) v\(x)"
    case .binary(let op, let x, let y): "\(op.rawValue) v\(x) v\(y)"
    case .compare(let op, let x, let y): "\(op.rawValue) v\(x) v\(y)"
    case .select(let c, let x, let y): "select v\(c) v\(x) v\(y)"
    case .cast(let x): "cast v\(x)"
    case .test(let guards): guards.map(\.description).joined(separator: " & ")
    case .read(let accumulator, let index): "acc\(accumulator)[\(index)]"
    case .randomBits(let seed, let stream, let element): "philox(v\(seed), v\(stream), \(element))"
    }
  }
}

extension Kernel.Index: CustomStringConvertible {
  public var description: String {
    var parts = terms.map { $0.stride == 1 ? "i\($0.variable)" : "\($0.stride)·i\($0.variable)" }
    parts += dynamic.map { $0.stride == 1 ? "v\($0.value)" : "\($0.stride)·v\($0.value)" }
    if offset != 0 || parts.isEmpty { parts.append("\(offset)") }
    return parts.joined(separator: " + ")
  }
}

extension Kernel.Guard: CustomStringConvertible {
  public var description: String {
    "\(bounds.lowerBound) <= \(index) < \(bounds.upperBound)"
  }
}
