import Foundation

/// Where and with what a run was made: what a person needs to repeat it, beside the configuration.
public struct RunDescription: Codable, Sendable {
  public var apusVersion = ApusVersion.current
  public var swiftVersion = ApusVersion.swift
  public var operatingSystem = ProcessInfo.processInfo.operatingSystemVersionString
  public var processors = ProcessInfo.processInfo.activeProcessorCount
  /// The commit of the folder in which the program was started; nil where there is none.
  public var gitRevision: String?
  public var arguments = CommandLine.arguments
  public var environment: [String: String]
  public var seed: UInt64
  public var started = Date()

  public init(seed: UInt64) {
    self.seed = seed
    gitRevision = RunDescription.revision(of: FileManager.default.currentDirectoryPath)
    let relevant = ["OMP_NUM_THREADS", "OMP_WAIT_POLICY"]
    environment = ProcessInfo.processInfo.environment.filter {
      relevant.contains($0.key) || $0.key.hasPrefix("APUS_")
    }
  }

  /// For a report.
  var settings: [(String, String)] {
    [
      ("seed", "\(seed)"), ("Apus", apusVersion), ("Swift", swiftVersion), ("system", operatingSystem),
      ("processors", "\(processors)"), ("git revision", gitRevision ?? "–"),
    ]
  }

  /// Reads git's files, so that git need not be installed.
  static func revision(of folder: String) -> String? {
    var place = URL(fileURLWithPath: folder).standardizedFileURL
    while place.path != "/" {
      let git = place.appendingPathComponent(".git")
      if let head = text(git.appendingPathComponent("HEAD")) {
        guard head.hasPrefix("ref: ") else { return head }
        let name = String(head.dropFirst(5))
        return text(git.appendingPathComponent(name)) ?? packed(name, in: git)
      }
      place.deleteLastPathComponent()
    }
    return nil
  }

  private static func packed(_ name: String, in git: URL) -> String? {
    let lines = text(git.appendingPathComponent("packed-refs"))?.split(separator: "\n") ?? []
    return lines.first { $0.hasSuffix(" \(name)") }.map { String($0.prefix { $0 != " " }) }
  }

  private static func text(_ url: URL) -> String? {
    (try? String(contentsOf: url, encoding: .utf8))?.trimmingCharacters(in: .whitespacesAndNewlines)
  }
}

/// The versions that results are labelled with.
public enum ApusVersion {
  public static let current = "0.1.0"

  public static let swift: String = {
    #if compiler(>=6.4)
      "6.4 or newer"
    #elseif compiler(>=6.3)
      "6.3"
    #elseif compiler(>=6.2)
      "6.2"
    #elseif compiler(>=6.1)
      "6.1"
    #else
      "6.0"
    #endif
  }()

  public static let platform: String = {
    #if arch(x86_64)
      let processor = "x86-64"
    #elseif arch(arm64)
      let processor = "arm64"
    #else
      let processor = "another processor"
    #endif
    #if os(Linux)
      return "Linux, \(processor)"
    #elseif os(macOS)
      return "macOS, \(processor)"
    #else
      return processor
    #endif
  }()
}
