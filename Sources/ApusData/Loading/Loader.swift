import Apus

/// Cuts a dataset into batches, epoch by epoch, and makes them on background threads ahead of the step.
///
/// Every batch is a pure function of (seed, epoch, position): the order, the augmentation and the
/// result do not depend on the number of threads, and an epoch that starts at batch `k` reads no
/// sample of those before.
public struct Loader<Output: TensorStructure>: BatchSource {
  /// Samples in an epoch.
  public private(set) var count: Int
  public let batchSize: Int
  public let seed: UInt64
  /// Whether a last batch of fewer samples is left out.
  public let dropsLast: Bool
  /// Threads that make batches; 0 to make each when it is asked for.
  public let workers: Int
  /// Batches made ahead for each thread.
  public let prefetchFactor: Int
  private let order: @Sendable (_ epoch: Int) -> [Int]
  private let make: @Sendable (BatchRequest) throws -> Output
  private var shard = (index: 0, total: 1)
  /// How many times batches are changed after they are made.
  private var mapCount = 0

  /// Batches made from what is asked for, where the whole batch is read at once.
  ///
  /// - Parameters:
  ///   - sampleCount: samples of the dataset.
  ///   - make: the batch; a pure function of the request, called from several threads.
  public init(
    sampleCount: Int, batchSize: Int, sampler: Sampler = .shuffled, seed: UInt64 = 0,
    dropsLast: Bool = false, workers: Int = 1, prefetchFactor: Int = 2,
    make: @escaping @Sendable (BatchRequest) throws -> Output
  ) {
    precondition(batchSize > 0, "a batch has at least one sample")
    precondition(workers >= 0, "the number of threads is not negative")
    precondition(prefetchFactor > 0, "a thread makes at least one batch ahead")
    count = sampler.length(sampleCount)
    self.batchSize = batchSize
    self.seed = seed
    self.dropsLast = dropsLast
    self.workers = workers
    self.prefetchFactor = prefetchFactor
    self.make = make
    order = { epoch in
      sampler.order(
        Sampler.Request(count: sampleCount, batchSize: batchSize, seed: seed, epoch: epoch))
    }
  }

  /// Batches of the samples of a dataset.
  ///
  /// - Parameters:
  ///   - augment: changes a sample at random; the generator is a pure function of the seed, the
  ///     epoch and the sample's place in it.
  ///   - collate: makes a batch of samples; see ``Collate``.
  public init<Source: Dataset>(
    _ dataset: Source, batchSize: Int, sampler: Sampler = .shuffled, seed: UInt64 = 0,
    dropsLast: Bool = false, workers: Int = 1, prefetchFactor: Int = 2,
    augment: (@Sendable (Source.Element, inout SampleRandom) throws -> Source.Element)? = nil,
    collate: @escaping @Sendable ([Source.Element]) throws -> Output
  ) {
    self.init(
      sampleCount: dataset.count, batchSize: batchSize, sampler: sampler, seed: seed,
      dropsLast: dropsLast, workers: workers, prefetchFactor: prefetchFactor
    ) { request in
      var samples: [Source.Element] = []
      samples.reserveCapacity(request.indices.count)
      for (place, index) in request.indices.enumerated() {
        let sample = try dataset[index]
        guard let augment else {
          samples.append(sample)
          continue
        }
        var random = request.random(at: place)
        samples.append(try augment(sample, &random))
      }
      return try collate(samples)
    }
  }

  private init<Old>(_ old: Loader<Old>, make: @escaping @Sendable (BatchRequest) throws -> Output) {
    (count, batchSize, seed, dropsLast) = (old.count, old.batchSize, old.seed, old.dropsLast)
    (workers, prefetchFactor, shard) = (old.workers, old.prefetchFactor, old.shard)
    order = old.order
    mapCount = old.mapCount + 1
    self.make = make
  }

