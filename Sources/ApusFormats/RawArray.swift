import ApusIR

/// The elements of an array as they come from a file or go to one, before they are a tensor.
public struct RawArray: Hashable, Sendable {
  public let dtype: DType
  public let shape: [Int]
  /// The elements, row-major, each little-endian.
  public let bytes: [UInt8]

  /// The bytes must have the size that dtype and shape demand.
  public init(_ dtype: DType, _ shape: [Int], _ bytes: [UInt8]) {
    precondition(
      checkedElementCount(shape).map { $0 * dtype.byteCount } == bytes.count,
      "\(dtype)\(shape) does not have \(bytes.count) bytes")
    self.dtype = dtype
    self.shape = shape
    self.bytes = bytes
  }

  public var elementCount: Int { bytes.count / dtype.byteCount }
}

extension [UInt8] {
  /// Turns the bytes of each element round, in place: big-endian elements become little-endian.
  mutating func reverseBytes(ofEach width: Int) {
    guard width > 1 else { return }
    for start in stride(from: 0, through: count - width, by: width) {
      self[start..<start + width].reverse()
    }
  }
}

/// The number of elements of a shape from a file, or nil where it does not fit an `Int`.
func checkedElementCount(_ shape: [Int]) -> Int? {
  // An extent of zero makes the product zero, whatever the others would overflow to.
  if shape.contains(0) { return 0 }
  var product = 1
  for extent in shape {
    let (next, overflow) = product.multipliedReportingOverflow(by: extent)
    if overflow || extent < 0 { return nil }
    product = next
  }
  return product
}
