import ApusCPU
import Dispatch
import Synchronization
import Testing

@Suite struct ConcurrentlyTests {
  @Test func callsEveryIndexOnce() {
    for count in [0, 1, 2, 1_000] {
      let calls = Mutex([Int](repeating: 0, count: count))
      concurrently(count) { index in calls.withLock { $0[index] += 1 } }
      let wanted = [Int](repeating: 1, count: count)
      #expect(calls.withLock { $0 } == wanted)
    }
  }

  /// A plan prepares its calls side by side, and inside one of them compiles its kernels side by side.
  @Test(.enabled(if: ThreadPool.shared.threadCount > 1, "needs two threads"))
  func innerCallsHaveThreadsToo() {
    let areTogether = Mutex(false)
    concurrently(2) { part in
      guard part == 0 else { return }
      let present = DispatchSemaphore(value: 0)
      let other = DispatchSemaphore(value: 0)
      concurrently(2) { index in
        let (mine, theirs) = index == 0 ? (present, other) : (other, present)
        mine.signal()
        let met = theirs.wait(timeout: .now() + 20) == .success
        if met { areTogether.withLock { $0 = true } }
      }
    }
    #expect(areTogether.withLock { $0 })
  }
}
