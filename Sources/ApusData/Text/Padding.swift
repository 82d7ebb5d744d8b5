import Apus

/// Sequences of numbers brought to one length: `ids` `i64[batch, time]` and `mask` `bool[batch, time]`, true
/// where a sequence has a number.
public struct PaddedBatch: Sendable {
  public let ids: Tensor
  public let mask: Tensor
  /// The length of each sequence, padding not counted: `i64[batch]`.
  public let lengths: Tensor

  /// - Parameters:
  ///   - sequences: At least one.
  ///   - length: Extent of time; that of the longest sequence if left out. Longer sequences lose their end.
  ///   - padding: The number in free places.
  public init(_ sequences: [[Int]], length: Int? = nil, padding: Int = 0) {
    check(!sequences.isEmpty, .argument, "PaddedBatch", "there are no sequences to pad")
    let time = length ?? sequences.map(\.count).max() ?? 0
    var ids = [Int64](repeating: Int64(padding), count: sequences.count * time)
    var mask = [Bool](repeating: false, count: ids.count)
    for (row, sequence) in sequences.enumerated() {
      for (place, id) in sequence.prefix(time).enumerated() {
        ids[row * time + place] = Int64(id)
        mask[row * time + place] = true
      }
    }
    let shape = Shape([sequences.count, time])
    self.ids = Tensor(ids, shape: shape)
    self.mask = Tensor(mask, shape: shape)
    lengths = Tensor(sequences.map { Int64(min($0.count, time)) })
  }
}
