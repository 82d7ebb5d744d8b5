/// The upper half of a 32-bit float: 8 bits of exponent, 7 of fraction.
///
/// Conversion from `Float` rounds to nearest, ties to even; a NaN stays a NaN.
public struct BFloat16: Hashable, BitwiseCopyable, Sendable {
  public var bitPattern: UInt16

  @inlinable public init(bitPattern: UInt16) { self.bitPattern = bitPattern }

  @inlinable public init(_ value: Float) {
    let bits = value.bitPattern
    guard !value.isNaN else {
      bitPattern = UInt16(truncatingIfNeeded: bits >> 16) | 0x0040
      return
    }
    let roundUp = 0x7FFF + ((bits >> 16) & 1)
    bitPattern = UInt16(truncatingIfNeeded: (bits &+ roundUp) >> 16)
  }

  @inlinable public init(_ value: Double) { self.init(Float(value)) }

  @inlinable public var float: Float { Float(bitPattern: UInt32(bitPattern) << 16) }
}

extension BFloat16: CustomStringConvertible {
  public var description: String { float.description }
}
