import ApusTrain
import ArgumentParser

struct Version: AsyncParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Tell which Apus this is.")

  @OptionGroup var display: OutputOptions

  private struct Report: Encodable {
    var apus = ApusVersion.current
    var swift = ApusVersion.swift
    var platform = ApusVersion.platform
  }

  func run() async throws {
    let report = Report()
    try display.print(report, text: "apus \(report.apus) (Swift \(report.swift), \(report.platform))")
  }
}
