import Apus
import ApusData
import ApusTrain

extension Example {
  /// Trains a classifier, leaves bundle and report in the folder of the run and gives the accuracy on the held-out
  /// images.
  func heldOutAccuracy(
    _ configuration: TrainingConfiguration, _ dataset: ImageDataset, _ recipe: ClassifierRecipe
  ) async throws -> Double {
    let checkpoint = try checkpoint(in: folder, configuration: configuration.yaml())
    let trainer = ClassifierTrainer(
      configuration, dataset, folder: folder, recipe: recipe, progress: TerminalProgress.suitable())
    switch try await trainer.run(from: checkpoint) {
    case .finished(let result):
      _ = try folder.writeSample(of: dataset)
      return result.evaluation.accuracy
    case .stopped: throw interrupted
    }
  }
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
