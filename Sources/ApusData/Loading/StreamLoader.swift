import Apus
import ApusFormats
import Synchronization

/// Cuts a stream into batches, epoch by epoch, where the data is too large for memory and a ``Loader``.
///
/// Records are shuffled in a buffer: each that leaves it is one of `shuffleBuffer` at random, and the next of the
/// stream takes its place (`tf.data.Dataset.shuffle`). One background thread reads and makes batches ahead.
///
/// Every batch is a pure function of (seed, epoch, position). An epoch that starts at batch `k` reads those before
/// again, without making batches of them, for a file has no other way.
public struct StreamLoader<Output: TensorStructure>: BatchSource {
  /// Samples in an epoch.
  public let count: Int
  public let batchSize: Int
  public let seed: UInt64
  /// Whether a last batch of fewer samples is left out.
  public let dropsLast: Bool
  /// Batches made ahead; 0 to make each when it is asked for.
  public let prefetchFactor: Int
  private let open: @Sendable (_ epoch: Int) -> any StreamCursor<Output>

  /// Batches of the records of a stream.
  ///
  /// - Parameters:
  ///   - sampleCount: records of the stream; they are counted, by reading all, if nil.
  ///   - shuffleBuffer: records among which each is drawn; 1 keeps the stream's order.
  ///   - augment: changes a sample at random; the generator is a pure function of the seed, the epoch and the
  ///     sample's place in it.
  ///   - collate: makes a batch of samples; see ``Collate``.
  /// - Throws: what reading throws, where records are counted.
  public init<Stream: RecordStream>(
    _ stream: Stream, sampleCount: Int? = nil, batchSize: Int, shuffleBuffer: Int = 10_000, seed: UInt64 = 0,
    dropsLast: Bool = false, prefetchFactor: Int = 2,
    augment: (@Sendable (Stream.Element, inout SampleRandom) throws -> Stream.Element)? = nil,
    collate: @escaping @Sendable ([Stream.Element]) throws -> Output
  ) throws {
    precondition(batchSize > 0, "a batch has at least one sample")
    precondition(shuffleBuffer > 0, "a buffer has at least one sample")
    precondition(prefetchFactor >= 0, "the number of batches made ahead is not negative")
    let count = try sampleCount ?? StreamLoader.count(stream)
    (self.count, self.batchSize, self.seed) = (count, batchSize, seed)
    (self.dropsLast, self.prefetchFactor) = (dropsLast, prefetchFactor)
    open = { epoch in
      RecordCursor(
        stream, count: count, batchSize: batchSize, shuffleBuffer: shuffleBuffer, seed: seed, epoch: epoch,
        augment: augment, collate: collate)
    }
  }

  private static func count(_ stream: some RecordStream) throws -> Int {
    var reader = try stream.makeReader()
    var count = 0
    while try reader.next() != nil { count += 1 }
    return count
  }

  /// Batches in an epoch.
  public var batchCount: Int { (count + (dropsLast ? 0 : batchSize - 1)) / batchSize }

  public func epoch(_ epoch: Int, from start: Int) -> any AsyncSequence<Output, any Error> {
    Epoch(loader: self, epoch: epoch, start: max(start, 0))
  }

  struct Epoch: AsyncSequence {
    let loader: StreamLoader
    let epoch: Int
    let start: Int

    struct Iterator: AsyncIteratorProtocol {
      private let cursor: any StreamCursor<Output>
      private let prefetcher: Prefetcher<Output>?
      private var index: Int
      private let end: Int

      init(_ epoch: Epoch) {
        let cursor = epoch.loader.open(epoch.epoch)
        self.cursor = cursor
        index = epoch.start
        end = epoch.loader.batchCount
        let ahead = epoch.loader.prefetchFactor
        guard ahead > 0, index < end else {
          prefetcher = nil
          return
        }
        // One thread, so that batches are made in order.
        prefetcher = Prefetcher(index..<end, workers: 1, ahead: ahead) { try cursor.batch($0) }
      }

      mutating func next() async throws -> Output? {
        guard index < end else { return nil }
        try Task.checkCancellation()
        defer { index += 1 }
        guard let prefetcher else { return try cursor.batch(index) }
        return try await prefetcher.next()
      }
    }

    func makeAsyncIterator() -> Iterator { Iterator(self) }
  }
}

/// One epoch of a stream, read from first to last.
private protocol StreamCursor<Output>: Sendable {
  associatedtype Output: Sendable

  /// A batch; those asked for before have smaller numbers.
  func batch(_ index: Int) throws -> Output
}

private final class RecordCursor<Stream: RecordStream, Output: TensorStructure>: StreamCursor {
  private struct State {
    var reader: Stream.Reader
    var buffer: [Stream.Element] = []
    var random: SampleRandom
    /// Records that left the buffer.
    var position = 0
  }

  private let state = Mutex<State?>(nil)
  private let stream: Stream
  private let count: Int
  private let batchSize: Int
  private let shuffleBuffer: Int
  private let seed: UInt64
  private let epoch: Int
  private let augment: (@Sendable (Stream.Element, inout SampleRandom) throws -> Stream.Element)?
  private let collate: @Sendable ([Stream.Element]) throws -> Output

  init(
    _ stream: Stream, count: Int, batchSize: Int, shuffleBuffer: Int, seed: UInt64, epoch: Int,
    augment: (@Sendable (Stream.Element, inout SampleRandom) throws -> Stream.Element)?,
    collate: @escaping @Sendable ([Stream.Element]) throws -> Output
  ) {
    (self.stream, self.count, self.batchSize, self.shuffleBuffer) = (stream, count, batchSize, shuffleBuffer)
    (self.seed, self.epoch, self.augment, self.collate) = (seed, epoch, augment, collate)
  }

  func batch(_ index: Int) throws -> Output {
    let first = index * batchSize
    var samples = try records(first..<min(first + batchSize, count))
    if let augment {
      for place in samples.indices {
        var random = SampleRandom(seed: seed, epoch: epoch, position: first + place)
        samples[place] = try augment(samples[place], &random)
      }
    }
    return try collate(samples)
  }

  /// The records at these places of the epoch's order; those before are passed over.
  private func records(_ places: Range<Int>) throws -> [Stream.Element] {
    try state.withLock { state in
      var now =
        try state
        ?? State(reader: stream.makeReader(), random: SampleRandom(seed: seed, epoch: epoch, .order))
      state = nil
      var records: [Stream.Element] = []
      while now.position < places.upperBound {
        let record = try next(&now)
        if now.position >= places.lowerBound { records.append(record) }
        now.position += 1
      }
      state = now
      return records
    }
  }

  private func next(_ state: inout State) throws -> Stream.Element {
    while state.buffer.count < shuffleBuffer, let record = try state.reader.next() { state.buffer.append(record) }
    guard !state.buffer.isEmpty else {
      throw FormatError(
        .truncated, "\(Stream.self)",
        "the stream ends after \(state.position) records, but \(count) were expected; count them anew.")
    }
    let place = shuffleBuffer > 1 ? state.random.integer(below: state.buffer.count) : 0
    let record = state.buffer[place]
    // The gap is filled by the last, and the end of the buffer by the stream.
    state.buffer.swapAt(place, state.buffer.count - 1)
    state.buffer.removeLast()
    return record
  }
}
