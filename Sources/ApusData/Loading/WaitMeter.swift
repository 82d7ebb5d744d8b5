import Apus
import Synchronization

/// How long the consumer of batches waited for them: data is too slow where the share is well above 0.
public final class WaitMeter: Sendable {
  private struct State {
    var waiting = Duration.zero
    var working = Duration.zero
    var lastHandOver: ContinuousClock.Instant?
  }

  private let state = Mutex(State())

  public init() {}

  /// Time in which the consumer waited for a batch.
  public var waiting: Duration { state.withLock(\.waiting) }

  /// Time from a batch's arrival to asking for the next.
  public var working: Duration { state.withLock(\.working) }

  /// The share of the time that was spent waiting, 0 to 1; 0 before the first batch.
  public var share: Double {
    let (waiting, working) = state.withLock { ($0.waiting, $0.working) }
    return waiting + working > .zero ? waiting / (waiting + working) : 0
  }

  /// What was between two epochs counts neither way.
  fileprivate func begin() { state.withLock { $0.lastHandOver = nil } }

  func asked(at now: ContinuousClock.Instant) {
    state.withLock { state in
      if let last = state.lastHandOver { state.working += now - last }
      state.lastHandOver = nil
    }
  }

  func got(at now: ContinuousClock.Instant, after start: ContinuousClock.Instant) {
    state.withLock { state in
      state.waiting += now - start
      state.lastHandOver = now
    }
  }
}

extension BatchSource {
  /// The batches of an epoch, from batch `start` on, with the time spent waiting for them.
  public func epoch(_ epoch: Int, from start: Int = 0, meter: WaitMeter) -> MeteredEpoch<Output> {
    MeteredEpoch(base: self.epoch(epoch, from: start), meter: meter)
  }
}

/// The batches of an epoch, whose consumer is timed.
public struct MeteredEpoch<Output: TensorStructure>: AsyncSequence {
  let base: any AsyncSequence<Output, any Error>
  let meter: WaitMeter

  public struct Iterator: AsyncIteratorProtocol {
    var base: any AsyncIteratorProtocol<Output, any Error>
    let meter: WaitMeter

    public mutating func next(
      isolation actor: isolated (any Actor)?
    ) async throws -> Output? {
      let start = ContinuousClock.now
      meter.asked(at: start)
      guard let batch = try await base.next(isolation: actor) else { return nil }
      meter.got(at: ContinuousClock.now, after: start)
      return batch
    }

    public mutating func next() async throws -> Output? { try await next(isolation: nil) }
  }

  public func makeAsyncIterator() -> Iterator {
    meter.begin()
    return Iterator(base: erased(base), meter: meter)
  }

  private func erased<Base: AsyncSequence<Output, any Error>>(
    _ base: Base
  ) -> any AsyncIteratorProtocol<Output, any Error> {
    base.makeAsyncIterator()
  }
}
