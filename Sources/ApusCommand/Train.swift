import ApusFormats
import ApusModels
import ApusTrain
import ArgumentParser
import Foundation

struct Train: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train a model on images, tables, texts or series.",
    discussion: """
      Settings come from the configuration file, then from options, which win. Ctrl-C saves a checkpoint; \
      --resume goes on from it and gives the same weights, bit for bit, as training without a break. \
      --dry-run tells what a run would be.

      Keys of the file, described in Docs/Configuration.md:
      \(TrainingConfiguration.help)
      """)

  @Argument(help: "A configuration file in YAML.")
  var config: String?

  @Option(
    help: """
      'digits', a folder with MNIST's four files or with one folder of images a class; or the path of the data of \
      the kind that the configuration file has.
      """)
  var data: String?

  @Option(help: "The model, for images: \(ModelRegistry.names.joined(separator: ", ")); others are in Docs/Configuration.md.")
  var model: String?

  @Option(help: "How often all of the data is seen.")
  var epochs: Int?

  @Option(help: "Samples in a step.")
  var batchSize: Int?

  @Option(help: "The highest learning rate.")
  var learningRate: Double?

  @Option(help: "AdamW's weight decay.")
  var weightDecay: Double?

  @Option(help: "Move each image by up to this many pixels at random.")
  var shift: Int?

  @Option(help: "Height and width that the images of a folder are brought to.")
  var imageSize: Int?

  @Option(help: "The seed of everything random.")
  var seed: UInt64?

  @Option(name: .shortAndLong, help: "The folder for checkpoints, model and report.")
  var output: String?

  @Flag(help: "Go on with the run in the output folder.")
  var resume = false

  @Flag(help: "Replace the run in the output folder.")
  var overwrite = false

  @Flag(help: "Print shapes, parameters, work, memory and steps; train and write nothing.")
  var dryRun = false

  @OptionGroup var display: OutputOptions

  func validate() throws {
    guard dryRun || output != nil else { throw ValidationError("Missing expected argument '--output <output>'") }
    guard !dryRun || !(resume || overwrite) else {
      throw ValidationError("--dry-run goes with neither --resume nor --overwrite.")
    }
  }

  func run() async throws {
    try await display.reporting {
      if dryRun { try tellWhatWouldBe() } else { try await train(into: output ?? "") }
    }
  }

  private func tellWhatWouldBe() throws {
    let settings = try settings()
    let run = try ConfiguredTraining.dryRun(settings)
    try display.print(run, text: run.text)
  }

  private func train(into output: String) async throws {
    let folder = RunFolder(path: output)
    let checkpoint = resume ? try checkpoint(in: folder) : nil
    let settings = try checkpoint.map {
      try TrainingConfiguration(yaml: $0.configuration, file: folder.lastCheckpoint)
    } ?? settings()
    if checkpoint == nil, folder.isUsed, !overwrite {
      throw CommandError(
        "\(output) holds a run already: give --resume to go on with it, --overwrite to replace it, "
          + "or another --output.")
    }
    let training = try ConfiguredTraining(settings)
    try folder.prepare()
    if checkpoint == nil { try folder.clear() }
    Interruption.watch()
    let result = try await training.run(in: folder, from: checkpoint, progress: TerminalProgress.suitable())
    try result.isFinished ? report(result, settings, folder) : reportStop(result.position, settings, folder)
  }

  /// The settings of the file, changed by the options.
  private func settings() throws -> TrainingConfiguration {
    var settings = try config.map(TrainingConfiguration.init(path:)) ?? TrainingConfiguration()
    if let data { settings.data = data }
    if let model { settings.model = Component(model) }
    if let epochs { settings.epochs = epochs }
    if let batchSize { settings.batchSize = batchSize }
    if let learningRate { settings.learningRate = learningRate }
    if let weightDecay {
      guard settings.optimizer == nil else {
        throw CommandError("--weight-decay is for runs without 'optimizer' in the file, which has its own.")
      }
      settings.weightDecay = weightDecay
    }
    if let shift {
      guard settings.isOfImages else { throw CommandError("--shift is for images.") }
      guard settings.transforms == nil else {
        throw CommandError("--shift is for runs without 'transforms' in the file.")
      }
      settings.shift = shift
    }
    if let imageSize { settings.imageSize = imageSize }
    if let seed { settings.seed = seed }
    try settings.validate()
    return settings
  }

  private func checkpoint(in folder: RunFolder) throws -> Checkpoint {
    let options: [(String, Bool)] = [
      ("a configuration file", config != nil), ("--data", data != nil), ("--model", model != nil),
      ("--epochs", epochs != nil), ("--batch-size", batchSize != nil),
      ("--learning-rate", learningRate != nil), ("--weight-decay", weightDecay != nil),
      ("--shift", shift != nil), ("--image-size", imageSize != nil), ("--seed", seed != nil),
      ("--overwrite", overwrite),
    ]
    if let extra = options.first(where: \.1) {
      throw CommandError(
        "--resume goes on with the settings the run was started with; leave out \(extra.0).")
    }
    guard FileManager.default.fileExists(atPath: folder.lastCheckpoint) else {
      throw CommandError("\(folder.path) has no checkpoint to go on from; leave out --resume to start anew.")
    }
    return try Checkpoint(path: folder.lastCheckpoint)
  }

  // MARK: - Results

  private struct Report: Encodable {
    var status: String
    var output: String
    var model: String
    var data: String
    var seed: UInt64
    var epochs: Int
    /// Of what is held out.
    var metrics: [String: Double]
    var accuracy: Double?
    var loss: Double?
    var parameters: Int?
    var seconds: Double
  }

  private func report(
    _ result: ConfiguredTraining.Result, _ settings: TrainingConfiguration, _ folder: RunFolder
  ) throws {
    let report = Report(
      status: "finished", output: folder.path, model: settings.model.name, data: settings.data,
      seed: settings.seed, epochs: result.position.epoch, metrics: result.metrics,
      accuracy: result.metrics["accuracy"], loss: result.metrics["loss"], parameters: result.parameters,
      seconds: result.position.history.reduce(0) { $0 + $1.seconds })
    let program = CommandLine.arguments[0]
    try display.print(
      report,
      text: """

        \(result.summary)
        model and report are in \(folder.path); open \(folder.report) in a browser

        Next:
        \(result.suggestions.map { "  \(program) \($0)" }.joined(separator: "\n"))
        """)
  }

  private func reportStop(
    _ position: Checkpoint.Position, _ settings: TrainingConfiguration, _ folder: RunFolder
  ) throws {
    let metrics = position.history.last?.metrics ?? [:]
    let heldOut = metrics.filter { $0.key.hasPrefix("validation/") }.map { (String($0.key.dropFirst(11)), $0.value) }
    let report = Report(
      status: "interrupted", output: folder.path, model: settings.model.name, data: settings.data,
      seed: settings.seed, epochs: position.epoch, metrics: Dictionary(uniqueKeysWithValues: heldOut),
      accuracy: metrics["validation/accuracy"], loss: metrics["validation/loss"], parameters: nil,
      seconds: position.history.reduce(position.seconds) { $0 + $1.seconds })
    let program = CommandLine.arguments[0]
    try display.print(
      report,
      text: """

        stopped in epoch \(position.epoch + 1) after step \(position.step); everything is saved. Go on with:
          \(program) train --resume --output \(folder.path)
        """)
    throw ExitCode(128 + (Interruption.signal ?? 0))
  }
}

/// A mistake in how the program was called: a sentence.
struct CommandError: Error, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}
