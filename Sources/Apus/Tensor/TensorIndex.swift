/// One place in a subscript: `x[0, 1..., .newAxis]`.
///
/// | written | meaning | axes |
/// | --- | --- | --- |
/// | `2`, `-1` | one element; negative counts from the end | drops one |
/// | `1..<4`, `1...3`, `2...`, `..<(-1)`, `...2` | a range, cut to the extent; negative bounds count from the end | keeps one |
/// | `.all` | everything | keeps one |
/// | `.stride(from: 1, to: nil, by: 2)` | every second, Python's `1::2`; a negative step goes backwards | keeps one |
/// | `.ellipsis` | everything along all axes not named (one at most) | keeps them |
/// | `.newAxis` | | adds one of extent 1 |
/// | an integer tensor | the elements at these indices; several are broadcast together, and where their axes are no neighbours the result's come first (NumPy; an `Int` beside them is no index tensor, as in PyTorch) | replaces one by the tensor's |
public enum TensorIndex: Sendable {
  case element(Int)
  /// Python's `from:to:by`, with nil for what is left out.
  case range(from: Int?, to: Int?, by: Int)
  case everything
  case ellipsisIndex
  case newAxisIndex
  case tensor(Tensor)
}

/// What can stand in a tensor's subscript.
public protocol TensorIndexing: Sendable {
  var tensorIndex: TensorIndex { get }
}

extension TensorIndex: TensorIndexing {
  public var tensorIndex: TensorIndex { self }
}

extension TensorIndexing where Self == TensorIndex {
  /// Everything along one axis.
  public static var all: TensorIndex { .everything }
  /// Everything along all axes that are not named.
  public static var ellipsis: TensorIndex { .ellipsisIndex }
  /// A new axis of extent 1.
  public static var newAxis: TensorIndex { .newAxisIndex }
  /// Python's `from:to:by`, with nil for what is left out.
  public static func stride(from: Int? = nil, to: Int? = nil, by step: Int) -> TensorIndex {
    .range(from: from, to: to, by: step)
  }
}

extension Int: TensorIndexing {
  public var tensorIndex: TensorIndex { .element(self) }
}

extension Range<Int>: TensorIndexing {
  public var tensorIndex: TensorIndex { .range(from: lowerBound, to: upperBound, by: 1) }
}

extension ClosedRange<Int>: TensorIndexing {
  public var tensorIndex: TensorIndex {
    .range(from: lowerBound, to: upperBound == -1 ? nil : upperBound + 1, by: 1)
  }
}

extension PartialRangeFrom<Int>: TensorIndexing {
  public var tensorIndex: TensorIndex { .range(from: lowerBound, to: nil, by: 1) }
}

extension PartialRangeUpTo<Int>: TensorIndexing {
  public var tensorIndex: TensorIndex { .range(from: nil, to: upperBound, by: 1) }
}

extension PartialRangeThrough<Int>: TensorIndexing {
  public var tensorIndex: TensorIndex {
    .range(from: nil, to: upperBound == -1 ? nil : upperBound + 1, by: 1)
  }
}

extension Tensor: TensorIndexing {
  public var tensorIndex: TensorIndex { .tensor(self) }
}
