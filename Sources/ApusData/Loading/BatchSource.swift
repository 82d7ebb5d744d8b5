import Apus

/// Batches, epoch by epoch: what training reads from.
///
/// Every batch is a pure function of the source, the epoch and its place in it, so that training that
/// starts again in the middle of an epoch sees what it would have seen.
public protocol BatchSource<Output>: Sendable {
  associatedtype Output: TensorStructure

  /// Batches in an epoch.
  var batchCount: Int { get }

  /// Samples in an epoch.
  var count: Int { get }

  /// The batches of an epoch in order, from batch `start` on.
  func epoch(_ epoch: Int, from start: Int) -> any AsyncSequence<Output, any Error>
}

extension BatchSource {
  /// All batches of an epoch.
  public func epoch(_ epoch: Int) -> any AsyncSequence<Output, any Error> { self.epoch(epoch, from: 0) }
}
