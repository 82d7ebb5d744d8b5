import ApusIR
import Testing

@Suite struct DTypeTests {
  /// Mixed arithmetic gives the dtypes PyTorch users expect, for all 100 pairs.
  @Test(arguments: DType.allCases)
  func promotesAsPyTorch(_ a: DType) throws {
    for b in DType.allCases {
      let expected = try #require(promotionTable[a]?[b])
      #expect(DType.promote(a, b) == expected, "\(a) with \(b)")
    }
  }

  @Test func accumulatorsHoldWhatTheySum() {
    for dtype in DType.allCases {
      #expect(dtype.accumulator.byteCount >= dtype.byteCount)
      #expect(DType.promote(dtype, dtype.accumulator) == dtype.accumulator)
    }
  }
}

@Suite struct ScalarTests {
  struct Conversion: Sendable, CustomTestStringConvertible {
    let from: Scalar
    let to: DType
    let result: Scalar

    init(_ from: Scalar, _ to: DType, _ result: Scalar) {
      self.from = from
      self.to = to
      self.result = result
    }

    var testDescription: String { "\(from) to \(to)" }
  }

  @Test(arguments: [
    // Integers wrap.
    Conversion(.integer(300), .u8, .integer(44)), Conversion(.integer(-1), .u8, .integer(255)),
    Conversion(.integer(128), .i8, .integer(-128)),
    Conversion(.integer(1 << 32), .i32, .integer(0)),
    // Floating numbers are truncated and saturate; a NaN is 0.
    Conversion(.floating(-1.9), .i32, .integer(-1)), Conversion(.floating(300), .u8, .integer(255)),
    Conversion(.floating(-3), .u8, .integer(0)),
    Conversion(.floating(1e30), .i64, .integer(.max)),
    Conversion(.floating(-.infinity), .i16, .integer(-32768)),
    Conversion(.floating(.nan), .i64, .integer(0)),
    // Rounding to nearest, ties to even.
    Conversion(.floating(0.1), .f32, .floating(Double(Float(0.1)))),
    Conversion(.floating(65519), .f16, .floating(65504)),
    Conversion(.floating(65520), .f16, .floating(.infinity)),
    Conversion(.floating(1.00390625), .bf16, .floating(1)),
    Conversion(.floating(1.01171875), .bf16, .floating(1.015625)),
    // By way of a Double this would be rounded twice.
    Conversion(.integer(9_007_199_791_611_905), .f32, .floating(9_007_200_328_482_816)),
    Conversion(.bool(true), .f16, .floating(1)), Conversion(.floating(.nan), .bool, .bool(true)),
    Conversion(.floating(-0.0), .bool, .bool(false)), Conversion(.integer(2), .bool, .bool(true)),
  ])
  func convertsAsCast(_ conversion: Conversion) {
    #expect(conversion.from.converted(to: conversion.to) == conversion.result)
  }

  /// Structure decides, not arithmetic: constants that print alike may differ.
  @Test func equalityIsStructural() {
    #expect(Scalar.floating(.nan) == .floating(.nan))
    #expect(Scalar.floating(0.0) != .floating(-0.0))
    #expect(Scalar.integer(1) != .floating(1))
    #expect(Scalar.floating(.nan).hashValue == Scalar.floating(.nan).hashValue)
  }

  @Test(arguments: DType.allCases)
  func limitsBelongToTheirDType(_ dtype: DType) {
    for scalar in [Scalar.lowest(dtype), .highest(dtype), .zero(dtype), .one(dtype)] {
      #expect(scalar.converted(to: dtype) == scalar)
    }
    #expect(Scalar.lowest(dtype).double < Scalar.highest(dtype).double)
  }
}

@Suite struct BFloat16Tests {
  @Test func everyPatternSurvivesTheRoundTrip() {
    var wrong = 0
    for pattern in UInt16.min...UInt16.max {
      let value = BFloat16(bitPattern: pattern).float
      let back = BFloat16(value)
      if value.isNaN ? !back.float.isNaN : back.bitPattern != pattern { wrong += 1 }
    }
    #expect(wrong == 0)
  }

  /// Between every two finite neighbours: below the middle goes down, above goes up, the middle to
  /// the even one.
  @Test func roundsToNearestTiesToEven() {
    var wrong = 0
    for pattern in UInt16(0)..<0x7F80 {
      let middle = UInt32(pattern) << 16 | 0x8000
      let even = pattern & 1 == 0 ? pattern : pattern + 1
      for sign: UInt32 in [0, 0x8000_0000] {
        let signBit = UInt16(sign >> 16)
        for (bits, expected) in [(middle - 1, pattern), (middle, even), (middle + 1, pattern + 1)]
        where BFloat16(Float(bitPattern: bits | sign)).bitPattern != expected | signBit {
          wrong += 1
        }
      }
    }
    #expect(wrong == 0)
  }

  @Test func nanAndInfinityStay() {
    #expect(BFloat16(Float.nan).float.isNaN)
    // A NaN whose payload lies in the lower half only must not become infinity.
    #expect(BFloat16(Float(bitPattern: 0x7F80_0001)).float.isNaN)
    #expect(BFloat16(Float(bitPattern: 0xFF80_0001)).float.isNaN)
    #expect(BFloat16(Float.infinity).float == .infinity)
    #expect(BFloat16(Float.greatestFiniteMagnitude).float == .infinity)
  }
}
