import ApusIR
import Foundation

/// What `bundle.json` says of a saved model: how to feed it, what comes out, where it comes from.
///
/// A bundle is a folder of three files (`bundle.json`, `model.onnx`, `weights.safetensors`). The
/// pre-processing named here is already part of `model.onnx`; it is repeated for those who read the
/// weights only.
public struct BundleDescription: Codable, Hashable, Sendable {
  /// The version of the format that this Apus writes, and the newest that it reads.
  public static let currentFormatVersion = 1

  public static let descriptionFile = "bundle.json"
  public static let modelFile = "model.onnx"
  public static let weightsFile = "weights.safetensors"

  public var formatVersion = BundleDescription.currentFormatVersion
  public var name: String
  /// The architecture's name as on the command line, for instance `cnn`.
  public var architecture: String
  /// The `model` section of a configuration, in YAML, where the name does not say all: options, or a
  /// list of layers.
  public var definition: String?
  public var signature: BundleSignature
  /// What the user gives: an image, or a tensor as the signature has it.
  public var input: BundleInput
  /// Names of the classes in the order of the outputs; empty when there are none.
  public var labels: [String]
  /// Steps from what the user gives to what the layers get, in order.
  public var preprocessing: [PreprocessingStep]
  /// How the model was made; nil for one that came from elsewhere.
  public var training: TrainingRecord?

  public init(
    name: String, architecture: String, definition: String? = nil, signature: BundleSignature,
    input: BundleInput,
    labels: [String] = [], preprocessing: [PreprocessingStep] = [], training: TrainingRecord? = nil
  ) {
    self.name = name
    self.architecture = architecture
    self.definition = definition
    self.signature = signature
    self.input = input
    self.labels = labels
    self.preprocessing = preprocessing
    self.training = training
  }
}

/// How a model was made.
public struct TrainingRecord: Codable, Hashable, Sendable {
  public var apusVersion: String
  public var seed: UInt64
  /// What it was trained on: a name or a path.
  public var data: String
  /// The share of `data` that was held out, chosen by `seed`; nil for the data's own split.
  public var heldOut: Double?
  public var epochs: Int
  /// Final figures by name, for instance `accuracy` on the held-out samples.
  public var metrics: [String: Double]
  public var date: Date

  public init(
    apusVersion: String, seed: UInt64, data: String, heldOut: Double? = nil, epochs: Int,
    metrics: [String: Double], date: Date
  ) {
    self.apusVersion = apusVersion
    self.seed = seed
    self.data = data
    self.heldOut = heldOut
    self.epochs = epochs
    self.metrics = metrics
    self.date = date
  }
}
