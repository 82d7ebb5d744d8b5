/// Writes messages of Protocol Buffers field by field: enough for the few that TensorBoard reads, and
/// smaller than their generated code. Fields with their default value are left out.
struct ProtobufEncoder {
  private(set) var bytes: [UInt8] = []

  /// One message.
  static func message(_ body: (inout ProtobufEncoder) -> Void) -> [UInt8] {
    var encoder = ProtobufEncoder()
    body(&encoder)
    return encoder.bytes
  }

  mutating func integer(_ field: Int, _ value: Int) {
    guard value != 0 else { return }
    key(field, wire: 0)
    varint(UInt64(bitPattern: Int64(value)))
  }

  mutating func double(_ field: Int, _ value: Double) {
    guard value.bitPattern != 0 else { return }
    key(field, wire: 1)
    bytes += value.bitPattern.littleEndianBytes
  }

  /// Written even where it is 0: it is a member of a `oneof`.
  mutating func float(_ field: Int, _ value: Float) {
    key(field, wire: 5)
    bytes += value.bitPattern.littleEndianBytes
  }

  mutating func string(_ field: Int, _ value: String) {
    guard !value.isEmpty else { return }
    data(field, Array(value.utf8))
  }

  /// Bytes, or an encoded message.
  mutating func data(_ field: Int, _ value: [UInt8]) {
    key(field, wire: 2)
    varint(UInt64(value.count))
    bytes += value
  }

  mutating func message(_ field: Int, _ body: (inout ProtobufEncoder) -> Void) {
    data(field, ProtobufEncoder.message(body))
  }

  /// A packed repeated field.
  mutating func doubles(_ field: Int, _ values: [Double]) {
    guard !values.isEmpty else { return }
    data(field, values.flatMap(\.bitPattern.littleEndianBytes))
  }

  private mutating func key(_ field: Int, wire: Int) { varint(UInt64(field << 3 | wire)) }

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}
