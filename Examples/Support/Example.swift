import ApusData
import ApusFormats
import ApusTrain
import ArgumentParser
import Foundation

/// A model trained on real data from beginning to end, with a score that it has to reach.
protocol Example: AsyncParsableCommand {
  /// The names of its data's folder: the one of `apus data get` first, then others; empty where it needs none.
  static var dataNames: [String] { get }
  var options: ExampleOptions { get set }

  /// What else than seed and length decides the run.
  var settings: [(String, String)] { get }

  /// Trains and scores. With `options.isShort`, a run of seconds whose score is still far above chance.
  func train() async throws -> ExampleScore
}

extension Example {
  static var dataNames: [String] { [] }
  var settings: [(String, String)] { [] }

  /// Where the data is: `--data`, `APUS_DATA` or the cache.
  func dataPath() throws -> String {
    let found = Self.dataNames.map { name in Result { try DataFolder.find(name, option: options.data) } }
    let first = found.first { if case .success = $0 { true } else { false } } ?? found[0]
    return try first.get()
  }

  /// The folder of the run: `--output`, else `runs/<name>`.
  var folder: RunFolder {
    RunFolder(path: options.output ?? "runs/" + (Self.configuration.commandName ?? "example"))
  }

  func run() async throws {
    let start = ContinuousClock.now
    let score = try await train()
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    print("\(score.description), seed \(options.seed), \(Int(seconds.rounded())) s")
    if !options.isShort && !score.isReached { throw ExitCode(1) }
  }

  // MARK: - Begin and end of training

  /// The checkpoint to go on from; where there is none, the run's configuration is written.
  ///
  /// - Throws: `ValidationError` where the folder's run has other settings.
  func start() throws -> Checkpoint? {
    let checkpoint = try checkpoint(in: folder, configuration: ownConfiguration)
    if checkpoint == nil {
      try folder.begin(configuration: ownConfiguration, RunDescription(seed: options.seed))
    }
    return checkpoint
  }

  /// The checkpoint in a folder, where `--resume` says so and there is one; else what an earlier run left there is
  /// removed.
  ///
  /// - Throws: `ValidationError` where the folder's run has another configuration.
  func checkpoint(in folder: RunFolder, configuration: String) throws -> Checkpoint? {
    Interruption.watch()
    try folder.prepare()
    guard options.resumes, FileManager.default.fileExists(atPath: folder.lastCheckpoint) else {
      try folder.clear()
      return nil
    }
    guard (try? String(contentsOfFile: folder.configuration, encoding: .utf8)) == configuration else {
      throw ValidationError(
        "\(folder.configuration) is of a run with other settings; give the same ones, or another --output.")
    }
    return try Checkpoint(path: folder.lastCheckpoint)
  }

  private var ownConfiguration: String {
    let name = Self.configuration.commandName ?? "example"
    let all = [("example", name)] + settings + [("seed", "\(options.seed)"), ("short", "\(options.isShort)")]
    return all.map { "\($0.0.replacing(" ", with: "_")): \($0.1)\n" }.joined()
  }

  /// Trains, and ends the program where someone interrupts it.
  func complete(_ trainer: Trainer<some Any>, from checkpoint: Checkpoint?) async throws {
    if try await trainer.run(from: checkpoint) == .interrupted { throw interrupted }
  }

  /// What ends an interrupted program.
  var interrupted: ExitCode {
    print("interrupted; --resume goes on from the checkpoint in \(folder.path)")
    return ExitCode(128 + (Interruption.signal ?? 2))
  }
}

/// What all examples take.
struct ExampleOptions: ParsableArguments {
  @Option(help: "The folder of the data; else it is looked for in APUS_DATA and in the cache.")
  var data: String?

  @Option(name: .shortAndLong, help: "The folder for what the run leaves behind; runs/<name> if left out.")
  var output: String?

  @Option(help: "The seed of everything random.")
  var seed: UInt64 = 0

  @Flag(name: .customLong("short"), help: "Train for seconds only, to see that it works.")
  var isShort = false

  @Flag(name: .customLong("resume"), help: "Go on from the last checkpoint of the folder.")
  var resumes = false
}
