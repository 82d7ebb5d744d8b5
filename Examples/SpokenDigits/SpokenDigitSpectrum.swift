import Apus
import ApusData
import ApusFormats

/// Sound at 8 kHz as logarithms of 40 mel bands every 10 ms, inside the compiled step.
struct SpokenDigitSpectrum: Sendable {
  static let bands = 40
  private let mel = MelSpectrogram(
    sampleRate: SpokenDigitRecordings.sampleRate, bands: bands,
    spectrogram: Spectrogram(fftLength: 256, hopLength: 80))

  /// `[batch, time]` to `[batch, frame, band]`.
  func callAsFunction(_ x: Tensor) -> Tensor { mel.logarithmic(x) }

  /// A grey picture of each sound.
  func images(_ x: Tensor) throws -> [Image] {
    let levels = self(x)
    let (frames, bands) = (levels.shape[1], levels.shape[2])
    let values = levels.array(of: Float.self)
    return (0..<levels.shape[0]).map { place in
      let part = Array(values[place * frames * bands..<(place + 1) * frames * bands])
      let (low, high) = (part.min() ?? 0, part.max() ?? 1)
      let scale = high > low ? 255 / (high - low) : 0
      var pixels = [UInt8](repeating: 0, count: frames * bands)
      for frame in 0..<frames {
        for band in 0..<bands {
          pixels[(bands - 1 - band) * frames + frame] = UInt8((part[frame * bands + band] - low) * scale)
        }
      }
      return Image(height: bands, width: frames, channels: 1, pixels: pixels)
    }
  }
}
