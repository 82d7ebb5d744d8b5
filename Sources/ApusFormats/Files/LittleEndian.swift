/// Integers in byte arrays. The caller has checked the bounds.
extension Collection<UInt8> {
  /// The integer whose bytes these are, least significant first.
  func littleEndian<Value: FixedWidthInteger>(as type: Value.Type = Value.self) -> Value {
    reversed().reduce(0) { $0 << 8 | Value(truncatingIfNeeded: $1) }
  }

  /// The integer whose bytes these are, most significant first.
  func bigEndian<Value: FixedWidthInteger>(as type: Value.Type = Value.self) -> Value {
    reduce(0) { $0 << 8 | Value(truncatingIfNeeded: $1) }
  }
}

extension FixedWidthInteger {
  /// The bytes of this integer, least significant first.
  var littleEndianBytes: [UInt8] {
    (0..<Self.bitWidth / 8).map { UInt8(truncatingIfNeeded: self >> ($0 * 8)) }
  }

  /// The bytes of this integer, most significant first.
  var bigEndianBytes: [UInt8] { littleEndianBytes.reversed() }
}
