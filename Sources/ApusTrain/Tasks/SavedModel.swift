import Apus
import ApusFormats
import Foundation

/// What a run leaves whose model has no bundle yet: `model.json` beside `weights.safetensors`.
struct SavedModel<Encoding: Encodable>: Encodable {
  var formatVersion = 1
  /// The key that the data has in configurations.
  var kind: String
  /// The model's name in configurations.
  var architecture: String
  /// The `model` section of the configuration, in YAML, where the name does not say all.
  var definition: String?
  /// What makes tensors of data: vocabularies, means and deviations, names of classes.
  var encoding: Encoding
  var training: TrainingRecord

  init(_ configuration: TrainingConfiguration, _ training: TrainingRecord, _ encoding: Encoding) throws {
    kind = configuration.source.name
    architecture = configuration.model.name
    definition = configuration.model.options.isEmpty ? nil : try configuration.model.modelText()
    self.encoding = encoding
    self.training = training
  }

  /// Writes both files, or none.
  ///
  /// - Parameter isPart: whether a parameter belongs to the model.
  func save(_ store: ParameterStore, to folder: RunFolder, isPart: (String) -> Bool = { _ in true }) throws {
    let weights = store.state.filter { isPart($0.key) }
    let json = try JSON.pretty(self)
    let files = FileTransaction()
    try files.write(to: folder.weights) { file in
      _ = try Safetensors.write(weights, to: &file)
    }
    try files.write(to: folder.model) { try $0.write(Array(json.utf8)) }
    try files.commit()
  }
}

/// Which of those models a folder has.
struct SavedModelKind: Decodable {
  var kind: String
  var architecture: String

  /// Nil where the folder has none.
  init?(in folder: RunFolder) throws {
    guard FileManager.default.fileExists(atPath: folder.model) else { return nil }
    let bytes = try ByteSource(path: folder.model).readAll(limit: 1 << 28)
    do {
      self = try JSONDecoder().decode(SavedModelKind.self, from: Data(bytes))
    } catch {
      throw FormatError(.malformed, folder.model, "it does not say what model it is.")
    }
  }

  func isNoClassifier(_ folder: String) -> FormatError {
    let data = DataKind(rawValue: kind)?.noun ?? "other data"
    return FormatError(
      .unsupported, folder,
      "its model '\(architecture.prefix(60))' is made for \(data); 'apus predict' takes classifiers of images alone. "
        + "Its weights are in \(BundleDescription.weightsFile), what else it needs in model.json.")
  }
}

extension RunFolder {
  /// What a model that has no bundle is, beside its weights.
  var model: String { "\(path)/model.json" }
  var weights: String { "\(path)/\(BundleDescription.weightsFile)" }
}
