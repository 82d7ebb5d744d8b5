import Foundation
import Synchronization
import Testing

@testable import ApusCPU

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

private struct Failure: Error, Equatable {
  let code: Int
}

struct EngineThreadTests {
  let engine = EngineThread.shared

  @Test func returnsValuesAndErrors() {
    var captured = 1
    let value = engine.run { () -> Int in
      captured += 1
      return captured * 10
    }
    #expect(value == 20 && captured == 2)
    #expect(throws: Failure(code: 7)) {
      try engine.run { () throws(Failure) -> Void in throw Failure(code: 7) }
    }
  }

  /// A step may run another, as a scan's body does.
  @Test func nestedCallsRunInline() {
    let (outer, inner) = engine.run { (pthread_self(), engine.run { pthread_self() }) }
    #expect(pthread_equal(outer, inner) != 0)
  }

  /// As soon as two threads have asked.
  @Test func callersTakeTurnsOnOneThread() async {
    let arrived = DispatchSemaphore(value: 0)
    let leave = DispatchSemaphore(value: 0)
    for _ in 0..<2 {
      Thread.detachNewThread {
        EngineThread.shared.run {}
        arrived.signal()
        leave.wait()
      }
    }
    for _ in 0..<2 { wait(for: arrived) }
    for _ in 0..<2 { leave.signal() }
    let threads = await withTaskGroup(of: Set<UInt>.self) { group in
      for _ in 0..<8 {
        group.addTask {
          var seen: Set<UInt> = []
          for _ in 0..<200 {
            EngineThread.shared.run {
              seen.insert(UInt(bitPattern: pthread_self().hashValue))
              running.withLock { $0 += 1 }
              #expect(running.withLock { $0 } == 1)
              running.withLock { $0 -= 1 }
            }
          }
          return seen
        }
      }
      return await group.reduce(into: Set()) { $0.formUnion($1) }
    }
    #expect(threads.count == 1)
  }
}

private func wait(for semaphore: DispatchSemaphore) { semaphore.wait() }

/// How many calls are inside the engine's thread.
private let running = Mutex(0)
