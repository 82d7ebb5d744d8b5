import ApusFormats
import Foundation

extension Sound {
  /// The sound at another rate, by a sinc of six zero crossings under a Hann window: the numbers of
  /// torchaudio's `resample`.
  public func resampled(to newRate: Int) -> Sound {
    precondition(newRate > 0, "a sample rate is positive")
    guard newRate != sampleRate, frameCount > 0 else {
      return Sound(sampleRate: newRate, channelCount: channelCount, samples: samples)
    }
    var (a, b) = (sampleRate, newRate)
    while b != 0 { (a, b) = (b, a % b) }
    let (old, new) = (sampleRate / a, newRate / a)
    let crossings = 6.0
    let base = Double(min(old, new)) * 0.99
    let width = Int((crossings * Double(old) / base).rounded(.up))
    let kernels = (0..<new).map { Sound.kernel(phase: $0, old, new, base: base, width: width, crossings) }
    let count = (new * frameCount + old - 1) / old
    var result = [Float](repeating: 0, count: count * channelCount)
    for index in 0..<count {
      let (block, phase) = index.quotientAndRemainder(dividingBy: new)
      let first = block * old - width
      for (tap, weight) in kernels[phase] where (0..<frameCount).contains(first + tap) {
        for channel in 0..<channelCount {
          result[index * channelCount + channel] += weight * samples[(first + tap) * channelCount + channel]
        }
      }
    }
    return Sound(sampleRate: newRate, channelCount: channelCount, samples: result)
  }

  /// The taps that are not zero.
  private static func kernel(
    phase: Int, _ old: Int, _ new: Int, base: Double, width: Int, _ crossings: Double
  ) -> [(tap: Int, weight: Float)] {
    var taps: [(Int, Float)] = []
    for index in -width..<width + old {
      let time = (Double(index) / Double(old) - Double(phase) / Double(new)) * base
      guard abs(time) < crossings else { continue }
      let angle = time * .pi
      let window = cos(angle / crossings / 2)
      let sinc = angle == 0 ? 1 : sin(angle) / angle
      taps.append((index + width, Float(sinc * window * window * base / Double(old))))
    }
    return taps
  }
}
