import Apus
import ApusData

/// Recordings at a common length, and what is changed in them for training.
struct SpokenDigitBatches {
  /// A second.
  static let length = 8_000
  let recordings: [SpokenDigitRecordings.Recording]

  /// Some recordings in the middle of a second: `x` `f32[batch, time]`, `y` `i64[batch]`.
  func batch(_ indices: [Int]) -> Batch {
    SpokenDigitBatches.batch(indices.map { index in
      let recording = recordings[index]
      let room = SpokenDigitBatches.length - recording.samples.count
      return (SpokenDigitBatches.placed(recording.samples, at: room / 2), recording.digit)
    })
  }

  /// Batches for training: each recording a little faster or slower, louder or softer, at a place of its own.
  func loader(batchSize: Int, seed: UInt64) -> Loader<Batch> {
    Loader(sampleCount: recordings.count, batchSize: batchSize, seed: seed) { request in
      SpokenDigitBatches.batch(request.indices.indices.map { place in
        let recording = recordings[request.indices[place]]
        var random = request.random(at: place)
        let speed = random.uniform(in: 0.85...1.15)
        let gain = Float(random.uniform(in: 0.5...1.5))
        let samples = SpokenDigitBatches.played(recording.samples, speed: speed).map { $0 * gain }
        let room = SpokenDigitBatches.length - samples.count
        let start = room > 0 ? random.integer(in: 0...room) : -random.integer(in: 0...(-room))
        return (SpokenDigitBatches.placed(samples, at: start), recording.digit)
      })
    }
  }

  private static func batch(_ samples: [(x: [Float], y: Int)]) -> Batch {
    Batch(
      x: Tensor(samples.flatMap(\.x), shape: [samples.count, length]), y: Tensor(samples.map { Int64($0.y) }))
  }

  /// A second of silence with the sound at a place; what is outside is cut off.
  private static func placed(_ samples: [Float], at start: Int) -> [Float] {
    var result = [Float](repeating: 0, count: length)
    for (index, sample) in samples.enumerated() where (0..<length).contains(start + index) {
      result[start + index] = sample
    }
    return result
  }

  /// Faster or slower, and so higher or lower, by straight lines between the samples.
  private static func played(_ samples: [Float], speed: Double) -> [Float] {
    (0..<max(1, Int(Double(samples.count) / speed))).map { index in
      let place = Double(index) * speed
      let left = min(Int(place), samples.count - 1)
      let right = min(left + 1, samples.count - 1)
      return samples[left] + (samples[right] - samples[left]) * Float(place - Double(left))
    }
  }
}
