import Apus
import Foundation

/// How frequencies are spaced as we hear them.
public enum MelScale: Sendable {
  /// `2595 log10(1 + f / 700)`, of the Hidden Markov Model Toolkit; torchaudio's.
  case htk
  /// Linear up to 1 kHz, logarithmic above: M. Slaney, "Auditory Toolbox" (1998); librosa's.
  case slaney

  private static let slaneyStep = 200.0 / 3
  private static let slaneyRatio = log(6.4) / 27

  /// Hertz to mel.
  public func mel(_ hertz: Double) -> Double {
    switch self {
    case .htk: return 2595 * log10(1 + hertz / 700)
    case .slaney:
      if hertz < 1000 { return hertz / MelScale.slaneyStep }
      return 15 + log(hertz / 1000) / MelScale.slaneyRatio
    }
  }

  /// Mel to hertz.
  public func hertz(_ mel: Double) -> Double {
    switch self {
    case .htk: return 700 * (pow(10, mel / 2595) - 1)
    case .slaney:
      if mel < 15 { return mel * MelScale.slaneyStep }
      return 1000 * exp(MelScale.slaneyRatio * (mel - 15))
    }
  }

  /// Triangular filters, evenly spaced on this scale: `f32[bin, filter]` for the bins of a spectrum of
  /// `fftLength` samples.
  ///
  /// - Parameter isNormalized: Whether each filter's area is one (`norm="slaney"`), instead of its peak.
  public func filterBank(
    _ count: Int, sampleRate: Int, fftLength: Int, lowest: Double = 0, highest: Double? = nil,
    isNormalized: Bool = false
  ) -> Tensor {
    let top = mel(highest ?? Double(sampleRate) / 2)
    let bottom = mel(lowest)
    let edges = (0..<count + 2).map { index in
      hertz(bottom + (top - bottom) * Double(index) / Double(count + 1))
    }
    let bins = fftLength / 2 + 1
    var values = [Float](repeating: 0, count: bins * count)
    for bin in 0..<bins {
      let frequency = Double(bin) * Double(sampleRate) / Double(fftLength)
      for filter in 0..<count {
        let (low, peak, high) = (edges[filter], edges[filter + 1], edges[filter + 2])
        let rising = (frequency - low) / (peak - low)
        let falling = (high - frequency) / (high - peak)
        let height = isNormalized ? 2 / (high - low) : 1
        values[bin * count + filter] = Float(max(0, min(rising, falling)) * height)
      }
    }
    return Tensor(values, shape: [bins, count])
  }
}
