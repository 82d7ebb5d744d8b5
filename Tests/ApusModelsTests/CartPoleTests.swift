import Apus
import ApusFormats
import ApusModels
import Foundation
import Testing

/// Physics against Gymnasium's, by episodes that `scripts/golden/cartpole.py` made.
@Suite struct CartPoleTests {
  private let file: SafetensorsFile

  init() throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    file = try SafetensorsFile(path: folder.appendingPathComponent("Resources/cartpole.safetensors").path)
  }

  private func values<Element: TensorScalar>(_ name: String) throws -> [Element] {
    let array = try file.read(name)
    let tensor = array.bytes.withUnsafeBytes {
      Tensor(bytes: $0, shape: Shape(array.shape), dtype: array.dtype)
    }
    return tensor.array()
  }

  @Test(arguments: ["random", "left", "middle", "away"])
  func episodesAreGymnasiums(_ name: String) throws {
    let states: [Double] = try values(name + ".states")
    let actions: [Int] = try values(name + ".actions")
    let end: [Int] = try values(name + ".end")
    var world = CartPole(
      place: states[0], speed: states[1], angle: states[2], angularSpeed: states[3])
    var worst = 0.0
    var ends: [Int] = []
    for (step, action) in actions.enumerated() {
      let outcome = world.step(action)
      #expect(outcome.reward == 1)
      ends.append(outcome.end == .terminal ? 1 : outcome.end == .truncated ? 2 : 0)
      let now = [world.place, world.speed, world.angle, world.angularSpeed]
      for (index, value) in now.enumerated() {
        worst = max(worst, abs(value - states[4 * (step + 1) + index]))
      }
    }
    // Sine and cosine may differ in their last place; over 500 steps that grows.
    #expect(worst < 1e-12)
    #expect(ends.dropLast().allSatisfy { $0 == 0 })
    #expect(ends.last == end[0])
  }

  @Test func episodesBeginNearTheMiddle() {
    var random = SystemRandomNumberGenerator()
    var world = CartPole()
    for _ in 0..<100 {
      world.reset(using: &random)
      #expect(world.observation.allSatisfy { abs($0) <= 0.05 } && world.steps == 0)
    }
  }

  @Test func anActionThatThereIsNotIsAMistake() {
    #expect(throws: TensorError.self) {
      try withTensorErrors {
        var world = CartPole()
        _ = world.step(2)
      }
    }
  }
}
