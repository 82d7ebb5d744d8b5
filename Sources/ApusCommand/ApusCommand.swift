import ApusTrain
import ArgumentParser

/// The program `apus`.
@main
struct ApusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apus",
    abstract: "Train, evaluate and use models for images.",
    version: ApusVersion.current,
    subcommands: [Train.self, Evaluate.self, Predict.self, Inspect.self, Profile.self, DataCommand.self,
      Cache.self, Version.self])
}
