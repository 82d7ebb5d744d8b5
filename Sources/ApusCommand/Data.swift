import ApusData
import ApusTrain
import ArgumentParser
import Foundation
import Synchronization

/// `apus data`: public data sets.
struct DataCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data",
    abstract: "Fetch public data sets, and tell where they are.",
    discussion: """
      Sets are kept in $APUS_DATA, $XDG_CACHE_HOME/apus/data or ~/.cache/apus/data, as they were published. Their \
      licences are their publishers'; 'apus data list' names them.
      """,
    subcommands: [List.self, Get.self, Path.self, Verify.self], defaultSubcommand: List.self)

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the sets that can be fetched.")

    @OptionGroup var display: OutputOptions

    private struct Report: Encodable {
      var folder: String
      var datasets: [Entry]
    }

    private struct Entry: Encodable {
      var name: String
      var bytes: Int
      var isHere: Bool
      var licence: String
      var summary: String
    }

    func run() async throws {
      try await display.reporting {
        let entries = PublicDataset.catalogue.sorted { $0.name < $1.name }.map { set in
          Entry(
            name: set.name, bytes: set.byteCount, isHere: (try? DataFolder.find(set.name)).map(set.isComplete) ?? false,
            licence: set.licence, summary: set.summary)
        }
        let width = entries.map(\.name.count).max() ?? 0
        let lines = entries.map { entry in
          let name = entry.name.padding(toLength: width, withPad: " ", startingAt: 0)
          let size = String(format: "%7.1f MB", Double(entry.bytes) / 1e6)
          return "\(entry.isHere ? "*" : " ") \(name) \(size)  \(entry.summary) (\(entry.licence))"
        }
        let end = "* is here; the others come with 'apus data get NAME', into \(DataFolder.cache())"
        try display.print(
          Report(folder: DataFolder.cache(), datasets: entries), text: (lines + [end]).joined(separator: "\n"))
      }
    }
  }

  struct Get: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Fetch a set, or what is missing of it.",
      discussion: """
        What was broken off, by Ctrl-C too, is continued the next time. A file takes its place when its SHA-256 is \
        that of the published one.
        """)

    @Argument(help: "The name of a set; see 'apus data list'.")
    var name: String

    @OptionGroup var display: OutputOptions

    private struct Report: Encodable {
      var name: String
      var folder: String
      var files: [String]
      var bytes: Int
    }

    func run() async throws {
      try await display.reporting {
        let set = try DataCommand.dataset(name)
        let folder = "\(DataFolder.cache())/\(set.name)"
        Interruption.watch()
        let screen = ProgressLine()
        let downloader = Downloader(
          isCancelled: { Interruption.signal != nil }, note: screen.note, progress: screen.show)
        do {
          try downloader.get(set, into: folder)
        } catch let error as DownloadError where error.kind == .cancelled {
          screen.note("\(error.description) 'apus data get \(set.name)' goes on.")
          throw ExitCode(128 + (Interruption.signal ?? 2))
        }
        try display.print(
          Report(name: set.name, folder: folder, files: set.files.map(\.name), bytes: set.byteCount),
          text: "\(set.name) is in \(folder) (licence: \(set.licence))")
      }
    }
  }

  struct Path: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print the folder of a set that is here.")

    @Argument(help: "The name of a set.")
    var name: String

    @OptionGroup var display: OutputOptions

    func run() async throws {
      try await display.reporting {
        let path = try DataFolder.find(name)
        try display.print(["name": name, "folder": path], text: path)
      }
    }
  }

  struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Compare the files of a set with the published ones, by SHA-256.")

    @Argument(help: "The name of a set; see 'apus data list'.")
    var name: String

    @OptionGroup var display: OutputOptions

    private struct Report: Encodable {
      var name: String
      var folder: String
      var isRight: Bool
      var files: [String: PublicDataset.State]
    }

    func run() async throws {
      try await display.reporting {
        let set = try DataCommand.dataset(name)
        let folder = try DataFolder.find(set.name)
        let states = try set.files.map { (file: $0.name, state: try set.state(of: $0, in: folder)) }
        let isRight = states.allSatisfy { $0.state == .right }
        let report = Report(
          name: set.name, folder: folder, isRight: isRight,
          files: Dictionary(uniqueKeysWithValues: states.map { ($0.file, $0.state) }))
        let lines = states.map { "\($0.file): \($0.state.rawValue)" }
        try display.print(report, text: lines.joined(separator: "\n"))
        guard isRight else { throw ExitCode.failure }
      }
    }
  }

  private static func dataset(_ name: String) throws -> PublicDataset {
    if let set = PublicDataset.named(name) { return set }
    let names = PublicDataset.catalogue.map(\.name).sorted().joined(separator: ", ")
    throw CommandError("there is no set '\(name)' to fetch; there are \(names).")
  }
}

/// Progress on standard error: one line that is written over on a terminal, else a line for each file.
private final class ProgressLine: Sendable {
  private let isTerminal = isatty(2) == 1
  /// Whether the line has to be ended before anything else is written.
  private let isOpen = Mutex(false)

  func note(_ sentence: String) {
    isOpen.withLock { isOpen in
      write((isOpen ? "\n" : "") + sentence + "\n")
      isOpen = false
    }
  }

  func show(_ progress: Downloader.Progress) {
    guard isTerminal || progress.isDone else { return }
    let megabytes = String(
      format: "%.1f of %.1f MB", Double(progress.received) / 1e6, Double(progress.byteCount) / 1e6)
    var text = "\(progress.file)  \(megabytes)"
    if progress.bytesPerSecond > 0 { text += String(format: "  %.1f MB/s", progress.bytesPerSecond / 1e6) }
    if let seconds = progress.remainingSeconds, seconds < 360_000 {
      text += String(format: "  %d:%02d to go", Int(seconds) / 60, Int(seconds) % 60)
    }
    isOpen.withLock { isOpen in
      write(isTerminal ? "\r\u{1B}[K" + text + (progress.isDone ? "\n" : "") : text + "\n")
      isOpen = isTerminal && !progress.isDone
    }
  }

  private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
