import ApusIR
import ApusRuntime
import Foundation
import Testing

@testable import ApusCPU

/// The largest error of each function of one number, in units of the last place.
@Suite struct AccuracyTests {
  static let single: [(Unary, Int, @Sendable (Double) -> Double)] = [
    (.exp, 1, Foundation.exp), (.expm1, 2, Foundation.expm1), (.log, 1, Foundation.log),
    (.log1p, 2, Foundation.log1p), (.sin, 1, Foundation.sin), (.cos, 1, Foundation.cos),
    (.tan, 1, Foundation.tan), (.atan, 1, Foundation.atan), (.tanh, 3, Foundation.tanh),
    (.erf, 2, Foundation.erf), (.sigmoid, 3, { 1 / (1 + Foundation.exp(-$0)) }),
    (.sqrt, 0, { $0.squareRoot() }), (.rsqrt, 1, { 1 / $0.squareRoot() }),
  ]

  static let double: [(Unary, Int, @Sendable (Float80) -> Float80)] = [
    (.exp, 1, Foundation.exp), (.expm1, 2, Foundation.expm1), (.log, 1, Foundation.log),
    (.log1p, 2, Foundation.log1p), (.sin, 1, Foundation.sin), (.cos, 1, Foundation.cos),
    (.tan, 1, Foundation.tan), (.atan, 1, Foundation.atan), (.tanh, 3, Foundation.tanh),
    (.erf, 1, Foundation.erf), (.sigmoid, 3, { 1 / (1 + Foundation.exp(-$0)) }),
  ]

  /// Floats of every sign and exponent, denser around 1, and the edges.
  static let floats: [Float] = {
    var list: [Float] = [
      0, -0.0, 1, -1, .infinity, -.infinity, .nan, .leastNonzeroMagnitude,
      -.leastNonzeroMagnitude, .leastNormalMagnitude, .greatestFiniteMagnitude,
      -.greatestFiniteMagnitude, 88.72283, 88.72284, -87.33654, -103.97, -104, 0.5, 4, 0.927734375,
    ]
    list += [
      -103.27893, 709, 9.01, 1e-9, 1e-10, 16_367_173 * 0x1p72, 1e22, 33_554_432, 33_554_436,
      67_108_864, 1.5707964, 3.1415927,
    ]
    for bits in stride(from: UInt32(0), to: 0xFFFF_FFFF - 70_001, by: 70_001) {
      list.append(Float(bitPattern: bits))
    }
    for step in -60_000...60_000 { list.append(Float(step) * 0.0017) }
    return list
  }()

  @Test(arguments: single.indices)
  func singlePrecision(_ row: Int) throws {
    let (op, limit, function) = Self.single[row]
    let count = Self.floats.count
    let result = Memory([Float](repeating: -7, count: count))
    try Kernel.map([.f32], to: .f32, count: count, .unary(op, 0)).run([
      Memory(Self.floats), result,
    ])
    var worst = (error: 0, argument: Float(0), got: Float(0))
    for (x, y) in zip(Self.floats, result.array(of: Float.self)) {
      let error = ulps(y, Float(function(Double(x))))
      if error > worst.error { worst = (error, x, y) }
      if y.isZero, x.isZero, op != .exp, op != .cos, op != .sigmoid {
        #expect(x.sign == y.sign, "\(op) of \(x) is \(y)")
      }
    }
    // Beyond -88, 1 + exp(-x) is infinite in single precision.
    if op == .sigmoid { worst.error = try sigmoidError(result.array()) }
    print("f32 \(op): \(worst.error) ulp at \(worst.argument)")
    #expect(worst.error <= limit, "\(op) of \(worst.argument) is \(worst.got)")
  }

  private func sigmoidError(_ results: [Float]) throws -> Int {
    var worst = 0
    for (x, y) in zip(Self.floats, results) where !(x < -88) {
      worst = max(worst, ulps(y, Float(1 / (1 + Foundation.exp(-Double(x))))))
    }
    return worst
  }

  static let doubles: [Double] = {
    var list: [Double] = [
      0, -0.0, 1, -1, .infinity, -.infinity, .nan, .leastNonzeroMagnitude,
      .leastNormalMagnitude, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, 709.7, 709.9,
      -745, -746, 1e-18, 1e-19,
    ]
    var bits: UInt64 = 0
    for _ in 0..<50_000 {
      list.append(Double(bitPattern: bits))
      bits &+= 368_934_881_474_191
    }
    for step in -50_000...50_000 { list.append(Double(step) * 0.00317) }
    return list
  }()

  @Test(arguments: double.indices)
  func doublePrecision(_ row: Int) throws {
    let (op, limit, function) = Self.double[row]
    let count = Self.doubles.count
    let result = Memory([Double](repeating: -7, count: count))
    try Kernel.map([.f64], to: .f64, count: count, .unary(op, 0)).run([
      Memory(Self.doubles), result,
    ])
    var worst = (error: 0, argument: 0.0, got: 0.0)
    for (x, y) in zip(Self.doubles, result.array(of: Double.self)) {
      if op == .sigmoid, x < -709 { continue }
      let error = ulps(y, Double(function(Float80(x))))
      if error > worst.error { worst = (error, x, y) }
    }
    print("f64 \(op): \(worst.error) ulp at \(worst.argument)")
    #expect(worst.error <= limit, "\(op) of \(worst.argument) is \(worst.got)")
  }

  /// Every pair of interesting numbers and many more, against the C library.
  @Test(arguments: [Binary.power, .atan2, .remainder])
  func ofTwo(_ op: Binary) throws {
    var x: [Float] = []
    var y: [Float] = []
    let edges: [Float] = [
      0, -0.0, 1, -1, 2, -2, 3, -3, 0.5, -0.5, 1.5, .infinity, -.infinity, .nan, 1e30, -1e30,
      0x1p-133,
      .leastNonzeroMagnitude, -.leastNonzeroMagnitude, .greatestFiniteMagnitude, 16_777_216, 0.1,
    ]
    for a in edges {
      for b in edges {
        x.append(a)
        y.append(b)
      }
    }
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<200_000 {
      x.append(Float(bitPattern: UInt32.random(in: 0...UInt32.max, using: &generator)))
      y.append(Float.random(in: -20...20, using: &generator))
      x.append(Float.random(in: 0...50, using: &generator))
      y.append(Float.random(in: -30...30, using: &generator))
    }
    let result = Memory([Float](repeating: -7, count: x.count))
    try Kernel.map([.f32, .f32], to: .f32, count: x.count, .binary(op, 0, 1)).run([
      Memory(x), Memory(y), result,
    ])
    let got: [Float] = result.array()
    var worst = 0
    for i in x.indices {
      let (a, b) = (Double(x[i]), Double(y[i]))
      let exact = op == .power ? pow(a, b) : op == .atan2 ? atan2(a, b) : fmod(a, b)
      let error = ulps(got[i], Float(exact))
      worst = max(worst, error)
      #expect(error <= 1, "\(op) of \(x[i]), \(y[i]) is \(got[i])")
      if got[i].isZero { #expect(got[i].sign == exact.sign, "\(op) of \(x[i]), \(y[i])") }
    }
    print("f32 \(op): \(worst) ulp")
  }
}
