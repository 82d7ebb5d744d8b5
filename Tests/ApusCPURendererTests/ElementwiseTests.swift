import ApusIR
import ApusRuntime
import Foundation
import Testing

@testable import ApusCPU

/// A Swift type that holds the elements of a dtype, with plain arithmetic to compare with.
private protocol Element: BitwiseCopyable, Equatable {
  static var dtype: DType { get }
  static var samples: [Self] { get }
}

extension FixedWidthInteger where Self: BitwiseCopyable {
  fileprivate static var edges: [Self] {
    let small: [Int] = [0, 1, 2, 3, 5, 7, 8, 15, 31, 33, 63, 64, 100, -1, -2, -3, -7, -64, -100]
    var list = small.map { Self(truncatingIfNeeded: $0) }
    list += [.min, .max, .min &+ 1, .max &- 1]
    return list
  }
}

extension UInt8: Element {
  static let dtype = DType.u8
  fileprivate static var samples: [UInt8] { edges }
}
extension Int8: Element {
  static let dtype = DType.i8
  fileprivate static var samples: [Int8] { edges }
}
extension Int16: Element {
  static let dtype = DType.i16
  fileprivate static var samples: [Int16] { edges }
}
extension Int32: Element {
  static let dtype = DType.i32
  fileprivate static var samples: [Int32] { edges }
}
extension Int64: Element {
  static let dtype = DType.i64
  fileprivate static var samples: [Int64] { edges }
}

private let realSamples: [Double] = [
  0, -0.0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 3.7, -3.7, 1e-3, 100.25, -100.25, 127.5, 128, -128.5,
  255, 256, 300, 65_504, 65_520, 1e9, 2_147_483_648, -2_147_483_648, -2_147_483_904, 1e19, -1e19,
  9.2e18, 1e-8, 1e-40, .infinity, -.infinity, .nan,
]

extension Float: Element {
  static let dtype = DType.f32
  fileprivate static var samples: [Float] { realSamples.map { Float($0) } }
}
extension Double: Element {
  static let dtype = DType.f64
  fileprivate static var samples: [Double] { realSamples }
}

/// Runs `operation` on every pair of samples.
private func pairs<E: Element, R: BitwiseCopyable>(
  _ type: E.Type, to result: DType, _ filler: R, _ operation: Kernel.Operation
) throws -> [(E, E, R)] {
  let a = E.samples.flatMap { x in E.samples.map { _ in x } }
  let b = E.samples.flatMap { _ in E.samples }
  let memory = Memory([R](repeating: filler, count: a.count))
  try Kernel.map([E.dtype, E.dtype], to: result, count: a.count, operation)
    .run([Memory(a), Memory(b), memory])
  return zip(zip(a, b), memory.array(of: R.self)).map { ($0.0, $0.1, $1) }
}

@Suite struct ElementwiseTests {
  // MARK: Integers

  private func power<E: FixedWidthInteger>(_ base: E, _ exponent: E) -> E {
    if exponent < 0 { return base == 1 ? 1 : base == 0 &- 1 ? (exponent & 1 == 0 ? 1 : base) : 0 }
    var (result, square, rest) = (E(1), base, exponent)
    while rest > 0 {
      if rest & 1 == 1 { result = result &* square }
      square = square &* square
      rest >>= 1
    }
    return result
  }

  private func expected<E: FixedWidthInteger>(_ op: Binary, _ x: E, _ y: E) -> E {
    let isOutside = y < 0 || y >= E(E.bitWidth)
    switch op {
    case .add: return x &+ y
    case .subtract: return x &- y
    case .multiply: return x &* y
    case .divide: return y == 0 ? 0 : x.dividedReportingOverflow(by: y).partialValue
    case .remainder: return y == 0 || (E.isSigned && y == 0 &- 1) ? 0 : x % y
    case .power: return power(x, y)
    case .maximum: return max(x, y)
    case .minimum: return min(x, y)
    case .and: return x & y
    case .or: return x | y
    case .xor: return x ^ y
    case .shiftLeft: return isOutside ? 0 : x &<< y
    case .shiftRight: return x &>> (isOutside ? E(E.bitWidth - 1) : y)
    case .atan2: return 0
    }
  }

