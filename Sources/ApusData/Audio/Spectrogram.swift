import Apus
import Foundation

/// Short-time Fourier transform: how strong each frequency is, moment by moment.
///
/// A function of tensors, which runs inside steps and has gradients: the transform is a product with the
/// matrices of cosines and sines, windows included. Where PyTorch has `[…, frequency, frame]`, this has
/// `[…, frame, frequency]`.
public struct Spectrogram: Sendable {
  /// Length of a transform, in samples.
  public let fftLength: Int
  /// Samples from one frame to the next.
  public let hopLength: Int
  /// Whether frame `t` is centred at sample `t · hopLength`, with the sound mirrored at both ends.
  public let isCentered: Bool
  /// Frequencies: half the length and one.
  public var binCount: Int { fftLength / 2 + 1 }
  /// Cosines, then negative sines: `[fftLength, 2 · binCount]`.
  private let basis: Tensor

  /// - Parameters:
  ///   - hopLength: A quarter of `fftLength` if left out.
  ///   - window: `f32[windowLength]`, at most `fftLength` long and centred in it; Hann's of that length if
  ///     left out.
  public init(fftLength: Int = 400, hopLength: Int? = nil, window: Tensor? = nil, isCentered: Bool = true) {
    self.fftLength = fftLength
    self.hopLength = hopLength ?? max(fftLength / 4, 1)
    self.isCentered = isCentered
    let window = window ?? hannWindow(fftLength)
    let length = window.shape.last ?? 0
    let fits = window.rank == 1 && length <= fftLength
    check(
      fits, .shape, "Spectrogram", "the window has shape \(window.shape), the transform length \(fftLength)",
      hint: "a window has one axis and is no longer than the transform.")
    let before = max(fftLength - length, 0) / 2
    let after = max(fftLength - length, 0) - before
    let column = (fits ? window.padded([(before, after)]) : .ones([fftLength])).expanded(at: 1)
    basis = Spectrogram.fourierBasis(fftLength) * column
  }

  private static func fourierBasis(_ length: Int) -> Tensor {
    let bins = length / 2 + 1
    var values = [Float](repeating: 0, count: length * 2 * bins)
    for time in 0..<length {
      for bin in 0..<bins {
        // The product is reduced first, so that the angle is exact for any length.
        let angle = 2 * Double.pi * Double(time * bin % length) / Double(length)
        values[time * 2 * bins + bin] = Float(cos(angle))
        values[time * 2 * bins + bins + bin] = Float(-sin(angle))
      }
    }
    return Tensor(values, shape: [length, 2 * bins])
  }

  /// Real and imaginary parts, each `[…, frame, bin]`, of sound `[…, time]` (`torch.stft`).
  public func transform(_ x: Tensor) -> (real: Tensor, imaginary: Tensor) {
    let half = fftLength / 2
    let none = [(low: Int, high: Int)](repeating: (0, 0), count: max(x.rank - 1, 0))
    let padded = isCentered ? x.padded(none + [(half, half)], .reflect) : x
    let spectrum = matmul(framed(padded, length: fftLength, hop: hopLength), basis)
    return (spectrum[.ellipsis, 0..<binCount], spectrum[.ellipsis, binCount...])
  }

  /// The squared magnitude, `[…, frame, bin]`, of sound `[…, time]`; `torchaudio.transforms.Spectrogram`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let (real, imaginary) = transform(x)
    return real * real + imaginary * imaginary
  }
}
