import ApusModels

/// Everything that decides what a training run computes; the same configuration gives the same weights.
///
/// The keys of a configuration file are the names of the properties.
public struct TrainingConfiguration: Codable, Hashable, Sendable {
  /// `digits`, or the path of a folder of data.
  public var data = "digits"
  /// The architecture's name, as in `ModelRegistry`.
  public var model = "cnn"
  /// How often all images are seen.
  public var epochs = 20
  /// Images in a step.
  public var batchSize = 64
  /// The highest learning rate; it rises over the first tenth of the steps and falls to zero along a
  /// half cosine.
  public var learningRate = 0.003
  /// AdamW's decay of the weights a step, times the learning rate.
  public var weightDecay = 0.01
  /// Each image is moved by up to this many pixels at random.
  public var shift = 1
  /// Height and width that the images of a folder are brought to; nil where they are of one size.
  public var imageSize: Int?
  /// Decides the first weights, the order of the images, shifts and dropout.
  public var seed: UInt64 = 0

  public init() {}
}

extension TrainingConfiguration {
  /// Checks all values, those from the command line included.
  ///
  /// - Throws: ``ConfigurationError`` that names the first key whose value is out of range.
  public func validate() throws {
    for (name, rule) in TrainingConfiguration.rules.sorted(by: { $0.key < $1.key })
    where !rule.isMet(self) {
      throw ConfigurationError("'\(name)' must be \(rule.text).")
    }
  }

  /// What a value must be.
  struct Rule: Sendable {
    var isMet: @Sendable (TrainingConfiguration) -> Bool
    var text: String
  }

  /// The rules by key.
  static let rules: [String: Rule] = [
    "epochs": Rule(isMet: { $0.epochs >= 1 }, text: "at least 1"),
    "batchSize": Rule(isMet: { $0.batchSize >= 1 }, text: "at least 1"),
    "learningRate": Rule(
      isMet: { $0.learningRate > 0 && $0.learningRate.isFinite }, text: "greater than 0"),
    "weightDecay": Rule(
      isMet: { $0.weightDecay >= 0 && $0.weightDecay.isFinite }, text: "0 or greater"),
    "shift": Rule(isMet: { $0.shift >= 0 }, text: "0 or greater"),
    "imageSize": Rule(
      isMet: { (1...4096).contains($0.imageSize ?? 1) }, text: "from 1 to 4096"),
    "model": Rule(
      isMet: { ModelRegistry.names.contains($0.model) },
      text: "one of \(ModelRegistry.names.joined(separator: ", "))"),
  ]
}
