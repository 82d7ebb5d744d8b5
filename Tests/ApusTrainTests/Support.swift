import ApusData
import ApusFormats
import Foundation

@testable import ApusTrain

/// A task that is learned in milliseconds.
func smallDataset(_ count: Int = 150) -> ImageDataset {
  let digits = Digits.dataset
  return ImageDataset(
    name: "digits", training: digits.training.subset(Array(0..<count)),
    heldOut: digits.heldOut.subset(Array(0..<60)))
}

func smallConfiguration(model: String = "mlp", epochs: Int = 3) -> TrainingConfiguration {
  var configuration = TrainingConfiguration()
  configuration.model = Component(model)
  configuration.epochs = epochs
  configuration.batchSize = 32
  configuration.seed = 7
  return configuration
}

/// Runs `body` with a folder that is removed afterwards.
func withFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
  let path = NSTemporaryDirectory() + "apus-train-\(UUID().uuidString)"
  try AtomicFile.createFolder(path)
  defer { try? FileManager.default.removeItem(atPath: path) }
  return try await body(path)
}

func bytes(_ path: String) throws -> [UInt8] { try ByteSource(path: path).readAll() }
