import Apus
import ApusData
import ApusTrain
import Foundation

extension Example {
  /// Trains a classifier, leaves bundle and report in the folder of the run and gives the accuracy on the held-out
  /// images. A run of the same settings that was interrupted goes on.
  func heldOutAccuracy(
    _ configuration: TrainingConfiguration, _ dataset: ImageDataset, _ recipe: ClassifierRecipe
  ) async throws -> Double {
    try folder.prepare()
    Interruption.watch()
    let trainer = ClassifierTrainer(
      configuration, dataset, folder: folder, recipe: recipe, progress: TerminalProgress.suitable())
    switch try await trainer.run(from: try interruptedRun(configuration)) {
    case .finished(let result):
      _ = try folder.writeSample(of: dataset)
      return result.evaluation.accuracy
    case .stopped: throw Interrupted(folder: folder.path)
    }
  }

  private func interruptedRun(_ configuration: TrainingConfiguration) throws -> Checkpoint? {
    guard FileManager.default.fileExists(atPath: folder.lastCheckpoint) else { return nil }
    let checkpoint = try Checkpoint(path: folder.lastCheckpoint)
    let isSame = try checkpoint.configuration == configuration.yaml()
    return isSame && checkpoint.position.epoch < configuration.epochs ? checkpoint : nil
  }
}

/// Training was interrupted; a sentence says how it goes on.
private struct Interrupted: Error, CustomStringConvertible {
  let folder: String
  var description: String { "interrupted; the same command goes on from the checkpoint in \(folder)." }
}

extension ImageDataset {
  /// At most so many images of each part, evenly taken.
  func thinned(training: Int, heldOut: Int) -> ImageDataset {
    func some(_ images: LabeledImages, _ count: Int) -> LabeledImages {
      let number = min(count, images.count)
      return images.subset((0..<number).map { $0 * images.count / number })
    }
    return ImageDataset(
      name: name, training: some(self.training, training), heldOut: some(self.heldOut, heldOut))
  }
}
