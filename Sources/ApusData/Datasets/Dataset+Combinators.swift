/// Datasets made of datasets. Nothing is read until a sample is asked for, but where it says so.
extension Dataset {
  /// The samples, each changed by `transform` when it is read.
  public func map<NewElement: Sendable>(
    _ transform: @escaping @Sendable (Element) throws -> NewElement
  ) -> MappedDataset<Self, NewElement> {
    MappedDataset(base: self, transform: transform)
  }

  /// The samples at `indices`, in that order; an index may come more than once.
  public func subset(_ indices: [Int]) -> SubsetDataset<Self> { SubsetDataset(self, indices) }

  /// The samples that satisfy `isIncluded`; reads each once, now.
  ///
  /// - Throws: what reading a sample or the predicate throws.
  public func filter(_ isIncluded: (Element) throws -> Bool) throws -> SubsetDataset<Self> {
    subset(try (0..<count).filter { try isIncluded(self[$0]) })
  }

  /// The first `length` samples, or all where there are fewer.
  public func prefix(_ length: Int) -> SubsetDataset<Self> {
    subset(Array(0..<Swift.min(Swift.max(length, 0), count)))
  }

  /// The samples in an order that depends on the seed alone.
  ///
  /// (For an order of its own in each epoch there is ``Sampler/shuffled``.)
  public func shuffled(seed: UInt64) -> SubsetDataset<Self> {
    subset(RandomOrder.permutation(count, seed: seed, .dataset))
  }

  /// Every `total`-th sample from `index` on: the part of one process of several. The parts are
  /// disjoint, have every sample, and differ in size by one at most.
  public func sharded(_ index: Int, of total: Int) -> SubsetDataset<Self> {
    precondition(total > 0 && (0..<total).contains(index), "there is no part \(index) of \(total)")
    return subset(Array(stride(from: index, to: count, by: total)))
  }

  /// The samples of this dataset and then those of others (PyTorch's `ConcatDataset`).
  public func concatenated(with others: Self...) -> ConcatenatedDataset<Element> {
    ConcatenatedDataset([self] + others)
  }

  /// Pairs of the samples with the same index; as many as the smaller dataset has.
  public func zipped<Other: Dataset>(with other: Other) -> ZippedDataset<Self, Other> {
    ZippedDataset(first: self, second: other)
  }

  /// Groups of `size` samples; the last may be smaller, or is left out.
  public func batched(_ size: Int, dropsLast: Bool = false) -> BatchedDataset<Self> {
    precondition(size > 0, "a batch has at least one sample")
    return BatchedDataset(base: self, size: size, dropsLast: dropsLast)
  }

  /// Keeps up to `limit` samples in memory once they are read; the one that was used longest ago
  /// makes place for another.
  public func cached(limit: Int) -> CachedDataset<Self> { CachedDataset(self, limit: limit) }

  /// All samples.
  ///
  /// - Throws: what reading a sample throws.
  public func samples() throws -> [Element] { try (0..<count).map { try self[$0] } }
}

/// Samples that are changed when they are read.
public struct MappedDataset<Base: Dataset, Element: Sendable>: Dataset {
  let base: Base
  let transform: @Sendable (Base.Element) throws -> Element

  public var count: Int { base.count }

  public subscript(index: Int) -> Element {
    get throws { try transform(base[index]) }
  }
}

/// Some samples of a dataset, in an order of their own (PyTorch's `Subset`).
public struct SubsetDataset<Base: Dataset>: Dataset {
  public let base: Base
  /// For each sample, its index in `base`.
  public let indices: [Int]

  /// Traps where an index is outside the dataset.
  public init(_ base: Base, _ indices: [Int]) {
    let isInside = 0..<base.count
    precondition(indices.allSatisfy(isInside.contains), "an index is outside the \(base.count) samples")
    self.base = base
    self.indices = indices
  }

  public var count: Int { indices.count }

  public subscript(index: Int) -> Base.Element {
    get throws { try base[indices[index]] }
  }
}

/// Datasets one after the other, of any types with the same samples.
public struct ConcatenatedDataset<Element: Sendable>: Dataset {
  private let parts: [any Dataset<Element>]
  /// For each part, the index after its last sample.
  private let ends: [Int]

  public init(_ parts: [any Dataset<Element>]) {
    var ends: [Int] = []
    for part in parts { ends.append((ends.last ?? 0) + part.count) }
    self.parts = parts
    self.ends = ends
  }

  public var count: Int { ends.last ?? 0 }

  public subscript(index: Int) -> Element {
    get throws {
      precondition((0..<count).contains(index), "there is no sample \(index) of \(count)")
      let part = ends.partitioningIndex { $0 > index }
      return try parts[part][index - (part == 0 ? 0 : ends[part - 1])]
    }
  }
}

/// Pairs of samples with the same index.
public struct ZippedDataset<First: Dataset, Second: Dataset>: Dataset {
  let first: First
  let second: Second

  public var count: Int { min(first.count, second.count) }

  public subscript(index: Int) -> (First.Element, Second.Element) {
    get throws { (try first[index], try second[index]) }
  }
}

/// Groups of neighbouring samples.
public struct BatchedDataset<Base: Dataset>: Dataset {
  let base: Base
  let size: Int
  let dropsLast: Bool

  public var count: Int { (base.count + (dropsLast ? 0 : size - 1)) / size }

  public subscript(index: Int) -> [Base.Element] {
    get throws {
      precondition((0..<count).contains(index), "there is no batch \(index) of \(count)")
      let range = index * size..<min((index + 1) * size, base.count)
      return try range.map { try base[$0] }
    }
  }
}

extension Array {
  /// The first index whose element satisfies the predicate, where those that do stand last.
  func partitioningIndex(where belongsToSecond: (Element) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if belongsToSecond(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
