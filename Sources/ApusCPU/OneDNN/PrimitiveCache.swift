import Synchronization

/// Primitives by description, the least recently used dropped first.
///
/// Making a primitive compiles code and takes about a millisecond; running a small one takes
/// microseconds.
package final class PrimitiveCache: Sendable {
  package static let shared = PrimitiveCache(capacity: 1024)

  private enum Description: Hashable {
    case matmul(MatmulDescription)
    case convolution(ConvolutionDescription)
  }

  private struct Key: Hashable {
    let description: Description
    let threads: Int
  }

  private struct State {
    var entries: [Key: (primitive: NativePrimitive, lastUse: UInt64)] = [:]
    var clock: UInt64 = 0
  }

  private let capacity: Int
  private let state = Mutex(State())

  package init(capacity: Int) {
    precondition(capacity > 0, "A primitive cache needs room for at least one primitive.")
    self.capacity = capacity
  }

  package var count: Int { state.withLock { $0.entries.count } }

  /// - Parameter threads: how many take part in a run; all of the pool's if nil.
  package func matmul(
    _ description: MatmulDescription, threads: Int? = nil
  ) throws(OneDNNError) -> NativePrimitive {
    try primitive(.matmul(description), threads) { (threads) throws(OneDNNError) in
      try NativePrimitive(description, threads: threads)
    }
  }

  /// - Parameter threads: how many take part in a run; all of the pool's if nil.
  package func convolution(
    _ description: ConvolutionDescription, threads: Int? = nil
  ) throws(OneDNNError) -> NativePrimitive {
    try primitive(.convolution(description), threads) { (threads) throws(OneDNNError) in
      try NativePrimitive(description, threads: threads)
    }
  }

  private func primitive(
    _ description: Description, _ threads: Int?,
    make: (_ threads: Int) throws(OneDNNError) -> NativePrimitive
  ) throws(OneDNNError) -> NativePrimitive {
    let key = Key(description: description, threads: threads ?? ThreadPool.shared.threadCount)
    if let found = lookUp(key) { return found }
    // Outside the lock, so that several threads can prepare a model; one of two equal ones wins.
    let made = try make(key.threads)
    return state.withLock { state in
      state.clock += 1
      if let other = state.entries[key]?.primitive { return other }
      if state.entries.count >= capacity,
        let oldest = state.entries.min(by: { $0.value.lastUse < $1.value.lastUse })?.key
      {
        state.entries[oldest] = nil
      }
      state.entries[key] = (made, state.clock)
      return made
    }
  }

  private func lookUp(_ key: Key) -> NativePrimitive? {
    state.withLock { state in
      state.clock += 1
      state.entries[key]?.lastUse = state.clock
      return state.entries[key]?.primitive
    }
  }
}
