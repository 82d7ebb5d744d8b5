/// A block of memory that holds the elements of one computed tensor, row-major and dense.
///
/// The start is aligned to 64 bytes, one cache line and one AVX-512 vector.
public final class Buffer: @unchecked Sendable {
  // Sendable: the memory is written by whoever allocates the buffer before anyone else can see it,
  // and is only read from then on. The one exception is donation, which demands a sole owner.

  public let pointer: UnsafeMutableRawPointer
  public let byteCount: Int

  public static let alignment = 64

  /// Allocates uninitialised memory.
  public init(byteCount: Int) {
    self.byteCount = byteCount
    pointer = MemoryPool.shared.take(byteCount)
  }

  deinit { MemoryPool.shared.give(pointer, byteCount) }

  /// Allocates and fills by copying.
  public convenience init<Element: BitwiseCopyable>(copying elements: [Element]) {
    self.init(byteCount: elements.count * MemoryLayout<Element>.stride)
    elements.withUnsafeBytes { source in
      if let base = source.baseAddress { pointer.copyMemory(from: base, byteCount: source.count) }
    }
  }

  /// The memory as elements of one type. The caller knows the dtype.
  public func elements<Element: BitwiseCopyable>(
    as type: Element.Type = Element.self
  ) -> UnsafeMutableBufferPointer<Element> {
    let count = byteCount / MemoryLayout<Element>.stride
    return UnsafeMutableBufferPointer(
      start: pointer.assumingMemoryBound(to: Element.self), count: count)
  }
}
