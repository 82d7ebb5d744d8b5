/// A value made of tensors, such as a batch: what compiled functions and steps take and return.
///
/// Conform by listing the tensors and putting others in their place, in the same order.
public protocol TensorStructure: Sendable {
  var tensors: [Tensor] { get }

  /// The same structure with other tensors, taken from the front of `tensors`.
  func replacing(with tensors: inout ArraySlice<Tensor>) -> Self

  /// What besides the tensors decides the structure, such as the keys of a dictionary.
  var layout: String { get }
}

extension TensorStructure {
  public var layout: String { "" }

  func replacing(all tensors: [Tensor]) -> Self {
    var rest = tensors[...]
    return replacing(with: &rest)
  }

  /// The slices at `indices` along `axis` of each tensor that has such an axis; the others stay.
  public func taking(_ indices: Tensor, axis: Int = 0) -> Self {
    replacing(all: tensors.map { $0.rank > axis ? $0.take(indices, axis: axis) : $0 })
  }

  /// Each slice `count` times in a row along `axis` of each tensor that has such an axis; the others
  /// stay.
  public func repeated(_ count: Int, axis: Int) -> Self {
    replacing(all: tensors.map { $0.rank > axis ? $0.repeated(count, axis: axis) : $0 })
  }
}

extension Tensor: TensorStructure {
  public var tensors: [Tensor] { [self] }
  public func replacing(with tensors: inout ArraySlice<Tensor>) -> Tensor { tensors.removeFirst() }
}

extension Array: TensorStructure where Element: TensorStructure {
  public var tensors: [Tensor] { flatMap(\.tensors) }
  public func replacing(with tensors: inout ArraySlice<Tensor>) -> [Element] {
    map { $0.replacing(with: &tensors) }
  }
  public var layout: String { "[" + map(\.layout).joined(separator: ",") + "]" }
}

extension Optional: TensorStructure where Wrapped: TensorStructure {
  public var tensors: [Tensor] { map(\.tensors) ?? [] }
  public func replacing(with tensors: inout ArraySlice<Tensor>) -> Wrapped? {
    map { $0.replacing(with: &tensors) }
  }
  public var layout: String { map(\.layout) ?? "nil" }
}

extension Dictionary: TensorStructure where Key == String, Value: TensorStructure {
  /// In order of the keys.
  public var tensors: [Tensor] { keys.sorted().flatMap { self[$0]!.tensors } }
  public func replacing(with tensors: inout ArraySlice<Tensor>) -> [String: Value] {
    var result = self
    for key in keys.sorted() { result[key] = self[key]!.replacing(with: &tensors) }
    return result
  }
  public var layout: String {
    "{" + keys.sorted().map { "\($0):\(self[$0]!.layout)" }.joined(separator: ",") + "}"
  }
}

/// Inputs and what the model should make of them.
public struct Batch: TensorStructure {
  public var x: Tensor
  public var y: Tensor

  public init(x: Tensor, y: Tensor) {
    self.x = x
    self.y = y
  }

  public var tensors: [Tensor] { [x, y] }
  public func replacing(with tensors: inout ArraySlice<Tensor>) -> Batch {
    Batch(x: tensors.removeFirst(), y: tensors.removeFirst())
  }
}
