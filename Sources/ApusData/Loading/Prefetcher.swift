import Foundation
import Synchronization

/// Makes the values of a range of indices on background threads, a bounded number ahead, and hands
/// them over in order.
///
/// The threads hold the shared state and not this object: when the consumer lets it go they end after
/// the value they are at.
final class Prefetcher<Value: Sendable>: Sendable {
  private let queue: PrefetchQueue<Value>

  init(
    _ range: Range<Int>, workers: Int, ahead: Int, make: @escaping @Sendable (Int) throws -> Value
  ) {
    let queue = PrefetchQueue(range, ahead: ahead, make: make)
    self.queue = queue
    for number in 0..<min(workers, range.count) {
      let thread = Thread { queue.work() }
      thread.name = "apus-loader-\(number)"
      // Decoders and collating keep little on the stack; sanitizers need more than the least.
      thread.stackSize = 1 << 21
      queue.begin()
      thread.start()
    }
  }

  deinit { queue.cancel() }

  /// Threads that have not ended.
  var activity: PrefetchActivity { queue.activity }

  /// The next value; nil after the last, and after an error.
  ///
  /// - Throws: the error of its making, or `CancellationError` when the task is cancelled.
  func next() async throws -> Value? {
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { queue.take($0) }
    } onCancel: {
      queue.cancel()
    }
  }
}

/// The number of threads at work, which outlives them.
final class PrefetchActivity: Sendable {
  private let count = Mutex(0)

  var threadCount: Int { count.withLock { $0 } }

  func change(by difference: Int) { count.withLock { $0 += difference } }
}

/// What the consumer and the threads share; every property is guarded by the condition.
private final class PrefetchQueue<Value: Sendable>: @unchecked Sendable {
  typealias Waiter = CheckedContinuation<Value?, any Error>

  let activity = PrefetchActivity()
  private let make: @Sendable (Int) throws -> Value
  private let ahead: Int
  private let condition = NSCondition()
  private var end: Int
  /// The next to be made.
  private var started: Int
  /// The next to be handed over.
  private var taken: Int
  private var ready: [Int: Result<Value, any Error>] = [:]
  private var waiter: Waiter?
  private var isCancelled = false

  init(_ range: Range<Int>, ahead: Int, make: @escaping @Sendable (Int) throws -> Value) {
    started = range.lowerBound
    taken = range.lowerBound
    end = range.upperBound
    self.ahead = ahead
    self.make = make
  }

  func begin() { activity.change(by: 1) }

  /// A thread's life.
  func work() {
    while let index = nextToMake() {
      finish(index, Result { try make(index) })
    }
    activity.change(by: -1)
  }

  private func nextToMake() -> Int? {
    condition.lock()
    defer { condition.unlock() }
    while !isCancelled && started < end && started >= taken + ahead { condition.wait() }
    guard !isCancelled && started < end else { return nil }
    started += 1
    return started - 1
  }

  private func finish(_ index: Int, _ result: Result<Value, any Error>) {
    condition.lock()
    // What stands after an error is never asked for.
    if case .failure = result { end = min(end, index + 1) }
    if !isCancelled { ready[index] = result }
    let handOver = match()
    condition.broadcast()
    condition.unlock()
    handOver?()
  }

  /// Hands the next value to `waiter` now or when it is made.
  func take(_ waiter: Waiter) {
    condition.lock()
    self.waiter = waiter
    let handOver = match()
    condition.broadcast()
    condition.unlock()
    handOver?()
  }

  /// Drops what is made and lets the threads end.
  func cancel() {
    condition.lock()
    isCancelled = true
    ready = [:]
    let handOver = match()
    condition.broadcast()
    condition.unlock()
    handOver?()
  }

  /// What to do, outside the lock, for a consumer that need wait no longer.
  private func match() -> (() -> Void)? {
    guard let waiter else { return nil }
    if isCancelled {
      self.waiter = nil
      return { waiter.resume(throwing: CancellationError()) }
    }
    if let result = ready.removeValue(forKey: taken) {
      self.waiter = nil
      taken += 1
      return { waiter.resume(with: result.map(Optional.some)) }
    }
    guard taken >= end else { return nil }
    self.waiter = nil
    return { waiter.resume(returning: nil) }
  }
}
