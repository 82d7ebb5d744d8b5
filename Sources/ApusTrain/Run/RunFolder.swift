import ApusData
import ApusFormats
import Foundation

/// The folder of one training run, and the places of the files in it.
///
/// | file | holds |
/// | --- | --- |
/// | `config.yaml` | all settings; `apus train config.yaml` repeats the run |
/// | `run.json` | versions, git revision, machine, times |
/// | `history.json` | one record for each epoch, or each validation |
/// | `log.csv`, `log.jsonl`, `tensorboard/` | metrics of steps and records, where a run keeps such logs |
/// | `checkpoints/last.safetensors` | all that is needed to go on |
/// | `checkpoints/best.safetensors` | the same, from the epoch with the best of a metric |
/// | `checkpoints/step-….safetensors` | earlier ones, where a run keeps several |
/// | `bundle.json`, `model.onnx`, `weights.safetensors` | the trained classifier of images |
/// | `model.json`, `weights.safetensors` | a trained model of another kind |
/// | `tokenizer.json` | the byte-pair encoding of a model of a text |
/// | `report.html` | curves, and what the model makes of what is held out |
/// | `sample.png` | a held-out image to try the model with |
public struct RunFolder: Sendable {
  public let path: String

  public init(path: String) { self.path = path }

  public var configuration: String { "\(path)/config.yaml" }
  public var description: String { "\(path)/run.json" }
  public var history: String { "\(path)/history.json" }
  public var lastCheckpoint: String { "\(path)/checkpoints/last.safetensors" }
  public var bestCheckpoint: String { "\(path)/checkpoints/best.safetensors" }
  public var report: String { "\(path)/report.html" }
  var sample: String { "\(path)/sample.png" }
  public var bundleDescription: String { "\(path)/\(BundleDescription.descriptionFile)" }

  /// Whether a run has left something here that another one would overwrite.
  public var isUsed: Bool {
    [lastCheckpoint, bundleDescription, model].contains(where: FileManager.default.fileExists(atPath:))
  }

  /// Makes the folder and tries whether files can be written into it, before hours are spent.
  public func prepare() throws {
    try AtomicFile.createFolder("\(path)/checkpoints")
    let probe = "\(path)/.apus-probe"
    try AtomicFile.write("", to: probe)
    try? FileManager.default.removeItem(atPath: probe)
  }

  /// Writes what a person needs to repeat the run: `config.yaml` and `run.json`.
  public func begin(configuration text: String, _ about: RunDescription) throws {
    try AtomicFile.write(text, to: configuration)
    try AtomicFile.write(try JSON.pretty(about), to: description)
  }

  /// Removes what an earlier run has left.
  public func clear() throws {
    let bundle = [
      BundleDescription.descriptionFile, BundleDescription.modelFile, BundleDescription.weightsFile,
    ].map { "\(path)/\($0)" }
    let logs = ["log.csv", "log.jsonl", "tensorboard"].map { "\(path)/\($0)" }
    let files = [configuration, description, history, lastCheckpoint, bestCheckpoint, report, model, tokenizer]
    for file in files + bundle + logs + numberedCheckpoints
    where FileManager.default.fileExists(atPath: file) {
      do {
        try FileManager.default.removeItem(atPath: file)
      } catch {
        throw FormatError(.unwritable, file, "it could not be removed; check the folder's rights.")
      }
    }
  }

  /// Writes the first held-out image as a PNG file, to have something to try the model with, and
  /// returns its path.
  public func writeSample(of dataset: ImageDataset) throws -> String {
    let size = dataset.size
    let image = Image(
      height: size.height, width: size.width, channels: size.channels,
      pixels: Array(dataset.heldOut.pixels(of: 0)))
    try AtomicFile.write(PNG.encode(image), to: sample)
    return sample
  }

  public func write(history records: [MetricRecord]) throws {
    try AtomicFile.write(try JSON.pretty(records), to: history)
  }
}

/// JSON as Apus writes it: keys in order, numbers that JSON has none for as texts.
public enum JSON {
  public static func pretty(_ value: some Encodable) throws -> String {
    try encode(value, [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]) + "\n"
  }

  /// On one line.
  public static func line(_ value: some Encodable) throws -> String {
    try encode(value, [.sortedKeys, .withoutEscapingSlashes])
  }

  private static func encode(
    _ value: some Encodable, _ formatting: JSONEncoder.OutputFormatting
  ) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = formatting
    encoder.dateEncodingStrategy = .iso8601
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  static func decode<Value: Decodable>(_ type: Value.Type, from text: String) throws -> Value {
    let decoder = JSONDecoder()
    decoder.dateDecodingStrategy = .iso8601
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return try decoder.decode(type, from: Data(text.utf8))
  }
}
