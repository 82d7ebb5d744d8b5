import ApusData
import ApusTrain
import ArgumentParser
import Foundation

/// A model trained on real data from beginning to end, with a score that it has to reach.
protocol Example: AsyncParsableCommand {
  /// The folder of its data in the cache, as `DataFolder` looks for it; nil where it needs none.
  static var dataName: String? { get }
  var options: ExampleOptions { get set }

  /// Trains and scores. With `options.isShort`, a run of seconds whose score is still far above chance.
  func train() async throws -> ExampleScore
}

extension Example {
  /// Where the data is: `--data`, `APUS_DATA` or the cache.
  func dataPath() throws -> String {
    try DataFolder.find(Self.dataName ?? "", option: options.data)
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
}

/// What an example reached, and what it has to reach.
struct ExampleScore: CustomStringConvertible {
  /// Such as `test accuracy`.
  var name: String
  var value: Double
  var bar: Double
  var higherIsBetter = true
  /// Whether it is shown in percent; the value is from 0 to 1.
  var isShare = false

  var isReached: Bool { higherIsBetter ? value >= bar : value <= bar }

  var description: String { "\(name) \(text(value)) (\(higherIsBetter ? "at least" : "at most") \(text(bar)))" }

  private func text(_ value: Double) -> String {
    isShare ? String(format: "%.2f %%", value * 100) : String(format: "%.3f", value)
  }
}
