import Apus

/// Sequences of different lengths in one tensor; `Collate.padded` makes one.
public struct PaddedBatch: TensorStructure {
  /// `[batch, length]`
  public var values: Tensor
  /// How many values of each row are not padding, `i64[batch]`.
  public var lengths: Tensor

  public init(values: Tensor, lengths: Tensor) {
    self.values = values
    self.lengths = lengths
  }

  /// True where a row has a value, `bool[batch, length]`.
  public var mask: Tensor {
    Tensor.arange(values.shape[1]).expanded(at: 0) .< lengths.expanded(at: 1)
  }

  public var tensors: [Tensor] { [values, lengths] }

  public func replacing(with tensors: inout ArraySlice<Tensor>) -> PaddedBatch {
    PaddedBatch(values: tensors.removeFirst(), lengths: tensors.removeFirst())
  }
}
