import Apus

/// Brings samples from 0 to 255 to mean 0 and standard deviation 1, channel by channel.
public struct Normalization: Hashable, Sendable {
  /// What samples are multiplied with first, so that the others do not depend on the number of bits.
  public static let scale = 1.0 / 255

  /// One number a channel, after scaling to 0…1.
  public let mean: [Double]
  public let standardDeviation: [Double]

  public init(mean: [Double], standardDeviation: [Double]) {
    precondition(mean.count == standardDeviation.count, "both need one number a channel")
    self.mean = mean
    self.standardDeviation = standardDeviation
  }

  /// What brings these images to mean 0 and deviation 1. Exact sums of integers, so the same on every
  /// machine.
  public init(of images: LabeledImages) {
    let channels = images.size.channels
    var sums = [Int](repeating: 0, count: channels)
    var squares = [Int](repeating: 0, count: channels)
    images.pixels.withUnsafeBufferPointer { pixels in
      for (index, sample) in pixels.enumerated() {
        let value = Int(sample)
        sums[index % channels] += value
        squares[index % channels] += value * value
      }
    }
    let count = Double(max(images.pixels.count / channels, 1))
    mean = sums.map { Double($0) / count * Normalization.scale }
    standardDeviation = zip(sums, squares).map { sum, square in
      let mean = Double(sum) / count
      let variance = max(0, Double(square) / count - mean * mean)
      // A channel that never changes would be divided by zero.
      return variance == 0 ? 1 : variance.squareRoot() * Normalization.scale
    }
  }

  /// `u8[…, channel]` to `f32[…, channel]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let scaled = x.to(.f32) * Tensor(Normalization.scale)
    if mean.count == 1 { return (scaled - Tensor(mean[0])) / Tensor(standardDeviation[0]) }
    return (scaled - Tensor(mean)) / Tensor(standardDeviation)
  }
}
