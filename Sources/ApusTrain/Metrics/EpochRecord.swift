/// What is known of an epoch once it is over.
public struct EpochRecord: Codable, Hashable, Sendable {
  /// Counted from 1.
  public var epoch: Int
  /// The mean over the steps of the epoch, each with the weights of its time.
  public var trainingLoss: Double
  /// Over all held-out images, with the weights at the end of the epoch.
  public var validationLoss: Double
  /// The share of held-out images that were recognised.
  public var validationAccuracy: Double
  /// Wall time, validation included.
  public var seconds: Double

  public init(
    epoch: Int, trainingLoss: Double, validationLoss: Double, validationAccuracy: Double,
    seconds: Double
  ) {
    self.epoch = epoch
    self.trainingLoss = trainingLoss
    self.validationLoss = validationLoss
    self.validationAccuracy = validationAccuracy
    self.seconds = seconds
  }
}
