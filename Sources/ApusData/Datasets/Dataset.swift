/// A finite collection of samples with random access; a value, cheap to copy.
///
/// Reading a sample has no effect on any other, so loaders read from several threads at once, and a
/// sample that is read again is the same.
public protocol Dataset<Element>: Sendable {
  associatedtype Element: Sendable

  /// Samples in all.
  var count: Int { get }

  /// The sample at `index`, from 0 up to `count`; traps outside.
  ///
  /// - Throws: what is wrong with the sample's source, such as a damaged file.
  subscript(index: Int) -> Element { get throws }
}

/// Samples in memory: an array as a dataset.
///
/// (`Array` itself cannot conform: Swift allows no conformance on the condition that elements are
/// `Sendable`.)
public struct ArrayDataset<Element: Sendable>: Dataset, ExpressibleByArrayLiteral {
  public let samples: [Element]

  public init(_ samples: [Element]) { self.samples = samples }

  public init(arrayLiteral samples: Element...) { self.init(samples) }

  public var count: Int { samples.count }

  public subscript(index: Int) -> Element { samples[index] }
}
