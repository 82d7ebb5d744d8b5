import ApusIR

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Sines and cosines of the places 0 ..< count, `[count, width]`: feature 2i is
/// sin(place / base^(2i/width)), feature 2i + 1 the cosine (Vaswani et al., 2017).
public func sinusoidalPositions(
  _ count: Int, _ width: Int, base: Double = 10_000, dtype: DType = .defaultFloating
) -> Tensor {
  let (count, width) = (Swift.max(count, 0), Swift.max(width, 0))
  let frequencies = (0..<width).map { pow(base, -Double($0 / 2 * 2) / Double(width)) }
  var values: [Double] = []
  values.reserveCapacity(count * width)
  for place in 0..<count {
    for (feature, frequency) in frequencies.enumerated() {
      let angle = Double(place) * frequency
      values.append(feature % 2 == 0 ? sin(angle) : cos(angle))
    }
  }
  return Tensor(values, shape: [count, width], dtype: dtype)
}

/// Adds `sinusoidalPositions` to `[batch, time, width]`.
public struct SinusoidalPositions: Layer {
  private let table: Tensor

  /// - Parameter capacity: the longest time.
  public init(_ width: Int, capacity: Int = 5_000, base: Double = 10_000) {
    table = sinusoidalPositions(capacity, width, base: base)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { self(x, from: 0) }

  /// - Parameter start: the place of the first of `x`'s times; data may change from call to call.
  public func callAsFunction(_ x: Tensor, from start: Tensor) -> Tensor {
    x + positionRows(table, x, start, "SinusoidalPositions").to(x.dtype)
  }
}

/// Adds a learned vector for each place to `[batch, time, width]` (GPT-2 and BERT).
///
/// Parameter: `weight` `[capacity, width]`, standard normal at first.
public struct LearnedPositions: Layer {
  public let weight: Parameter
  private let scope: Scope

  /// - Parameter capacity: the longest time.
  public init(_ scope: Scope, _ capacity: Int, _ width: Int) {
    self.scope = scope
    weight = scope.parameter("weight", [capacity, width], .normal())
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { self(x, from: 0) }

  /// - Parameter start: the place of the first of `x`'s times; data may change from call to call.
  public func callAsFunction(_ x: Tensor, from start: Tensor) -> Tensor {
    scope.run {
      x + Precision.joined(positionRows(weight.value, x, start, "LearnedPositions"), x)
    }
  }
}

/// The rows of `table` for the times of `x`; a slice where the start is a number in the source.
private func positionRows(_ table: Tensor, _ x: Tensor, _ start: Tensor, _ name: String) -> Tensor {
  let capacity = table.shape[0]
  guard
    check(
      x.rank >= 2 && x.shape[x.rank - 1] == table.shape[1], .shape, name,
      "shape \(x.shape) is not [batch, time, \(table.shape[1])]"),
    check(
      x.shape[x.rank - 2] <= capacity, .shape, name,
      "\(x.shape[x.rank - 2]) times are more than the capacity of \(capacity) places",
      hint: "make it with a greater capacity.")
  else { return table[0..<Swift.min(1, capacity)] }
  let time = x.shape[x.rank - 2]
  if let number = start.number {
    let first = Int(number.double)
    guard
      check(
        first >= 0 && first + time <= capacity, .index, name,
        "places \(first) to \(first + time) are outside of the capacity of \(capacity) places")
    else { return table[0..<time] }
    return table[first..<(first + time)]
  }
  return table.take(Tensor.arange(time) + start)
}
