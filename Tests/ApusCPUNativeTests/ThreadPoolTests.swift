import COneDNN
import Foundation
import Synchronization
import Testing

@testable import ApusCPU

/// Serialised: the number of threads is one setting of the process.
@Suite(.serialized)
struct ThreadPoolTests {
  let pool = ThreadPool.shared

  @Test(arguments: [0, 1, 2, 3, 7, 64, 1_001], [1, 2, 100])
  func everyIndexOnce(_ count: Int, _ grain: Int) {
    let saved = pool.threadCount
    defer { pool.threadCount = saved }
    for threads in [1, 2, 3, 5] {
      pool.threadCount = threads
      let visits = [Int](unsafeUninitializedCapacity: count) { buffer, filled in
        buffer.initialize(repeating: 0)
        let base = buffer.baseAddress
        pool.run(count: count, grain: grain) { range in
          for index in range { base![index] += 1 }
        }
        filled = count
      }
      #expect(visits.allSatisfy { $0 == 1 }, "\(threads) threads")
    }
  }

  /// Results that are split by thread repeat only if the split does.
  @Test func partitionIsDeterministic() {
    func ranges() -> Set<Range<Int>> {
      let seen = Mutex<Set<Range<Int>>>([])
      pool.run(count: 1_003, grain: 10) { range in seen.withLock { _ = $0.insert(range) } }
      return seen.withLock { $0 }
    }
    let first = ranges()
    for _ in 0..<50 { #expect(ranges() == first) }
    #expect(first.count == min(pool.threadCount, 101))
  }

  @Test func sharesAreBalancedAndAdjacent() {
    for workers in 1...9 {
      for count in [0, 1, 5, 9, 10, 100] {
        let shares = (0..<workers).map { ThreadPool.share(of: count, worker: $0, of: workers) }
        #expect(shares.first!.lowerBound == 0 && shares.last!.upperBound == count)
        for (left, right) in zip(shares, shares.dropFirst()) {
          #expect(left.upperBound == right.lowerBound)
        }
        let sizes = shares.map(\.count)
        #expect(sizes.max()! - sizes.min()! <= 1)
      }
    }
  }

  @Test func nestedLaunchesRunInline() {
    let calls = Atomic(0)
    let nested = Atomic(0)
    pool.run(count: 8) { outer in
      for _ in outer {
        pool.run(count: 1_000) { inner in
          calls.add(1, ordering: .relaxed)
          nested.add(inner.count, ordering: .relaxed)
        }
      }
    }
    #expect(nested.load(ordering: .relaxed) == 8_000)
    let expected = pool.threadCount > 1 ? 8 : 8 * min(pool.threadCount, 1_000)
    #expect(calls.load(ordering: .relaxed) == expected)
  }

  @Test func oneChunkRunsOnTheCallingThread() {
    var calls = 0
    pool.run(count: 50, grain: 50) { range in
      calls += 1
      #expect(range == 0..<50)
      #expect(!apus_openmp_in_parallel())
    }
    #expect(calls == 1)
  }

  @Test func launchesFromSeveralThreads() async {
    let covered = await withTaskGroup(of: Int.self) { group in
      for _ in 0..<4 {
        group.addTask {
          let total = Atomic(0)
          for _ in 0..<50 {
            ThreadPool.shared.run(count: 100) { total.add($0.count, ordering: .relaxed) }
          }
          return total.load(ordering: .relaxed)
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(covered == [5_000, 5_000, 5_000, 5_000])
  }

  #if os(Linux)
    /// Workers that have nothing to do sleep: no processor time in half a second.
    @Test func idleWorkersSleep() throws {
      let workers = Mutex<Set<Int32>>([])
      for _ in 0..<100 {
        pool.run(count: 64) { range in
          _ = workers.withLock { $0.insert(Self.currentThread) }
        }
      }
      let others = workers.withLock { $0 }.subtracting([Self.currentThread])
      #expect(!others.isEmpty || pool.threadCount == 1)
      usleep(100_000)
      let before = others.map(Self.processorTicks)
      usleep(500_000)
      let after = others.map(Self.processorTicks)
      // One tick is 10 ms: a busy worker uses 50.
      for (start, end) in zip(before, after) { #expect(end - start <= 1) }
    }

    private static var currentThread: Int32 {
      let link = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/thread-self")
      return link?.split(separator: "/").last.flatMap { Int32($0) } ?? -1
    }

    /// Processor time of a thread, user's and system's; 0 once it has ended.
    private static func processorTicks(_ thread: Int32) -> Int {
      guard let text = try? String(contentsOfFile: "/proc/self/task/\(thread)/stat", encoding: .utf8),
        let tail = text.split(separator: ")").last
      else { return 0 }
      let fields = tail.split(separator: " ")
      return (Int(fields[11]) ?? 0) + (Int(fields[12]) ?? 0)
    }
  #endif
}
