import Apus
import Foundation
import Synchronization
import Testing

@testable import ApusData

/// What a loader gives depends on seed, epoch and position alone, and its threads end.
@Suite struct PrefetchTests {
  struct Broken: Error, Equatable { var index: Int }

  private static let numbers = ArrayDataset(Array(0..<103))
  private static let labels = (0..<103).map { $0 < 90 ? 0 : 1 }
  private static let lengths = (0..<103).map { ($0 * 37) % 50 + 1 }
  private static let samplers: [(name: String, sampler: Sampler)] = [
    ("inOrder", .inOrder), ("shuffled", .shuffled), ("weighted", .weighted((0..<103).map(Double.init))),
    ("withoutReplacement", .weighted((1...103).map(Double.init), replacement: false)),
    ("classBalanced", .classBalanced(labels)), ("bucketed", .bucketed(lengths: lengths)),
  ]

  /// Each sample as its index and a random number, so that both order and augmentation show.
  private func loader(
    _ sampler: Sampler = .shuffled, workers: Int, dropsLast: Bool = false
  ) -> Loader<Tensor> {
    Loader(
      Self.numbers.map { [$0, 0] }, batchSize: 10, sampler: sampler, seed: 7, dropsLast: dropsLast,
      workers: workers,
      augment: { sample, random in [sample[0], Int(random.word())] },
      collate: { Tensor($0.flatMap { $0 }) })
  }

  private func values(_ epoch: some AsyncSequence<Tensor, any Error>) async throws -> [[Int]] {
    var all: [[Int]] = []
    for try await batch in epoch { all.append(batch.array(of: Int.self)) }
    return all
  }

  @Test(arguments: [0, 1, 3])
  func everySamplerGoesOnInTheMiddle(workers: Int) async throws {
    for (name, sampler) in Self.samplers {
      let whole = try await values(loader(sampler, workers: 0).epoch(2))
      #expect(whole.count == 11 && whole.last?.count == 6, "\(name)")
      for start in [0, 1, 7, 10, 11] {
        let rest = try await values(loader(sampler, workers: workers).epoch(2, from: start))
        #expect(rest == Array(whole.dropFirst(start)), "\(name) from \(start)")
      }
      let next = try await values(loader(sampler, workers: workers).epoch(3))
      #expect(next != whole, "\(name): another epoch, other random numbers")
    }
  }

  @Test func goingOnReadsNothingOfWhatCameBefore() async throws {
    let read = Mutex<[Int]>([])
    let data = Self.numbers.map { index in
      read.withLock { $0.append(index) }
      return index
    }
    let loader = Loader(data, batchSize: 10, sampler: .inOrder, collate: { Tensor($0) })
    _ = try await values(loader.epoch(0, from: 9))
    #expect(read.withLock { $0.sorted() } == Array(90..<103))
  }

  @Test func aShortLastBatchIsLeftOutOnDemand() async throws {
    let loader = loader(workers: 2, dropsLast: true)
    let batches = try await values(loader.epoch(0))
    #expect(loader.batchCount == 10 && batches.map(\.count) == Array(repeating: 20, count: 10))
  }

  @Test func shardsOfALoaderAreDisjointAndAugmentAsTheWhole() async throws {
    let whole = loader(workers: 0)
    let samples = Set(try await values(whole.epoch(0)).flatMap { pairs($0) })
    var seen: [[Int]] = []
    for rank in 0..<4 {
      let shard = whole.sharded(rank, of: 4)
      #expect(shard.count == 25 && shard.batchCount == 3)
      seen += try await values(shard.epoch(0)).flatMap { pairs($0) }
    }
    #expect(seen.count == 100 && Set(seen).count == 100 && samples.isSuperset(of: seen))
  }

  @Test func changesOfBatchesHaveRandomNumbersOfTheirOwn() async throws {
    let loader = loader(workers: 2)
      .map { batch, random in [batch, Tensor([Int(random.word())])] }
      .map { batch, random in batch + [Tensor([Int(random.word())])] }
    var drawn: [Int] = []
    for try await batch in loader.epoch(0) { drawn += batch.dropFirst().map { Int($0.item) } }
    #expect(drawn.count == 22 && Set(drawn).count == 22)
    var rest: [Int] = []
    for try await batch in loader.epoch(0, from: 6) {
      rest += batch.dropFirst().map { Int($0.item) }
    }
    #expect(rest == Array(drawn.suffix(10)))
  }

