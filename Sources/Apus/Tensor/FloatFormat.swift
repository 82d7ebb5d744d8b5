#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif
import ApusIR

/// How NumPy prints the floating-point elements of one tensor: all alike.
struct FloatFormat {
  static let precision = 8

  private let dtype: DType
  private var isScientific = false
  private var left = 0
  private var right = 0
  private var exponentDigits = 2

  /// - Parameter values: the elements to be shown.
  init(_ values: [Double], _ dtype: DType) {
    self.dtype = dtype
    let finite = values.filter(\.isFinite)
    let magnitudes = finite.map { Swift.abs($0) }.filter { $0 > 0 }
    if let greatest = magnitudes.max(), let least = magnitudes.min() {
      isScientific = greatest >= 1e8 || least < 1e-4 || greatest / least > 1000
    }
    if isScientific {
      let parts = finite.map { ShortestDigits($0, dtype).scientific }
      left = parts.map(\.integer.count).max() ?? 0
      right = parts.map(\.fraction.count).max() ?? 0
      exponentDigits = (parts.map(\.exponent.count).max() ?? 3) - 1
    } else {
      let parts = finite.map { ShortestDigits($0, dtype).positional }
      left = parts.map(\.integer.count).max() ?? 0
      right = parts.map(\.fraction.count).max() ?? 0
    }
    if finite.count < values.count {
      let hasNegative = values.contains { $0 == -.infinity }
      left = Swift.max(left, (hasNegative ? 4 : 3) - (tail + 1))
    }
  }

  /// Characters after the point.
  private var tail: Int { isScientific ? right + exponentDigits + 2 : right }

  func string(_ value: Double) -> String {
    guard value.isFinite else {
      let name = value.isNaN ? "nan" : value < 0 ? "-inf" : "inf"
      return name.padded(left: left + tail + 1)
    }
    if isScientific {
      // Digits beyond the shortest form are the number's own, as in NumPy, and not zeros.
      let parts = ShortestDigits.scientific(value, precision: right)
      let exponent = String(parts.exponent.dropFirst()).padded(left: exponentDigits, with: "0")
      return parts.integer.padded(left: left) + "." + parts.fraction + "e" + parts.exponent.prefix(1)
        + exponent
    }
    let parts = ShortestDigits(value, dtype).positional
    return parts.integer.padded(left: left) + "." + parts.fraction.padded(right: right)
  }
}

/// The digits of a number: as few as tell it from its neighbours of the same dtype, and at most
/// `limit` after the point.
struct ShortestDigits {
  private let value: Double
  /// `d.ddd…e±x` of the shortest form.
  private let digits: String
  private let exponent: Int
  private let limit: Int

  init(_ value: Double, _ dtype: DType, limit: Int = FloatFormat.precision) {
    self.value = value
    self.limit = limit
    let text: String
    switch dtype {
    // Swift prints whole numbers of 16 bits with all digits.
    case .f16: text = ShortestDigits.search(value) { Float16($0) }
    case .bf16: text = ShortestDigits.search(value) { BFloat16($0) }
    case .f32: text = Float(value).description
    default: text = value.description
    }
    (digits, exponent) = ShortestDigits.parse(text)
  }

  /// The fewest digits that round to the same number.
  private static func search<Number: Equatable>(
    _ value: Double, _ rounded: (Double) -> Number
  ) -> String {
    for precision in 0..<9 {
      let text = printed(value, precision, "e")
      if let number = Double(text), rounded(number) == rounded(value) { return text }
    }
    return value.description
  }

  /// All significant digits, and the exponent of the first.
  private static func parse(_ text: String) -> (String, Int) {
    let parts = text.lowercased().split(separator: "e")
    var exponent = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
    let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
    let whole = mantissa[0].filter(\.isNumber)
    let fraction = mantissa.count > 1 ? String(mantissa[1]) : ""
    exponent += whole.count - 1
    var digits = whole + fraction
    while digits.count > 1, digits.first == "0" {
      digits.removeFirst()
      exponent -= 1
    }
    while digits.count > 1, digits.last == "0" { digits.removeLast() }
    if digits == "0" { exponent = 0 }
    return (String(digits), exponent)
  }

  private var sign: String { value.sign == .minus ? "-" : "" }

  var positional: (integer: String, fraction: String) {
    let fractionCount = digits.count - 1 - exponent
    guard fractionCount <= limit else {
      let text = ShortestDigits.printed(Swift.abs(value), limit, "f")
      let parts = text.split(separator: ".")
      return (sign + parts[0], parts[1].withoutTrailingZeros)
    }
    if exponent < 0 {
      let zeros = String(repeating: "0", count: -exponent - 1)
      return (sign + "0", (digits == "0" ? "" : zeros + digits))
    }
    let whole = digits.prefix(exponent + 1)
    let zeros = String(repeating: "0", count: Swift.max(0, exponent + 1 - digits.count))
    return (sign + whole + zeros, String(digits.dropFirst(exponent + 1)).withoutTrailingZeros)
  }

  /// `exponent` has a sign and at least two digits.
  var scientific: (integer: String, fraction: String, exponent: String) {
    guard digits.count - 1 <= limit else {
      let parts = ShortestDigits.scientific(value, precision: limit)
      return (parts.integer, parts.fraction.withoutTrailingZeros, parts.exponent)
    }
    let magnitude = "\(Swift.abs(exponent))".padded(left: 2, with: "0")
    return (
      sign + digits.prefix(1), String(digits.dropFirst()).withoutTrailingZeros,
      (exponent < 0 ? "-" : "+") + magnitude
    )
  }

  /// The number rounded to `precision` digits after the point.
  static func scientific(
    _ value: Double, precision: Int
  ) -> (integer: String, fraction: String, exponent: String) {
    let parts = printed(value, precision, "e").split(separator: "e")
    let mantissa = parts[0].split(separator: ".")
    return (String(mantissa[0]), mantissa.count > 1 ? String(mantissa[1]) : "", String(parts[1]))
  }

  /// C's `%.*f` or `%.*e`, which round the exact value.
  private static func printed(_ value: Double, _ precision: Int, _ form: String) -> String {
    var buffer = [CChar](repeating: 0, count: 400)
    let count = withVaList([Int32(precision), value]) { arguments in
      vsnprintf(&buffer, buffer.count, "%.*" + form, arguments)
    }
    return String(decoding: buffer.prefix(Int(count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

extension StringProtocol {
  func padded(left width: Int, with filler: String = " ") -> String {
    String(repeating: filler, count: Swift.max(0, width - count)) + self
  }

  func padded(right width: Int, with filler: String = " ") -> String {
    self + String(repeating: filler, count: Swift.max(0, width - count))
  }

  fileprivate var withoutTrailingZeros: String {
    var text = String(self)
    while text.last == "0" { text.removeLast() }
    return text
  }
}
