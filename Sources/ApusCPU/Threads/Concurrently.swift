import Dispatch
import Synchronization

/// Calls `body` with 0 up to `count`, on the calling thread and on whichever cores are free; returns
/// when all calls are done.
///
/// Dispatch's `concurrentPerform` leaves a call inside another one to a single thread on a machine of
/// two cores. A plan with its kernels, and a loop with the plan inside it, are such calls.
package func concurrently(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
  let work = ConcurrentWork(count, body)
  let helpers = min(count, ThreadPool.shared.threadCount) - 1
  for _ in 0..<max(helpers, 0) {
    DispatchQueue.global(qos: .userInitiated).async { work.run() }
  }
  work.run()
  work.wait()
}

private final class ConcurrentWork: Sendable {
  private let count: Int
  private let body: @Sendable (Int) -> Void
  private let next = Atomic<Int>(0)
  private let done = Atomic<Int>(0)
  private let isDone = DispatchSemaphore(value: 0)

  init(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    self.count = count
    self.body = body
    if count == 0 { isDone.signal() }
  }

  /// Takes pieces until there is none left. Whoever comes too late finds none.
  func run() {
    while true {
      let index = next.add(1, ordering: .relaxed).oldValue
      guard index < count else { return }
      body(index)
      if done.add(1, ordering: .acquiringAndReleasing).newValue == count { isDone.signal() }
    }
  }

  func wait() { isDone.wait() }
}