  private func checkInteger<E: Element & FixedWidthInteger>(_ type: E.Type) throws {
    for op in Binary.allCases where op.supports(E.dtype) {
      for (x, y, got) in try pairs(type, to: E.dtype, E(77), .binary(op, 0, 1)) {
        #expect(got == expected(op, x, y), "\(E.dtype) \(op) of \(x), \(y)")
      }
    }
    for op in [Unary.negate, .absolute, .sign, .not] {
      let memory = Memory([E](repeating: 77, count: E.samples.count))
      try Kernel.map([E.dtype], to: E.dtype, count: E.samples.count, .unary(op, 0))
        .run([Memory(E.samples), memory])
      for (x, got) in zip(E.samples, memory.array(of: E.self)) {
        let want: E =
          switch op {
          case .negate: 0 &- x
          case .absolute: x < 0 ? 0 &- x : x
          case .sign: x.signum()
          default: ~x
          }
        #expect(got == want, "\(E.dtype) \(op) of \(x)")
      }
    }
    try checkComparison(type)
    try checkCasts(fromInteger: type)
  }

  @Test func integers() throws {
    try checkInteger(UInt8.self)
    try checkInteger(Int8.self)
    try checkInteger(Int16.self)
    try checkInteger(Int32.self)
    try checkInteger(Int64.self)
  }

  /// Division by a constant takes another road.
  @Test(arguments: [0, 1, -1, 3, -7, 100])
  func divisionByConstant(_ divisor: Int) throws {
    let values = Int32.edges
    for op in [Binary.divide, .remainder] {
      let memory = Memory([Int32](repeating: 77, count: values.count))
      var kernel = Kernel.map([.i32], to: .i32, count: values.count, .binary(op, 0, 2))
      kernel.body.insert(.define(2, .i32, .constant(.integer(Int64(divisor)))), at: 1)
      try kernel.run([Memory(values), memory])
      for (x, got) in zip(values, memory.array(of: Int32.self)) {
        #expect(got == expected(op, x, Int32(divisor)), "\(op) of \(x) by \(divisor)")
      }
    }
  }

  @Test func logical() throws {
    let (a, b): ([UInt8], [UInt8]) = ([0, 0, 1, 1], [0, 1, 0, 1])
    let wanted: [(Binary, [UInt8])] = [
      (.and, [0, 0, 0, 1]), (.or, [0, 1, 1, 1]), (.xor, [0, 1, 1, 0]),
      (.maximum, [0, 1, 1, 1]), (.minimum, [0, 0, 0, 1]),
    ]
    for (op, want) in wanted {
      let memory = Memory([UInt8](repeating: 9, count: 4))
      try Kernel.map([.bool, .bool], to: .bool, count: 4, .binary(op, 0, 1))
        .run([Memory(a), Memory(b), memory])
      #expect(memory.array() == want, "\(op)")
    }
    let memory = Memory([UInt8](repeating: 9, count: 4))
    try Kernel.map([.bool], to: .bool, count: 4, .unary(.not, 0)).run([Memory(a), memory])
    #expect(memory.array() == [1, 1, 0, 0] as [UInt8])
  }

  // MARK: Floating point

  private func same<F: BinaryFloatingPoint>(_ a: F, _ b: F) -> Bool {
    a.isNaN ? b.isNaN : a == b && a.sign == b.sign
  }

  private func checkReal<E: Element & BinaryFloatingPoint>(_ type: E.Type) throws {
    let binaries: [(Binary, (E, E) -> E)] = [
      (.add, { $0 + $1 }), (.subtract, { $0 - $1 }), (.multiply, { $0 * $1 }),
      (.divide, { $0 / $1 }),
      (.maximum, { $0.isNaN ? $0 : $1.isNaN || $1 > $0 ? $1 : $0 }),
      (.minimum, { $0.isNaN ? $0 : $1.isNaN || $1 < $0 ? $1 : $0 }),
      (.remainder, { E(fmod(Double($0), Double($1))) }),
    ]
    for (op, function) in binaries {
      for (x, y, got) in try pairs(type, to: E.dtype, E(77), .binary(op, 0, 1)) {
        #expect(same(got, function(x, y)), "\(E.dtype) \(op) of \(x), \(y) is \(got)")
      }
    }
    let unaries: [(Unary, (E) -> E)] = [
      (.negate, { -$0 }), (.absolute, { $0.magnitude }),
      (.sign, { $0 > 0 ? 1 : $0 < 0 ? -1 : 0 }), (.floor, { $0.rounded(.down) }),
      (.ceil, { $0.rounded(.up) }), (.round, { $0.rounded(.toNearestOrEven) }),
      (.sqrt, { $0.squareRoot() }), (.rsqrt, { 1 / $0.squareRoot() }),
    ]
    for (op, function) in unaries {
      let memory = Memory([E](repeating: 77, count: E.samples.count))
      try Kernel.map([E.dtype], to: E.dtype, count: E.samples.count, .unary(op, 0))
        .run([Memory(E.samples), memory])
      for (x, got) in zip(E.samples, memory.array(of: E.self)) {
        #expect(same(got, function(x)), "\(E.dtype) \(op) of \(x) is \(got)")
      }
    }
    try checkComparison(type)
    try checkCasts(fromReal: type)
  }

