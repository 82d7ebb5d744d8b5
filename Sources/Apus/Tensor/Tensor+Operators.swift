import ApusIR

extension Tensor {
  /// The sum. Of two `bool` tensors: logical or, as in PyTorch.
  public static func + (a: Tensor, b: Tensor) -> Tensor {
    arithmetic(a, b, .add, boolean: .or) { $0 + $1 } integers: { $0 &+ $1 }
  }

  public static func - (a: Tensor, b: Tensor) -> Tensor {
    arithmetic(a, b, .subtract, boolean: nil) { $0 - $1 } integers: { $0 &- $1 }
  }

  /// The product. Of two `bool` tensors: logical and, as in PyTorch.
  public static func * (a: Tensor, b: Tensor) -> Tensor {
    arithmetic(a, b, .multiply, boolean: .and) { $0 * $1 } integers: { $0 &* $1 }
  }

  /// The quotient. Of integers it is `f32`; see `floorDivide` for whole quotients.
  public static func / (a: Tensor, b: Tensor) -> Tensor {
    if let x = a.number, let y = b.number { return Tensor(number: .floating(x.double / y.double)) }
    return apply(.binary(.divide), matched([a, b], "divide", floating: true))
  }

  public static prefix func - (a: Tensor) -> Tensor {
    switch a.number {
    case .floating(let value): Tensor(number: .floating(-value))
    case .integer(let value): Tensor(number: .integer(0 &- value))
    default: apply(.unary(.negate), [a])
    }
  }

  public static func += (a: inout Tensor, b: Tensor) { a = a + b }
  public static func -= (a: inout Tensor, b: Tensor) { a = a - b }
  public static func *= (a: inout Tensor, b: Tensor) { a = a * b }
  public static func /= (a: inout Tensor, b: Tensor) { a = a / b }

  /// A primitive on two operands after promotion and broadcasting.
  static func binary(_ op: Binary, _ a: Tensor, _ b: Tensor, as name: String? = nil) -> Tensor {
    apply(.binary(op), matched([a, b], name ?? op.rawValue), as: name)
  }

  private static func arithmetic(
    _ a: Tensor, _ b: Tensor, _ op: Binary, boolean: Binary?,
    floats: (Double, Double) -> Double, integers: (Int64, Int64) -> Int64
  ) -> Tensor {
    switch (a.number, b.number) {
    case (.integer(let x), .integer(let y)): return Tensor(number: .integer(integers(x, y)))
    case (.floating(let x), let y?): return Tensor(number: .floating(floats(x, y.double)))
    case (let x?, .floating(let y)): return Tensor(number: .floating(floats(x.double, y)))
    default: break
    }
    if let boolean, commonDType([a, b]) == .bool { return binary(boolean, a, b, as: op.rawValue) }
    return binary(op, a, b)
  }
}

// MARK: - Comparison

infix operator .== : ComparisonPrecedence
infix operator .!= : ComparisonPrecedence
infix operator .< : ComparisonPrecedence
infix operator .<= : ComparisonPrecedence
infix operator .> : ComparisonPrecedence
infix operator .>= : ComparisonPrecedence

extension Tensor {
  /// Elementwise; the result is `bool`. A NaN differs from everything.
  public static func .== (a: Tensor, b: Tensor) -> Tensor { compared(.equal, a, b) }
  public static func .!= (a: Tensor, b: Tensor) -> Tensor { compared(.notEqual, a, b) }
  public static func .< (a: Tensor, b: Tensor) -> Tensor { compared(.less, a, b) }
  public static func .<= (a: Tensor, b: Tensor) -> Tensor { compared(.lessEqual, a, b) }
  public static func .> (a: Tensor, b: Tensor) -> Tensor { compared(.greater, a, b) }
  public static func .>= (a: Tensor, b: Tensor) -> Tensor { compared(.greaterEqual, a, b) }

  private static func compared(_ op: Comparison, _ a: Tensor, _ b: Tensor) -> Tensor {
    apply(.compare(op), matched([a, b], op.rawValue))
  }
}

// MARK: - Logic and bits

prefix operator .!

extension Tensor {
  /// Logical and of `bool`, bitwise of integers.
  public static func & (a: Tensor, b: Tensor) -> Tensor { binary(.and, a, b) }
  /// Logical or of `bool`, bitwise of integers.
  public static func | (a: Tensor, b: Tensor) -> Tensor { binary(.or, a, b) }
  /// Exclusive or of `bool`, bitwise of integers.
  public static func ^ (a: Tensor, b: Tensor) -> Tensor { binary(.xor, a, b) }
  /// Not, of `bool`; every bit of integers.
  public static prefix func .! (a: Tensor) -> Tensor { apply(.unary(.not), [a]) }
  public static func << (a: Tensor, b: Tensor) -> Tensor { binary(.shiftLeft, a, b) }
  public static func >> (a: Tensor, b: Tensor) -> Tensor { binary(.shiftRight, a, b) }
}

// MARK: - Equality

extension Tensor: Equatable {
  /// Whether shape, dtype and all elements are equal. Computes both. A NaN differs from itself.
  public static func == (a: Tensor, b: Tensor) -> Bool {
    guard a.type == b.type else { return false }
    return (a .== b).all().scalar()
  }

  /// For each pair of elements whether |a - b| ≤ absolute + relative · |b|, as in NumPy.
  public func isClose(
    _ other: Tensor, relative: Double = 1e-5, absolute: Double = 1e-8, equalNaN: Bool = false
  ) -> Tensor {
    let pair = Tensor.matched([self, other], "isClose", floating: true)
    let (a, b) = (pair[0], pair[1])
    let bound = abs(b) * Tensor(relative) + Tensor(absolute)
    let isNear = (abs(a - b) .<= bound) & isFinite(b)
    let close = isNear | (a .== b)
    return equalNaN ? close | (isNaN(a) & isNaN(b)) : close
  }

  /// Whether all pairs of elements are close.
  public func allClose(
    _ other: Tensor, relative: Double = 1e-5, absolute: Double = 1e-8, equalNaN: Bool = false
  ) -> Bool {
    isClose(other, relative: relative, absolute: absolute, equalNaN: equalNaN).all().scalar()
  }
}
