import Apus
import ApusTrain
import ArgumentParser
import Foundation

extension RunFolder {
  /// The checkpoint to go on from, where `resumes` says so and there is one; else what an earlier run left
  /// is removed.
  func start(resumes: Bool) throws -> Checkpoint? {
    try prepare()
    if resumes, FileManager.default.fileExists(atPath: lastCheckpoint) {
      return try Checkpoint(path: lastCheckpoint)
    }
    try clear()
    return nil
  }
}

extension Trainer {
  /// Trains, and ends the program where someone interrupted it; `--resume` goes on.
  func runToEnd(from checkpoint: Checkpoint?) async throws {
    if try await run(from: checkpoint) == .interrupted {
      print("interrupted after step \(context.position.totalSteps); --resume goes on")
      throw ExitCode(128 + (Interruption.signal ?? 2))
    }
  }
}