  @Test func reals() throws {
    try checkReal(Float.self)
    try checkReal(Double.self)
  }

  // MARK: Comparisons and casts

  private func checkComparison<E: Element & Comparable>(_ type: E.Type) throws {
    for op in Comparison.allCases {
      for (x, y, got) in try pairs(type, to: .bool, UInt8(9), .compare(op, 0, 1)) {
        let want =
          switch op {
          case .equal: x == y
          case .notEqual: x != y
          case .less: x < y
          case .lessEqual: x <= y
          case .greater: x > y
          case .greaterEqual: x >= y
          }
        #expect(got == (want ? 1 : 0), "\(E.dtype) \(op) of \(x), \(y)")
      }
    }
  }

  private func cast<E: Element, R: BitwiseCopyable>(
    _ type: E.Type, to dtype: DType, _ filler: R
  ) throws -> [R] {
    let memory = Memory([R](repeating: filler, count: E.samples.count))
    try Kernel.map([E.dtype], to: dtype, count: E.samples.count, .cast(0))
      .run([Memory(E.samples), memory])
    return memory.array()
  }

  private func checkCasts<E: Element & FixedWidthInteger>(fromInteger type: E.Type) throws {
    func check<R: Element & FixedWidthInteger>(_ target: R.Type) throws {
      #expect(try cast(type, to: R.dtype, R(7)) == E.samples.map { R(truncatingIfNeeded: $0) })
    }
    try check(UInt8.self)
    try check(Int8.self)
    try check(Int16.self)
    try check(Int32.self)
    try check(Int64.self)
    #expect(try cast(type, to: .bool, UInt8(7)) == E.samples.map { $0 == 0 ? 0 : 1 })
    #expect(try cast(type, to: .f32, Float(7)) == E.samples.map { Float($0) })
    #expect(try cast(type, to: .f64, 7.0) == E.samples.map { Double($0) })
    #expect(
      try cast(type, to: .bf16, UInt16(7)) == E.samples.map { BFloat16(Float($0)).bitPattern })
    #expect(
      try cast(type, to: .f16, UInt16(7)) == E.samples.map { Float16(Float($0)).bitPattern })
  }

  private func checkCasts<E: Element & BinaryFloatingPoint>(fromReal type: E.Type) throws {
    func check<R: Element & FixedWidthInteger>(_ target: R.Type) throws {
      let want = E.samples.map { x in
        let scalar = Scalar.floating(Double(x)).converted(to: R.dtype)
        return R(truncatingIfNeeded: scalar.int64)
      }
      #expect(try cast(type, to: R.dtype, R(7)) == want, "\(E.dtype) to \(R.dtype)")
    }
    try check(UInt8.self)
    try check(Int8.self)
    try check(Int16.self)
    try check(Int32.self)
    try check(Int64.self)
    #expect(try cast(type, to: .bool, UInt8(7)) == E.samples.map { $0 == 0 ? 0 : 1 })
    let floats = try cast(type, to: .f32, Float(7))
    #expect(zip(floats, E.samples).allSatisfy { same($0, Float($1)) })
    let doubles = try cast(type, to: .f64, 7.0)
    #expect(zip(doubles, E.samples).allSatisfy { same($0, Double($1)) })
    let halves = try cast(type, to: .f16, Float16(7))
    #expect(zip(halves, E.samples).allSatisfy { same($0, Float16(Float($1))) })
    let brains = try cast(type, to: .bf16, UInt16(7))
    for (got, x) in zip(brains, E.samples) {
      #expect(got == BFloat16(Float(x)).bitPattern, "\(E.dtype) \(x) to bf16")
    }
  }
}
