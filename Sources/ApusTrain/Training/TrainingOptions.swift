/// How long to train and how often to look: plain values with names.
public struct TrainingOptions: Codable, Hashable, Sendable {
  /// How often all samples are seen; nil where `maxSteps` decides.
  public var epochs: Int?
  /// Steps in all; nil where `epochs` decides. Of both, what comes first ends training.
  public var maxSteps: Int?
  /// Steps between validations; nil for one after each epoch.
  public var validateEvery: Int?
  /// Steps between readings of the loss by the host, which otherwise need not wait for a step.
  public var readEvery = 10
  /// Steps between the snapshots from which the NaN guard finds the operation behind a number that is
  /// not finite; nil for none.
  public var snapshotEvery: Int?

  public init(
    epochs: Int? = nil, maxSteps: Int? = nil, validateEvery: Int? = nil, readEvery: Int = 10,
    snapshotEvery: Int? = nil
  ) {
    self.epochs = epochs
    self.maxSteps = maxSteps
    self.validateEvery = validateEvery
    self.readEvery = readEvery
    self.snapshotEvery = snapshotEvery
  }

  /// - Throws: ``ConfigurationError`` that names the option whose value is out of range.
  public func validate() throws {
    let counts = [
      ("epochs", epochs), ("maxSteps", maxSteps), ("validateEvery", validateEvery),
      ("readEvery", readEvery), ("snapshotEvery", snapshotEvery),
    ]
    for case (let name, let count?) in counts where count < 1 {
      throw ConfigurationError("'\(name)' must be at least 1.")
    }
    guard epochs != nil || maxSteps != nil else {
      throw ConfigurationError("training has no end: give 'epochs' or 'maxSteps'.")
    }
  }

  /// Steps in all, where an epoch has `stepsPerEpoch`.
  public func totalSteps(_ stepsPerEpoch: Int) -> Int {
    let byEpochs = epochs.map { $0.multipliedReportingOverflow(by: stepsPerEpoch) }
    let whole = byEpochs.map { $0.overflow ? Int.max : $0.partialValue }
    return min(whole ?? .max, maxSteps ?? .max)
  }
}
