import ApusIR

struct RealUnary: RealKernel {
  let op: Unary
  let operand: Dense
  let result: MutableDense

  func run<E: Element>(on element: E.Type) where E.Value: Real {
    typealias V = E.Value
    switch op {
    case .negate: map(element) { -$0 }
    case .absolute: map(element) { $0.magnitude }
    case .sign: map(element) { $0 > 0 ? 1 : ($0 < 0 ? -1 : 0) }
    case .floor: map(element) { $0.rounded(.down) }
    case .ceil: map(element) { $0.rounded(.up) }
    case .round: map(element) { $0.rounded(.toNearestOrEven) }
    case .exp: map(element) { V.exponential($0) }
    case .expm1: map(element) { V.exponentialMinusOne($0) }
    case .log: map(element) { V.logarithm($0) }
    case .log1p: map(element) { V.logarithmOnePlus($0) }
    case .sqrt: map(element) { $0.squareRoot() }
    case .rsqrt: map(element) { 1 / $0.squareRoot() }
    case .sin: map(element) { V.sine($0) }
    case .cos: map(element) { V.cosine($0) }
    case .tan: map(element) { V.tangent($0) }
    case .atan: map(element) { V.arcTangent($0) }
    case .tanh: map(element) { V.hyperbolicTangent($0) }
    case .erf: map(element) { V.errorFunction($0) }
    case .sigmoid: map(element) { 1 / (1 + V.exponential(-$0)) }
    case .not: break
    }
  }

  @inline(__always)
  private func map<E: Element>(_ element: E.Type, _ function: (E.Value) -> E.Value) {
    let (source, target) = (operand.elements(element), result.elements(element))
    for index in 0..<result.count { target[index] = E(function(source[index].value)) }
  }
}

struct IntegerUnary: IntegerKernel {
  let op: Unary
  let operand: Dense
  let result: MutableDense

  func run<E: Element & FixedWidthInteger>(on element: E.Type) {
    switch op {
    case .negate: map(element) { 0 &- $0 }
    case .absolute: map(element) { $0 < 0 ? 0 &- $0 : $0 }
    case .sign: map(element) { $0.signum() }
    case .not: map(element) { ~$0 }
    default: break
    }
  }

  @inline(__always)
  private func map<E: Element>(_ element: E.Type, _ function: (E) -> E) {
    let (source, target) = (operand.elements(element), result.elements(element))
    for index in 0..<result.count { target[index] = function(source[index]) }
  }
}

/// The functions of two numbers that every dtype has.
struct OrderedBinary: Kernel {
  let op: Binary
  let operands: (Dense, Dense)
  let result: MutableDense

  func run<E: Element>(on element: E.Type) {
    let (a, b) = (operands.0.elements(element), operands.1.elements(element))
    let target = result.elements(element)
    if op == .maximum {
      for i in 0..<result.count { target[i] = E(E.Value.greater(a[i].value, b[i].value)) }
    } else {
      for i in 0..<result.count { target[i] = E(E.Value.lesser(a[i].value, b[i].value)) }
    }
  }
}

struct RealBinary: RealKernel {
  let op: Binary
  let operands: (Dense, Dense)
  let result: MutableDense

  func run<E: Element>(on element: E.Type) where E.Value: Real {
    typealias V = E.Value
    switch op {
    case .add: zip(element) { $0 + $1 }
    case .subtract: zip(element) { $0 - $1 }
    case .multiply: zip(element) { $0 * $1 }
    case .divide: zip(element) { $0 / $1 }
    case .remainder: zip(element) { V.remainder($0, $1) }
    case .power: zip(element) { V.power($0, $1) }
    case .atan2: zip(element) { V.arcTangent($0, $1) }
    case .maximum, .minimum, .and, .or, .xor, .shiftLeft, .shiftRight: break
    }
  }

  @inline(__always)
  private func zip<E: Element>(
    _ element: E.Type, _ function: (E.Value, E.Value) -> E.Value
  ) {
    let (a, b) = (operands.0.elements(element), operands.1.elements(element))
    let target = result.elements(element)
    for index in 0..<result.count {
      target[index] = E(function(a[index].value, b[index].value))
    }
  }
}

struct IntegerBinary: IntegerKernel {
  let op: Binary
  let operands: (Dense, Dense)
  let result: MutableDense

