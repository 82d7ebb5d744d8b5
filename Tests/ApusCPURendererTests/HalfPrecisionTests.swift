import ApusIR
import ApusRuntime
import Foundation
import Testing

@testable import ApusCPU

/// 16-bit floating dtypes: computed in f32, rounded to nearest even after each operation.
@Suite struct HalfPrecisionTests {
  /// Every bit pattern.
  static let patterns = (0...UInt16.max).map { $0 }

  @Test func everyPatternToFloat() throws {
    for dtype in [DType.f16, .bf16] {
      let memory = Memory([Float](repeating: 7, count: Self.patterns.count))
      try Kernel.map([dtype], to: .f32, count: Self.patterns.count, .cast(0))
        .run([Memory(Self.patterns), memory])
      for (pattern, got) in zip(Self.patterns, memory.array(of: Float.self)) {
        let want =
          dtype == .f16
          ? Float(Float16(bitPattern: pattern)) : BFloat16(bitPattern: pattern).float
        #expect(got == want || (got.isNaN && want.isNaN), "\(dtype) \(pattern)")
      }
    }
  }

  /// Floats between, at and beside the midpoints of neighbours.
  @Test func roundingIsExact() throws {
    var values: [Float] = []
    for bits in stride(from: UInt32(0), to: 0xFFFF_0000, by: 0x2_8001) {
      for low in [UInt32(0), 0x7FFF, 0x8000, 0x8001, 0x0FFF, 0x1000, 0x1001, 0x3000] {
        values.append(Float(bitPattern: bits & 0xFFFF_0000 | low))
      }
    }
    values += [
      .nan, -.nan, .signalingNaN, 65_519, 65_520, 65_535, 3.39e38, .greatestFiniteMagnitude,
    ]
    let brains = Memory([UInt16](repeating: 7, count: values.count))
    try Kernel.map([.f32], to: .bf16, count: values.count, .cast(0)).run([Memory(values), brains])
    for (x, got) in zip(values, brains.array(of: UInt16.self)) {
      #expect(got == BFloat16(x).bitPattern, "\(x)")
    }
    let halves = Memory([Float16](repeating: 7, count: values.count))
    try Kernel.map([.f32], to: .f16, count: values.count, .cast(0)).run([Memory(values), halves])
    for (x, got) in zip(values, halves.array(of: Float16.self)) {
      let want = Float16(x)
      #expect(got.bitPattern == want.bitPattern || (got.isNaN && want.isNaN), "\(x)")
    }
  }

  /// (a · b) + c, each step rounded.
  @Test func everyStepRounds() throws {
    let count = 5_000
    let values = (0..<count).map { Float($0 * 37 % 1_009) * 0.0173 + 0.01 }
    let a = values.map { BFloat16($0).bitPattern }
    let b = values.reversed().map { BFloat16($0).bitPattern }
    let memory = Memory([UInt16](repeating: 7, count: count))
    let kernel = Kernel(
      arguments: [input(.bf16, count), input(.bf16, count), output(.bf16, count)],
      extents: [count], parallel: [0],
      body: [
        .define(0, .bf16, .load(0, .of(0))),
        .define(1, .bf16, .load(1, .of(0))),
        .define(2, .bf16, .binary(.multiply, 0, 1)),
        .define(3, .bf16, .binary(.add, 2, 0)),
        .store(argument: 2, at: .of(0), 3),
      ])
    try kernel.run([Memory(a), Memory(b), memory])
    for i in 0..<count {
      let (x, y) = (BFloat16(bitPattern: a[i]).float, BFloat16(bitPattern: b[i]).float)
      let product = BFloat16(x * y).float
      #expect(memory.array(of: UInt16.self)[i] == BFloat16(product + x).bitPattern)
      if memory.array(of: UInt16.self)[i] != BFloat16(product + x).bitPattern { break }
    }
  }
}
