/// Samples of sound in memory, -1 to 1, the channels of each moment side by side: `[time, channel]`.
public struct Sound: Hashable, Sendable {
  /// Moments a second, in hertz.
  public let sampleRate: Int
  public let channelCount: Int
  public let samples: [Float]

  /// The number of samples must be a multiple of the number of channels.
  public init(sampleRate: Int, channelCount: Int = 1, samples: [Float]) {
    precondition(channelCount > 0 && samples.count % channelCount == 0, "the samples do not fit the channels")
    precondition(sampleRate > 0, "a sample rate is positive")
    self.sampleRate = sampleRate
    self.channelCount = channelCount
    self.samples = samples
  }

  /// Moments in all.
  public var frameCount: Int { samples.count / channelCount }

  /// Length in seconds.
  public var duration: Double { Double(frameCount) / Double(sampleRate) }

  /// The mean of the channels.
  public var mono: Sound {
    guard channelCount > 1 else { return self }
    let share = 1 / Float(channelCount)
    let mixed = (0..<frameCount).map { frame in
      samples[frame * channelCount..<(frame + 1) * channelCount].reduce(0, +) * share
    }
    return Sound(sampleRate: sampleRate, samples: mixed)
  }
}
