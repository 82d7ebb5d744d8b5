import ApusFormats
import ApusTrain
import Foundation

extension Example {
  /// Leaves `report.html` in the run's folder.
  func write(_ page: ReportPage) throws {
    try AtomicFile.createFolder(folder.path)
    try AtomicFile.write(page.html, to: folder.report)
  }
}

/// A number with so many decimals.
func decimal(_ value: Double, _ decimals: Int) -> String { String(format: "%.\(decimals)f", value) }
