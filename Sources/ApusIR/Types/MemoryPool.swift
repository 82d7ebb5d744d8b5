#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif
import Synchronization

/// Memory of large buffers that are gone, for the next ones of their size.
///
/// Fresh pages cost more than most operations on them: each is zeroed by the system at its first
/// touch. A training loop asks for the same sizes over and over.
final class MemoryPool: Sendable {
  static let shared = MemoryPool()

  /// Smaller blocks are left to the allocator.
  private static let smallest = 1 << 16
  /// Bytes kept at most.
  private static let capacity = 1 << 29

  private struct Block: @unchecked Sendable {
    // Sendable: the pool owns the memory alone.
    var pointer: UnsafeMutableRawPointer
  }

  private struct State {
    var blocks: [Int: [Block]] = [:]
    var bytes = 0
  }

  private let state = Mutex(State())

  func take(_ byteCount: Int) -> UnsafeMutableRawPointer {
    let size = Self.rounded(byteCount)
    if size >= Self.smallest, let block = pop(size) { return block.pointer }
    let isHuge = size >= Self.worthHugePages
    let alignment = isHuge ? Self.hugePage : Buffer.alignment
    var memory: UnsafeMutableRawPointer?
    guard posix_memalign(&memory, alignment, size) == 0, let memory else {
      fatalError("Apus: out of memory: \(byteCount) bytes for one tensor could not be allocated")
    }
    #if os(Linux)
      // A hint, and no error where the system has no such pages: 512 times fewer faults at the first
      // touch, and fewer misses of the address cache later. Only whole pages inside are concerned.
      if isHuge { madvise(memory, size & -Self.hugePage, 14 /* MADV_HUGEPAGE */) }
    #endif
    return memory
  }

  private static let hugePage = 1 << 21
  private static let worthHugePages = 1 << 22

  func give(_ pointer: UnsafeMutableRawPointer, _ byteCount: Int) {
    let size = Self.rounded(byteCount)
    guard size >= Self.smallest, push(Block(pointer: pointer), size) else {
      free(pointer)
      return
    }
  }

  private func pop(_ size: Int) -> Block? {
    state.withLock { state in
      guard let block = state.blocks[size]?.popLast() else { return nil }
      state.bytes -= size
      return block
    }
  }

  private func push(_ block: Block, _ size: Int) -> Bool {
    state.withLock { state in
      guard state.bytes + size <= Self.capacity else { return false }
      state.bytes += size
      state.blocks[size, default: []].append(block)
      return true
    }
  }

  private static func rounded(_ byteCount: Int) -> Int {
    let grain = byteCount < smallest ? Buffer.alignment : 4096
    return Swift.max((byteCount + grain - 1) / grain * grain, Buffer.alignment)
  }
}
