extension Unary {
  var gradient: GradientRule {
    switch self {
    case .sign, .floor, .ceil, .round, .not: .zero
    default:
      .rule { (node, gradients) throws(TensorError) in
        guard let g = gradients[0] else { return [nil] }
        return [try gradient(g, x: node.inputs[0], y: node)]
      }
    }
  }

  /// The gradient `g` of y = f(x), passed on to x.
  private func gradient(_ g: Node, x: Node, y: Node) throws(TensorError) -> Node {
    switch self {
    case .negate: return try g.applying(.negate)
    case .absolute: return try g * x.applying(.sign)
    case .exp: return try g * y
    case .expm1: return try g * (1 + y)
    case .log: return try g / x
    case .log1p: return try g / (1 + x)
    case .sqrt: return try g / (2 * y)
    case .rsqrt: return try (-0.5 * g) * (y * (y * y))
    case .sin: return try g * x.applying(.cos)
    case .cos: return try g * x.applying(.sin).applying(.negate)
    case .tan: return try g * (1 + y * y)
    case .atan: return try g / (1 + x * x)
    case .tanh: return try g * (1 - y * y)
    case .erf:
      let slope = try (x * x).applying(.negate).applying(.exp)
      return try g * (1.1283791670955126 * slope)  // 2 / sqrt(pi)
    case .sigmoid: return try g * (y * (1 - y))
    case .sign, .floor, .ceil, .round, .not:
      return try Node.zeros(x.type, device: x.device)
    }
  }
}

extension Binary {
  var gradient: GradientRule {
    switch self {
    case .and, .or, .xor, .shiftLeft, .shiftRight: .zero
    default:
      .rule { (node, gradients) throws(TensorError) in
        guard let g = gradients[0] else { return [nil, nil] }
        return try gradient(g, a: node.inputs[0], b: node.inputs[1], y: node)
      }
    }
  }

  private func gradient(_ g: Node, a: Node, b: Node, y: Node) throws(TensorError) -> [Node?] {
    switch self {
    case .add: return [g, g]
    case .subtract: return [g, try g.applying(.negate)]
    case .multiply: return [try g * b, try g * a]
    case .divide:
      let first = try g / b
      return [first, try (first * y).applying(.negate)]
    case .remainder:
      let quotient = try a / b
      let isNegative = try quotient.compared(.less, quotient.filled(0))
      let whole = try isNegative.select(quotient.applying(.ceil), quotient.applying(.floor))
      return [g, try (g * whole).applying(.negate)]
    case .power: return try powerGradient(g, a: a, b: b, y: y)
    case .maximum: return try extremeGradient(g, a: a, b: b, wins: .greater)
    case .minimum: return try extremeGradient(g, a: a, b: b, wins: .less)
    case .atan2:
      let scaled = try g / (a * a + b * b)
      return [try scaled * b, try (scaled * a).applying(.negate)]
    case .and, .or, .xor, .shiftLeft, .shiftRight: return [nil, nil]
    }
  }

  /// a^b: b·a^(b-1) and a^b·log a; zero where the exponent is 0, and where the base is 0.
  private func powerGradient(_ g: Node, a: Node, b: Node, y: Node) throws(TensorError) -> [Node?] {
    let lowered = try Node(.binary(.power), [a, b - b.filled(1)])
    let exponentIsZero = try b.compared(.equal, b.filled(0))
    let first = try exponentIsZero.select(g.filled(0), g * (b * lowered))
    if b.constant != nil { return [first, nil] }
    let baseIsZero = try a.compared(.equal, a.filled(0))
    let logarithm = try baseIsZero.select(a.filled(1), a).applying(.log)
    let second = try baseIsZero.select(g.filled(0), g * (y * logarithm))
    return [first, second]
  }

  /// The gradient goes to the operand that wins, half to each where they are equal (as PyTorch).
  private func extremeGradient(
    _ g: Node, a: Node, b: Node, wins: Comparison
  ) throws(TensorError) -> [Node?] {
    let zero = try g.filled(0)
    let shared = try a.compared(.equal, b).select(0.5 * g, zero)
    let first = try a.compared(wins, b).select(g, shared)
    return [first, try b.compared(wins, a).select(g, shared)]
  }
}

let selectGradient: Rule = { (node, gradients) throws(TensorError) in
  guard let g = gradients[0] else { return [nil, nil, nil] }
  let (condition, zero) = (node.inputs[0], try g.filled(0))
  return [nil, try condition.select(g, zero), try condition.select(zero, g)]
}

let castGradient: Rule = { (node, gradients) throws(TensorError) in
  guard let g = gradients[0], node.inputs[0].dtype.isFloating, node.dtype.isFloating else {
    return [nil]
  }
  return [try g.cast(node.inputs[0].dtype)]
}