  func run<E: Element & FixedWidthInteger>(on element: E.Type) {
    let width = E(E.bitWidth)
    switch op {
    case .add: zip(element) { $0 &+ $1 }
    case .subtract: zip(element) { $0 &- $1 }
    case .multiply: zip(element) { $0 &* $1 }
    case .divide: zip(element) { $1 == 0 ? 0 : $0.dividedReportingOverflow(by: $1).partialValue }
    case .remainder: zip(element) { $1 == 0 || $1 == 0 &- 1 && E.isSigned ? 0 : $0 % $1 }
    case .power: zip(element) { power($0, $1) }
    case .and: zip(element) { $0 & $1 }
    case .or: zip(element) { $0 | $1 }
    case .xor: zip(element) { $0 ^ $1 }
    case .shiftLeft: zip(element) { $1 < 0 || $1 >= width ? 0 : $0 &<< $1 }
    case .shiftRight: zip(element) { $0 &>> ($1 < 0 || $1 >= width ? width - 1 : $1) }
    case .maximum, .minimum, .atan2: break
    }
  }

  @inline(__always)
  private func zip<E: Element>(_ element: E.Type, _ function: (E, E) -> E) {
    let (a, b) = (operands.0.elements(element), operands.1.elements(element))
    let target = result.elements(element)
    for index in 0..<result.count { target[index] = function(a[index], b[index]) }
  }

  /// By repeated squaring, with wrap-around.
  private func power<E: FixedWidthInteger>(_ base: E, _ exponent: E) -> E {
    if exponent < 0 {
      if base == 1 { return 1 }
      if base == 0 &- 1 { return exponent & 1 == 0 ? 1 : base }
      return 0
    }
    var (result, square, rest) = (E(1), base, exponent)
    while rest > 0 {
      if rest & 1 == 1 { result = result &* square }
      square = square &* square
      rest >>= 1
    }
    return result
  }
}

func evaluateUnary(_ op: Unary, _ operand: Dense, _ result: MutableDense) {
  switch operand.type.dtype.category {
  case .floating:
    RealUnary(op: op, operand: operand, result: result).run(operand.type.dtype)
  case .integer:
    IntegerUnary(op: op, operand: operand, result: result).run(operand.type.dtype)
  case .bool:
    let (source, target) = (operand.elements(UInt8.self), result.elements(UInt8.self))
    for index in 0..<result.count { target[index] = source[index] == 0 ? 1 : 0 }
  }
}

func evaluateBinary(_ op: Binary, _ operands: (Dense, Dense), _ result: MutableDense) {
  let dtype = result.type.dtype
  if op == .maximum || op == .minimum {
    return OrderedBinary(op: op, operands: operands, result: result).run(dtype)
  }
  switch dtype.category {
  case .floating:
    RealBinary(op: op, operands: operands, result: result).run(dtype)
  case .integer:
    IntegerBinary(op: op, operands: operands, result: result).run(dtype)
  case .bool:
    // `and`, `or`, `xor` on bytes that are 0 or 1.
    IntegerBinary(op: op, operands: operands, result: result).run(.u8)
  }
}

struct Compare: Kernel {
  let op: Comparison
  let operands: (Dense, Dense)
  let result: MutableDense

  func run<E: Element>(on element: E.Type) {
    switch op {
    case .equal: zip(element) { $0 == $1 }
    case .notEqual: zip(element) { $0 != $1 }
    case .less: zip(element) { $0 < $1 }
    case .lessEqual: zip(element) { $0 <= $1 }
    case .greater: zip(element) { $0 > $1 }
    case .greaterEqual: zip(element) { $0 >= $1 }
    }
  }

  @inline(__always)
  private func zip<E: Element>(_ element: E.Type, _ function: (E.Value, E.Value) -> Bool) {
    let (a, b) = (operands.0.elements(element), operands.1.elements(element))
    let target = result.elements(UInt8.self)
    for index in 0..<result.count {
      target[index] = function(a[index].value, b[index].value) ? 1 : 0
    }
  }
}

struct Select: MoveKernel {
  let condition: Dense
  let whereTrue: Dense
  let whereFalse: Dense
  let result: MutableDense

  func run<E: BitwiseCopyable>(on element: E.Type) {
    let mask = condition.elements(UInt8.self)
    let (a, b) = (whereTrue.elements(element), whereFalse.elements(element))
    let target = result.elements(element)
    for index in 0..<result.count { target[index] = mask[index] != 0 ? a[index] : b[index] }
  }
}

struct Cast: Kernel {
  let operand: Dense
  let result: MutableDense

  func run<Source: Element>(on source: Source.Type) {
    CastFrom<Source>(operand: operand, result: result).run(result.type.dtype)
  }
}

private struct CastFrom<Source: Element>: Kernel {
  let operand: Dense
  let result: MutableDense

  func run<Target: Element>(on element: Target.Type) {
    let (source, target) = (operand.elements(Source.self), result.elements(element))
    if Source.isFloating {
      for index in 0..<result.count { target[index] = Target(floating: source[index].floating) }
    } else {
      for index in 0..<result.count { target[index] = Target(integer: source[index].integer) }
    }
  }
}
