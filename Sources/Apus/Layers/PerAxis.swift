/// One number for all spatial axes, or one for each: `3`, `[3, 5]`.
public struct PerAxis: ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral, Hashable, Sendable {
  private let values: [Int]

  public init(_ value: Int) { values = [value] }
  public init(_ values: [Int]) { self.values = values }
  public init(integerLiteral value: Int) { self.init(value) }
  public init(arrayLiteral elements: Int...) { self.init(elements) }

  /// One number for each of `rank` axes.
  func expanded(_ rank: Int, _ operation: String) -> [Int] {
    if values.count == 1 { return Array(repeating: values[0], count: rank) }
    check(
      values.count == rank, .argument, operation,
      "needs one number, or one for each of \(rank) spatial axes, got \(values)")
    return values.count == rank ? values : Array(repeating: 1, count: rank)
  }
}

/// What to add around the spatial axes of a convolution.
public enum ConvolutionPadding: ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral, Hashable,
  Sendable
{
  /// As many zeros before as after each axis.
  case symmetric(PerAxis)
  /// So many zeros that the output is as large as the input; for stride 1. Where the number is odd
  /// the additional zero comes after, as in PyTorch.
  case same

  public static let valid = ConvolutionPadding.symmetric(0)

  public init(integerLiteral value: Int) { self = .symmetric(PerAxis(value)) }
  public init(arrayLiteral elements: Int...) { self = .symmetric(PerAxis(elements)) }

  /// What to add before and after each spatial axis for a kernel of these sizes.
  func widths(kernel: [Int], dilations: [Int]) -> [(low: Int, high: Int)] {
    switch self {
    case .symmetric(let widths):
      return widths.expanded(kernel.count, "convolution").map { ($0, $0) }
    case .same:
      let totals = zip(kernel, dilations).map { $1 * ($0 - 1) }
      return totals.map { ($0 / 2, $0 - $0 / 2) }
    }
  }
}
