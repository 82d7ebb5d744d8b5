import Apus

/// Hides random bands and moments of spectrograms in training, so that a model does not rely on any of them;
/// in inference it changes nothing. `[batch, frame, band]` stays so; each example has masks of its own.
///
/// What is hidden is 0, the mean of a normalised spectrogram. A mask begins anywhere at which all of it fits and
/// has any width below the bound (torchaudio's `FrequencyMasking` and `TimeMasking`). Park et al., 2019.
public struct SpecAugment: Sendable {
  public let bandMasks: Int
  /// A mask is narrower than this, in bands.
  public let bands: Int
  public let frameMasks: Int
  /// A mask is narrower than this, in frames.
  public let frames: Int

  public init(bandMasks: Int = 1, bands: Int, frameMasks: Int = 1, frames: Int) {
    precondition(bandMasks >= 0 && frameMasks >= 0 && bands >= 0 && frames >= 0, "counts are not negative")
    self.bandMasks = bandMasks
    self.bands = bands
    self.frameMasks = frameMasks
    self.frames = frames
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard
      Mode.isTraining,
      check(
        x.rank == 3, .shape, "SpecAugment", "needs [batch, frame, band], got \(x.shape)",
        hint: "hide parts of a batch of spectrograms.")
    else { return x }
    var result = x
    for _ in 0..<bandMasks { result = hidden(result, axis: 2, width: bands) }
    for _ in 0..<frameMasks { result = hidden(result, axis: 1, width: frames) }
    return result
  }

  private func hidden(_ x: Tensor, axis: Int, width: Int) -> Tensor {
    let extent = x.shape[axis]
    let one: Shape = [x.shape[0], 1, 1]
    let length = Tensor.uniform(one) * Tensor(Double(min(width, extent)))
    let start = floor(Tensor.uniform(one) * (Tensor(Double(extent)) - length))
    let places = Tensor.arange(extent, dtype: .f32).reshaped(axis == 1 ? [1, extent, 1] : [1, 1, extent])
    let isHidden = (places .>= start) & (places .< floor(start + length))
    return Tensor.where(isHidden, Tensor(0, dtype: x.dtype), x)
  }
}
