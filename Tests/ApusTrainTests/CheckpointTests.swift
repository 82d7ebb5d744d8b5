import Apus
import ApusFormats
import Foundation
import Testing

@testable import ApusTrain

/// A checkpoint holds everything, or says what is wrong with it.
@Suite struct CheckpointTests {
  private func position() -> Checkpoint.Position {
    var position = Checkpoint.Position()
    position.epoch = 2
    position.step = 5
    position.means["loss"] = Checkpoint.Mean(sum: 0.1 + 0.2, count: 5)
    position.history = [
      MetricRecord(
        epoch: 1, step: 9, seconds: 2,
        metrics: ["loss": 1.5, "validation/loss": .nan, "validation/accuracy": 0.25])
    ]
    return position
  }

  @Test func whatIsWrittenReadsBack() async throws {
    try await withFolder { folder in
      let checkpoint = Checkpoint(
        position: position(), configuration: "epochs: 3\n",
        model: ["a.weight": Tensor([1.5, -2] as [Float])],
        training: ["step": Tensor([9] as [Int], shape: []), "optimizer.a.weight.m": Tensor([3] as [Float])])
      try checkpoint.write(to: "\(folder)/c.safetensors")
      let read = try Checkpoint(path: "\(folder)/c.safetensors")
      #expect(read.position.means["loss"]?.sum == 0.1 + 0.2)
      #expect(read.configuration == "epochs: 3\n")
      #expect(read.position.history[0]["validation/loss"]?.isNaN == true)
      #expect(read.model["a.weight"]?.array(of: Float.self) == [1.5, -2])
      #expect(read.training["step"]?.scalar(as: Int.self) == 9)
      #expect(Set(read.training.keys) == ["step", "optimizer.a.weight.m"])
    }
  }

  @Test func otherSafetensorsFilesAreRefused() async throws {
    try await withFolder { folder in
      let path = "\(folder)/w.safetensors"
      try Safetensors.write(["w": Tensor([1] as [Float])], to: path)
      let error = #expect(throws: FormatError.self) { try Checkpoint(path: path) }
      #expect(
        "\(error!)" == "\(path): it is no checkpoint of Apus: it does not say where training stood.")
    }
  }

  /// Every prefix of a file is an error, never a crash or half a checkpoint.
  @Test func truncatedFilesAreRefused() async throws {
    try await withFolder { folder in
      let path = "\(folder)/c.safetensors"
      try Checkpoint(position: position(), model: ["w": Tensor([1, 2, 3] as [Float])], training: [:])
        .write(to: path)
      let whole = try bytes(path)
      for count in stride(from: 0, to: whole.count, by: 37) {
        try AtomicFile.write(Array(whole[..<count]), to: path)
        #expect(throws: FormatError.self) { try Checkpoint(path: path) }
      }
    }
  }

  @Test func aFailedWriteLeavesTheFileBefore() async throws {
    try await withFolder { folder in
      let path = "\(folder)/c.safetensors"
      let checkpoint = Checkpoint(position: position(), model: ["w": Tensor([1] as [Float])], training: [:])
      try checkpoint.write(to: path)
      let before = try bytes(path)
      struct Stop: Error {}
      #expect(throws: Stop.self) {
        try AtomicFile.write(to: path) { file in
          try file.write([1, 2, 3])
          throw Stop()
        }
      }
      #expect(try bytes(path) == before)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["c.safetensors"])
    }
  }
}