  /// The same batches, each changed by `transform`, such as ``MixUp``; the generator is a pure function
  /// of the seed, the epoch and the batch's place in it.
  public func map<NewOutput: TensorStructure>(
    _ transform: @escaping @Sendable (Output, inout SampleRandom) throws -> NewOutput
  ) -> Loader<NewOutput> {
    let (make, draw) = (make, mapCount)
    return Loader<NewOutput>(self) { request in
      var random = SampleRandom(
        seed: request.seed, epoch: request.epoch, .batch, position: request.positions.first ?? 0,
        draw: draw)
      return try transform(try make(request), &random)
    }
  }

  /// The part of one process of several: every `total`-th sample of each epoch's order, from `index`
  /// on. All parts have the same number of batches; up to `total - 1` samples of an epoch, other ones
  /// each time where the order is random, are left out for that.
  public func sharded(_ index: Int, of total: Int) -> Loader {
    precondition(total > 0 && (0..<total).contains(index), "there is no part \(index) of \(total)")
    precondition(shard.total == 1, "the loader is a part already")
    var part = self
    part.count = count / total
    part.shard = (index, total)
    return part
  }

  /// Batches in an epoch.
  public var batchCount: Int { (count + (dropsLast ? 0 : batchSize - 1)) / batchSize }

  /// The batches of an epoch in order, from batch `start` on: `for try await batch in loader.epoch(0)`.
  public func epoch(_ epoch: Int, from start: Int = 0) -> Epoch {
    Epoch(loader: self, epoch: epoch, order: order(epoch), start: start)
  }

  public func epoch(_ epoch: Int, from start: Int) -> any AsyncSequence<Output, any Error> {
    self.epoch(epoch, from: start) as Epoch
  }

  /// The batches of one epoch, in order.
  public struct Epoch: AsyncSequence, Sendable {
    let loader: Loader
    let epoch: Int
    let order: [Int]
    let start: Int

    /// One batch of the epoch, 0 being its first wherever the sequence starts.
    ///
    /// - Throws: what reading, augmenting or collating its samples throws.
    public func batch(_ index: Int) throws -> Output {
      precondition(
        (0..<loader.batchCount).contains(index), "there is no batch \(index) of \(loader.batchCount)")
      let first = index * loader.batchSize
      let places = first..<Swift.min(first + loader.batchSize, loader.count)
      let positions = places.map { $0 * loader.shard.total + loader.shard.index }
      return try loader.make(
        BatchRequest(
          indices: positions.map { order[$0] }, positions: positions, seed: loader.seed, epoch: epoch))
    }

    /// The epoch's batches, made when they are asked for or ahead of that.
    public struct Iterator: AsyncIteratorProtocol {
      private let epoch: Epoch
      private let prefetcher: Prefetcher<Output>?
      private var index: Int

      init(_ epoch: Epoch) {
        self.epoch = epoch
        let loader = epoch.loader
        index = Swift.max(epoch.start, 0)
        guard loader.workers > 0, index < loader.batchCount else {
          prefetcher = nil
          return
        }
        prefetcher = Prefetcher(
          index..<loader.batchCount, workers: loader.workers,
          ahead: loader.workers * loader.prefetchFactor, make: epoch.batch)
      }

      public mutating func next() async throws -> Output? {
        guard index < epoch.loader.batchCount else { return nil }
        try Task.checkCancellation()
        defer { index += 1 }
        guard let prefetcher else { return try epoch.batch(index) }
        return try await prefetcher.next()
      }
    }

    public func makeAsyncIterator() -> Iterator { Iterator(self) }
  }
}

/// What a batch is made of.
public struct BatchRequest: Sendable {
  /// Indices into the dataset.
  public let indices: [Int]
  /// For each of them, its place in the epoch's order.
  public let positions: [Int]
  public let seed: UInt64
  public let epoch: Int

  /// The random numbers for the sample at `place` in the batch.
  public func random(at place: Int) -> SampleRandom {
    SampleRandom(seed: seed, epoch: epoch, position: positions[place])
  }
}
