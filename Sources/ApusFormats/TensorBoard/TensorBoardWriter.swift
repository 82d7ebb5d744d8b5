import Foundation
import Synchronization

/// Appends events to a file that TensorBoard shows while it grows: `tensorboard --logdir FOLDER`.
///
/// It belongs to one task.
public final class TensorBoardWriter {
  public let path: String
  private let handle: FileHandle
  /// Files made by this process.
  private static let count = Atomic<Int>(0)

  /// Makes a new file in the folder.
  ///
  /// - Parameter step: what earlier files of the folder have from this step on is not shown any more;
  ///   nil for a folder that has none.
  /// - Throws: `FormatError` where the file cannot be written.
  public init(folder: String, replacingFrom step: Int? = nil) throws {
    try AtomicFile.createFolder(folder)
    // Files are read in the order of their names.
    let number = TensorBoardWriter.count.add(1, ordering: .relaxed).newValue
    let time = Int(Date().timeIntervalSince1970)
    let host = ProcessInfo.processInfo.hostName
    let process = ProcessInfo.processInfo.processIdentifier
    path = "\(folder)/events.out.tfevents.\(time).\(host).\(process).\(number)"
    guard FileManager.default.createFile(atPath: path, contents: nil),
      let handle = FileHandle(forWritingAtPath: path)
    else {
      throw FormatError(.unwritable, path, "the file cannot be made; check the folder's rights.")
    }
    self.handle = handle
    try write(.version, step: 0)
    if let step { try write(.start, step: step) }
  }

  deinit { try? handle.close() }

  /// Appends one event with the present time. Throws `FormatError`.
  public func write(_ content: TensorBoardEvent.Content, step: Int) throws {
    let event = TensorBoardEvent(content, step: step, wallTime: Date().timeIntervalSince1970)
    do {
      try handle.write(contentsOf: Data(TFRecord.framed(event.bytes)))
    } catch {
      throw FormatError(.unwritable, path, "it cannot be appended to: \(error.localizedDescription).")
    }
  }
}
