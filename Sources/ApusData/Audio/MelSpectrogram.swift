import Apus
import Foundation

/// The power of sound by mel band: `[…, time]` becomes `[…, frame, band]`.
/// Defaults are those of `torchaudio.transforms.MelSpectrogram`.
public struct MelSpectrogram: Sendable {
  public let spectrogram: Spectrogram
  /// `f32[bin, band]`
  public let filters: Tensor

  public init(
    sampleRate: Int, bands: Int = 128, spectrogram: Spectrogram = Spectrogram(hopLength: 200),
    lowest: Double = 0, highest: Double? = nil, scale: MelScale = .htk, isNormalized: Bool = false
  ) {
    self.spectrogram = spectrogram
    filters = scale.filterBank(
      bands, sampleRate: sampleRate, fftLength: spectrogram.fftLength, lowest: lowest, highest: highest,
      isNormalized: isNormalized)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { matmul(spectrogram(x), filters) }

  /// The natural logarithm of the power, at least that of `floor`.
  public func logarithmic(_ x: Tensor, floor: Double = 1e-6) -> Tensor {
    log(maximum(self(x), Tensor(floor)))
  }
}

/// Power in decibels, `10 log10 x`, of `[…, frame, band]`: at least that of `minimum`, and at most `range`
/// below the loudest of the last two axes (`torchaudio.transforms.AmplitudeToDB`).
public func decibels(_ power: Tensor, minimum: Double = 1e-10, range: Double? = 80) -> Tensor {
  let level = log10(maximum(power, Tensor(minimum))) * Tensor(10.0)
  guard let range else { return level }
  return maximum(level, level.max(axes: [-2, -1], keepDims: true) - Tensor(range))
}

/// Mel-frequency cepstral coefficients: `[…, time]` becomes `[…, frame, coefficient]`.
///
/// The discrete cosine transform (II, orthonormal) of the mel spectrogram in decibels, as torchaudio's and
/// librosa's. S. Davis and P. Mermelstein, 1980.
public struct MFCC: Sendable {
  public let mel: MelSpectrogram
  /// `f32[band, coefficient]`
  public let basis: Tensor

  public init(_ mel: MelSpectrogram, coefficients: Int = 40) {
    self.mel = mel
    let bands = mel.filters.shape[1]
    check(
      coefficients <= bands, .argument, "MFCC", "\(coefficients) coefficients of \(bands) bands",
      hint: "take no more coefficients than there are bands.")
    basis = MFCC.cosineBasis(bands, coefficients)
  }

  private static func cosineBasis(_ bands: Int, _ coefficients: Int) -> Tensor {
    var values = [Float](repeating: 0, count: bands * coefficients)
    for band in 0..<bands {
      for order in 0..<coefficients {
        let angle = Double.pi * (Double(band) + 0.5) * Double(order) / Double(bands)
        let scale = sqrt((order == 0 ? 1.0 : 2.0) / Double(bands))
        values[band * coefficients + order] = Float(cos(angle) * scale)
      }
    }
    return Tensor(values, shape: [bands, coefficients])
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { matmul(decibels(mel(x)), basis) }
}
