import ApusRuntime
import ApusTrain
import ArgumentParser
import Foundation

struct Cache: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Look at, or empty, the folder of compiled kernels.",
    discussion: """
      What a program compiles is kept for the next one, in $APUS_CACHE, $XDG_CACHE_HOME/apus or \
      ~/.cache/apus; APUS_CACHE=none switches that off. It never holds more than APUS_CACHE_LIMIT \
      (512M): what was used longest ago goes first.
      """,
    subcommands: [List.self, Clear.self], defaultSubcommand: List.self)

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Tell what the folder holds, the last used first.")

    @OptionGroup var display: OutputOptions

    private struct Report: Encodable {
      var folder: String
      var kernels: [Kernel]
      var bytes: Int
      var limit: Int
    }

    private struct Kernel: Encodable {
      var kernel: String
      var bytes: Int
      /// Seconds since 1970.
      var lastUse: Int
    }

    func run() async throws {
      try await display.reporting {
        let store = try Cache.store()
        let kernels = store.entries().map { entry in
          Kernel(
            kernel: store.title(of: entry) ?? "(damaged)", bytes: entry.byteCount,
            lastUse: entry.lastUse)
        }
        let total = kernels.reduce(0) { $0 + $1.bytes }
        let report = Report(folder: store.folder, kernels: kernels, bytes: total, limit: store.limit)
        let dates = Date.FormatStyle(date: .numeric, time: .shortened)
        let lines = kernels.map { kernel in
          let date = Date(timeIntervalSince1970: Double(kernel.lastUse)).formatted(dates)
          return "\(date)  \(kernel.bytes) B  \(kernel.kernel)"
        }
        let end = "\(kernels.count) kernels, \(total) of at most \(store.limit) bytes in \(store.folder)"
        try display.print(report, text: (lines + [end]).joined(separator: "\n"))
      }
    }
  }

  struct Clear: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Remove everything from the folder.")

    @OptionGroup var display: OutputOptions

    private struct Report: Encodable {
      var folder: String
      var removed: Int
    }

    func run() async throws {
      try await display.reporting {
        let store = try Cache.store()
        let before = store.entries().count
        store.clear()
        let left = store.entries().count
        guard left == 0 else {
          throw CommandError("\(left) files in \(store.folder) could not be removed.")
        }
        try display.print(
          Report(folder: store.folder, removed: before),
          text: "removed \(before) kernels from \(store.folder)")
      }
    }
  }

  fileprivate static func store() throws -> CodeStore {
    guard let store = CodeStore.shared else {
      throw CommandError("there is no folder of compiled kernels: APUS_CACHE is 'none'.")
    }
    return store
  }
}