  private func pairs(_ batch: [Int]) -> [[Int]] {
    stride(from: 0, to: batch.count, by: 2).map { [batch[$0], batch[$0 + 1]] }
  }

  @Test(arguments: [0, 1, 3])
  func anErrorIsThrownAtItsPlace(workers: Int) async throws {
    let data = Self.numbers.map { index in
      if index >= 35 { throw Broken(index: index) }
      return index
    }
    let loader = Loader(
      data, batchSize: 10, sampler: .inOrder, workers: workers, collate: { Tensor($0) })
    var batches = 0
    await #expect(throws: Broken(index: 35)) {
      for try await _ in loader.epoch(0) { batches += 1 }
    }
    #expect(batches == 3)
  }

  @Test func aBoundedNumberIsMadeAhead() async throws {
    let made = Mutex(0)
    let prefetcher = Prefetcher(0..<100, workers: 3, ahead: 4) { index in
      made.withLock { $0 += 1 }
      return index
    }
    #expect(try await prefetcher.next() == 0)
    // All that may be made is made: then the threads sleep.
    try await eventually { made.withLock { $0 } == 5 }
    try await Task.sleep(for: .milliseconds(20))
    #expect(made.withLock { $0 } == 5)
    for expected in 1..<100 { #expect(try await prefetcher.next() == expected) }
    #expect(try await prefetcher.next() == nil)
  }

  @Test func threadsEndWhenTheConsumerStops() async throws {
    var prefetcher: Prefetcher<Int>? = Prefetcher(0..<1000, workers: 3, ahead: 4) { $0 }
    let activity = try #require(prefetcher).activity
    #expect(try await prefetcher?.next() == 0)
    #expect(activity.threadCount == 3)
    prefetcher = nil
    try await eventually { activity.threadCount == 0 }
  }

  @Test func threadsEndAfterTheLastValueAndAfterAnError() async throws {
    let short = Prefetcher(0..<2, workers: 8, ahead: 16) { $0 }
    #expect(try await [short.next(), short.next(), short.next()] == [0, 1, nil])
    try await eventually { short.activity.threadCount == 0 }
    let broken = Prefetcher(0..<1000, workers: 2, ahead: 4) { _ -> Int in throw Broken(index: 0) }
    await #expect(throws: Broken(index: 0)) { try await broken.next() }
    try await eventually { broken.activity.threadCount == 0 }
  }

  @Test func aCancelledTaskIsNotLeftWaiting() async throws {
    let gate = DispatchSemaphore(value: 0)
    let prefetcher = Prefetcher(0..<10, workers: 1, ahead: 2) { index in
      gate.wait()
      return index
    }
    let task = Task { try await prefetcher.next() }
    try await Task.sleep(for: .milliseconds(5))
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    gate.signal()
    try await eventually { prefetcher.activity.threadCount == 0 }
  }

  /// Half a minute at most; what is waited for takes microseconds on an idle machine.
  private func eventually(_ condition: () -> Bool) async throws {
    for _ in 0..<30_000 where !condition() { try await Task.sleep(for: .milliseconds(1)) }
    #expect(condition())
  }

  @Test func theShareOfWaitingIsThatOfTheTime() {
    let meter = WaitMeter()
    #expect(meter.share == 0)
    let start = ContinuousClock.now
    meter.asked(at: start)
    meter.got(at: start + .milliseconds(30), after: start)
    meter.asked(at: start + .milliseconds(40))
    #expect(meter.waiting == .milliseconds(30) && meter.working == .milliseconds(10))
    #expect(meter.share == 0.75)
  }

  /// However loaded the machine is, a pause takes no less than its time.
  @Test func waitingIsMeasuredAroundEachBatch() async throws {
    let loader = Loader<Tensor>(sampleCount: 10, batchSize: 1, workers: 0) { _ in
      pause(2)
      return Tensor(1.0)
    }
    let meter = WaitMeter()
    for try await _ in loader.epoch(0, meter: meter) { pause(3) }
    #expect(meter.waiting >= .milliseconds(20) && meter.working >= .milliseconds(30))
  }
}

/// Stands for work that keeps its thread.
private func pause(_ milliseconds: Int) {
  Thread.sleep(forTimeInterval: Double(milliseconds) / 1000)
}
