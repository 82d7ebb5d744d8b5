import ApusRuntime
import ApusTrain
import ArgumentParser
import Foundation

struct Profile: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run 'train', 'evaluate' or 'predict' and tell where the time and the memory go.",
    discussion: """
      Takes the arguments of the command it runs. Prints a table of the kernels and writes a page that \
      shows each program step by step. Measuring costs a little; compiling is not measured.
      """,
    subcommands: [Training.self, Evaluating.self, Predicting.self])

  struct Training: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "train", abstract: "Profile a training.")
    @OptionGroup var profile: ProfileOptions
    @OptionGroup var command: Train
    func run() async throws { try await profile.run(command, "train", command.display) }
  }

  struct Evaluating: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "evaluate", abstract: "Profile an evaluation.")
    @OptionGroup var profile: ProfileOptions
    @OptionGroup var command: Evaluate
    func run() async throws { try await profile.run(command, "evaluate", command.display) }
  }

  struct Predicting: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "predict", abstract: "Profile predictions.")
    @OptionGroup var profile: ProfileOptions
    @OptionGroup var command: Predict
    func run() async throws { try await profile.run(command, "predict", command.display) }
  }
}

struct ProfileOptions: ParsableArguments {
  @Option(help: "The page with the kernels and programs.")
  var page = "profile.html"

  @Option(help: "Also write the steps as a trace for chrome://tracing or Perfetto.")
  var trace: String?

  /// Runs a command under a profiler; the table goes where its other messages go.
  func run(
    _ command: some AsyncParsableCommand, _ name: String, _ display: OutputOptions
  ) async throws {
    // Before the run, which leaves caches and clock frequencies as it likes.
    let limits = try MachineLimits.measured()
    let profiler = Profiler()
    var command = command
    try await Profiler.$current.withValue(profiler) { try await command.run() }
    try await display.reporting {
      let words = CommandLine.arguments.dropFirst(2).joined(separator: " ")
      let report = ProfileReport(profiler, limits: limits, title: "apus " + words)
      try Data(ProfilePage(report).html.utf8).write(to: URL(fileURLWithPath: page), options: .atomic)
      if let trace {
        try Data(profiler.chromeTrace.utf8).write(to: URL(fileURLWithPath: trace), options: .atomic)
      }
      let text = "\n\(report.text)\n\nthe program step by step is in \(page); open it in a browser\n"
      if display.json {
        FileHandle.standardError.write(Data(text.utf8))
      } else {
        print(text, terminator: "")
      }
    }
  }
}
