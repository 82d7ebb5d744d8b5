import Dispatch

/// The answer to a symbol look-up, which may come from another thread.
final class LookupReply: @unchecked Sendable {
  // Safe: written once before the semaphore is signalled, read once after it was waited for.
  private var failure: OpaquePointer?
  private var found: [OpaquePointer: UInt64] = [:]
  private let answered = DispatchSemaphore(value: 0)

  func finish(
    _ failure: OpaquePointer?, _ pairs: UnsafeBufferPointer<LLVMFunctions.SymbolPair>
  ) {
    self.failure = failure
    for pair in pairs { found[pair.name] = pair.address }
    answered.signal()
  }

  func wait() -> (failure: OpaquePointer?, found: [OpaquePointer: UInt64]) {
    answered.wait()
    return (failure, found)
  }
}
