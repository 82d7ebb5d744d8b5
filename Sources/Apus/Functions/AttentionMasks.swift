// Masks for attention: `bool` ones are true where a query may look, floating ones are added to scores.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What each of `time` queries may look at, `[time, source]`: itself and what came before.
///
/// - Parameters:
///   - source: the number of keys, as many as there are queries where nil.
///   - offset: the place of the first query among the keys.
///   - window: how many keys a query looks at, itself included (Beltagy et al., 2020); all where nil.
public func causalMask(_ time: Int, source: Int? = nil, offset: Int = 0, window: Int? = nil) -> Tensor {
  let row = Tensor.arange(offset, offset + time).expanded(at: 1)
  return causalMask(rows: row, source: source ?? time, window: window)
}

/// What queries at the places `rows`, `[…, time, 1]`, may look at: `[…, time, source]`.
func causalMask(rows: Tensor, source: Int, window: Int?) -> Tensor {
  let column = Tensor.arange(source)
  let isPast = column .<= rows
  guard let window else { return isPast }
  return isPast & (column .> rows - Tensor(window))
}

/// Two masks as one; each may be `bool` or floating.
func joinedMask(_ a: Tensor?, _ b: Tensor?) -> Tensor? {
  guard let a, let b else { return a ?? b }
  switch (a.dtype.isFloating, b.dtype.isFloating) {
  case (false, false): return a & b
  case (true, true): return a + b
  case (true, false): return Tensor.where(b, a, Tensor(-Double.infinity))
  case (false, true): return Tensor.where(a, b, Tensor(-Double.infinity))
  }
}

/// The slopes of ALiBi, one for each head: 2^(-8/n), 2^(-16/n), … for n heads where n is a power of
/// two; else those of the next smaller power, and between them every second of the next greater
/// (Press et al., 2022).
public func alibiSlopes(_ heads: Int) -> [Double] {
  guard heads > 0 else { return [] }
  let power = 1 << (Int.bitWidth - 1 - heads.leadingZeroBitCount)
  func slopes(_ count: Int) -> [Double] { (1...count).map { pow(2, -8 * Double($0) / Double(count)) } }
  let between = slopes(2 * power).enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
  return slopes(power) + between.prefix(heads - power)
}

/// Attention with linear biases (Press et al., 2022): slope · (key's place - query's place), to be
/// added to scores as `mask`, `[head, time, source]`. With `isCausal` none of it is positive.
///
/// - Parameters:
///   - source: the number of keys, as many as there are queries where nil.
///   - offset: the place of the first query among the keys.
public func alibiBias(
  heads: Int, _ time: Int, source: Int? = nil, offset: Int = 0, dtype: DType = .defaultFloating
) -> Tensor {
  let row = Tensor.arange(offset, offset + time).expanded(at: 1)
  let distance = (Tensor.arange(source ?? time) - row).to(dtype)
  return Tensor(alibiSlopes(heads), shape: [heads, 1, 1], dtype: dtype) * distance
}
