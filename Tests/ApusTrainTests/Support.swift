import ApusData
import ApusFormats
import Foundation
import Testing

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

/// Trains in one go and with a break in the middle of an epoch, and compares what is left, byte for byte.
func checkResumption(of configuration: TrainingConfiguration, in folder: String, afterSteps count: Int = 3) async throws {
  let (whole, parts) = (RunFolder(path: "\(folder)/whole"), RunFolder(path: "\(folder)/parts"))
  try whole.prepare()
  try parts.prepare()
  let training = try ConfiguredTraining(configuration)
  let result = try await training.run(in: whole, progress: SilentProgress()) { _ in false }
  let stopped = try await ConfiguredTraining(configuration).run(in: parts, progress: SilentProgress()) {
    $0.totalSteps == count
  }
  #expect(result.isFinished && !stopped.isFinished && stopped.position.step == count)
  let checkpoint = try Checkpoint(path: parts.lastCheckpoint)
  let settings = try TrainingConfiguration(yaml: checkpoint.configuration, file: "c.yaml")
  let isKept = settings == configuration
  #expect(isKept)
  let resumed = try await ConfiguredTraining(settings).run(in: parts, from: checkpoint, progress: SilentProgress()) {
    _ in false
  }
  #expect(resumed.isFinished && resumed.metrics == result.metrics)
  // What is left is the model that was measured.
  let evaluation = try ConfiguredTraining.evaluation(of: whole)
  #expect(evaluation?.metrics == result.metrics && evaluation?.summary == result.summary)
  var names = ["weights.safetensors"]
  if configuration.callbacks.contains(where: { $0.name == "csvLog" }) { names.append("log.csv") }
  for name in names {
    let isEqual = try bytes("\(whole.path)/\(name)") == bytes("\(parts.path)/\(name)")
    #expect(isEqual, "\(name)")
  }
}
