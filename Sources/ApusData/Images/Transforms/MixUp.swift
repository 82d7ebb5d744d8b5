import Apus

/// Each sample of a batch mixed with its neighbour, labels too (Zhang et al., 2017).
///
/// For ``Loader/map(_:)``. `x` `[batch, …]` becomes f32 unless it is floating-point already; `y`
/// `i64[batch]` becomes probabilities `f32[batch, class]`, which `crossEntropy` takes.
public struct MixUp: Sendable {
  /// The share of the neighbour is Beta(alpha, alpha).
  public let alpha: Double
  public let numClasses: Int

  public init(alpha: Double = 1, numClasses: Int) {
    precondition(alpha > 0, "alpha is positive, not \(alpha)")
    self.alpha = alpha
    self.numClasses = numClasses
  }

  public func callAsFunction(_ batch: Batch, _ random: inout SampleRandom) -> Batch {
    let share = random.beta(alpha, alpha)
    let x = batch.x.dtype.isFloating ? batch.x : batch.x.to(.f32)
    return Batch(
      x: x.mixed(with: x.rolled(1, axis: 0), share),
      y: softLabels(batch.y, numClasses, share))
  }
}

/// A rectangle of each image replaced by its neighbour's, labels in proportion (Yun et al., 2019).
///
/// For ``Loader/map(_:)``. `x` `[batch, height, width, channel]` keeps its dtype; `y` `i64[batch]`
/// becomes probabilities `f32[batch, class]`, which `crossEntropy` takes.
public struct CutMix: Sendable {
  /// The share of the image's area that stays is Beta(alpha, alpha).
  public let alpha: Double
  public let numClasses: Int

  public init(alpha: Double = 1, numClasses: Int) {
    precondition(alpha > 0, "alpha is positive, not \(alpha)")
    self.alpha = alpha
    self.numClasses = numClasses
  }

  public func callAsFunction(_ batch: Batch, _ random: inout SampleRandom) -> Batch {
    precondition(batch.x.rank == 4, "images are [batch, height, width, channel]")
    let (height, width) = (batch.x.shape[1], batch.x.shape[2])
    let half = 0.5 * (1 - random.beta(alpha, alpha)).squareRoot()
    let rows = range(height, half, &random)
    let columns = range(width, half, &random)
    let mask = (0..<height).flatMap { y in
      (0..<width).map { rows.contains(y) && columns.contains($0) }
    }
    let replaced = Tensor(mask, shape: [1, height, width, 1])
    let share = 1 - Double(rows.count * columns.count) / Double(max(height * width, 1))
    return Batch(
      x: Tensor.where(replaced, batch.x.rolled(1, axis: 0), batch.x),
      y: softLabels(batch.y, numClasses, share))
  }

  private func range(_ length: Int, _ half: Double, _ random: inout SampleRandom) -> Range<Int> {
    let middle = random.integer(below: length)
    let reach = Int(half * Double(length))
    return max(middle - reach, 0)..<min(middle + reach, length)
  }
}

/// `share` of the own class and the rest of the neighbour's, `f32[batch, class]`.
private func softLabels(_ labels: Tensor, _ classCount: Int, _ share: Double) -> Tensor {
  let own = labels.oneHot(classCount, dtype: .f32)
  return own.mixed(with: own.rolled(1, axis: 0), share)
}

extension Tensor {
  /// The share is data, so that another one compiles nothing anew.
  fileprivate func mixed(with other: Tensor, _ share: Double) -> Tensor {
    let own = Tensor(share, dtype: dtype)
    return self * own + other * (Tensor(1.0, dtype: dtype) - own)
  }
}
