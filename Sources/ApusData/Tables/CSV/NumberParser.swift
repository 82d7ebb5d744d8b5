/// Numbers in decimal notation from bytes, without a string in between.
///
/// The bytes end with one that is no part of a number; the caller has put it there.
enum NumberParser {
  typealias Cursor = UnsafePointer<UInt8>

  /// Reads `[+-]digits` and moves `cursor` behind it; nil for anything else or beyond `Int64`.
  @inline(__always)
  static func int(_ cursor: inout Cursor) -> Int64? {
    var position = cursor
    let isNegative = takeSign(&position)
    var magnitude: UInt64 = 0
    let start = position
    let count = digits(&position, &magnitude)
    guard count > 0 else { return nil }
    // 18 digits always fit; more may be zeros in front or too much.
    if count > 18 {
      guard let exact = exactMagnitude(from: start, to: position) else { return nil }
      magnitude = exact
    }
    let limit = UInt64(Int64.max) + (isNegative ? 1 : 0)
    guard magnitude <= limit else { return nil }
    cursor = position
    return isNegative ? Int64(truncatingIfNeeded: 0 &- magnitude) : Int64(magnitude)
  }

  /// Reads a decimal number and moves `cursor` behind it; nil for anything else.
  ///
  /// The result is the nearest `Double`: up to 19 digits with an exponent from -19 to 22 by W. D. Clinger,
  /// "How to read floating point numbers accurately" (1990), and an exact division; the rest by the
  /// standard library.
  @inline(__always)
  static func float(_ cursor: inout Cursor) -> Double? {
    var position = cursor
    let isNegative = takeSign(&position)
    var mantissa: UInt64 = 0
    var count = digits(&position, &mantissa)
    var exponent = 0
    if position.pointee == UInt8(ascii: ".") {
      position += 1
      let fraction = digits(&position, &mantissa)
      count += fraction
      exponent = -fraction
    }
    guard count > 0 else { return nil }
    if position.pointee | 0x20 == UInt8(ascii: "e") {
      var after = position + 1
      let isDown = takeSign(&after)
      var size: UInt64 = 0
      let digitCount = digits(&after, &size)
      guard digitCount > 0 else { return nil }
      position = after
      if digitCount > 6 { size = 999_999 }
      exponent += isDown ? -Int(size) : Int(size)
    }
    let magnitude: Double
    if count <= 19, let exact = nearest(mantissa, exponent) {
      magnitude = exact
    } else {
      let text = UnsafeBufferPointer(start: cursor, count: position - cursor)
      guard let value = Double(String(decoding: text, as: UTF8.self)) else { return nil }
      cursor = position
      return value
    }
    cursor = position
    return isNegative ? -magnitude : magnitude
  }

  @inline(__always)
  private static func takeSign(_ position: inout Cursor) -> Bool {
    let byte = position.pointee
    guard byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+") else { return false }
    position += 1
    return byte == UInt8(ascii: "-")
  }

  /// Reads digits onto `value`, which wraps around after 19 of them, and returns how many there were.
  @inline(__always)
  private static func digits(_ position: inout Cursor, _ value: inout UInt64) -> Int {
    let start = position
    while true {
      let digit = position.pointee &- 0x30
      guard digit < 10 else { return position - start }
      value = value &* 10 &+ UInt64(digit)
      position += 1
    }
  }

  private static func exactMagnitude(from start: Cursor, to end: Cursor) -> UInt64? {
    var value: UInt64 = 0
    var position = start
    while position < end {
      let (tens, tooMuch) = value.multipliedReportingOverflow(by: 10)
      let (next, stillTooMuch) = tens.addingReportingOverflow(UInt64(position.pointee - 0x30))
      if tooMuch || stillTooMuch { return nil }
      value = next
      position += 1
    }
    return value
  }

  /// The double nearest to `mantissa · 10^exponent`, nil where these ways do not give it.
  @inline(__always)
  private static func nearest(_ mantissa: UInt64, _ exponent: Int) -> Double? {
    if exponent == 0 { return Double(mantissa) }
    if mantissa == 0 { return 0 }
    // Both operands are exact, so the one rounding is the right one.
    if mantissa <= 1 << 53, exponent >= -22, exponent <= 22 {
      let value = Double(mantissa)
      return exponent < 0 ? value / power(-exponent) : value * power(exponent)
    }
    guard exponent < 0, exponent >= -19 else { return nil }
    return quotient(mantissa, integerPower(-exponent))
  }

  @inline(__always)
  private static func power(_ exponent: Int) -> Double {
    powers.withUnsafeBufferPointer { $0[exponent] }
  }

  /// `numerator / denominator`, rounded once: 62 bits of the quotient at least, and whether anything is left.
  private static func quotient(_ numerator: UInt64, _ denominator: UInt64) -> Double {
    let up = numerator.leadingZeroBitCount
    let down = denominator.leadingZeroBitCount
    let high = numerator << up
    let division = (denominator << down).dividingFullWidth((high >> 1, high << 63))
    let sticky: UInt64 = division.remainder == 0 ? 0 : 1
    let value = Double(division.quotient | sticky)
    return value * Double(sign: .plus, exponent: down - up - 63, significand: 1)
  }

  private static func integerPower(_ exponent: Int) -> UInt64 {
    var result: UInt64 = 1
    for _ in 0..<exponent { result *= 10 }
    return result
  }

  private static let powers: [Double] = {
    var result = [1.0]
    for _ in 0..<22 { result.append(result[result.count - 1] * 10) }
    return result
  }()

  /// Reads `nan`, `inf` or `infinity` with or without a sign, in letters of any size.
  static func word(_ cursor: inout Cursor) -> Double? {
    var position = cursor
    let isNegative = takeSign(&position)
    let start = position
    while (position.pointee | 0x20) &- UInt8(ascii: "a") < 26 { position += 1 }
    guard position - start <= 8 else { return nil }
    let letters = UnsafeBufferPointer(start: start, count: position - start)
    let value: Double
    switch String(decoding: letters, as: UTF8.self).lowercased() {
    case "nan": value = .nan
    case "inf", "infinity": value = .infinity
    default: return nil
    }
    cursor = position
    return isNegative ? -value : value
  }
}
