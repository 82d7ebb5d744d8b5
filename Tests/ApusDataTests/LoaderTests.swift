import Apus
import ApusIR
import Testing

@testable import ApusData

/// The order of samples decides whether training can be repeated and gone on with.
@Suite struct LoaderTests {
  @Test(arguments: [0, 1, 2, 7, 1000])
  func anEpochHasEachSampleOnce(count: Int) {
    let order = RandomOrder.shuffled(count: count, seed: 3, epoch: 5)
    #expect(order.sorted() == Array(0..<count))
  }

  @Test func orderDependsOnSeedAndEpochOnly() {
    let order = RandomOrder.shuffled(count: 100, seed: 1, epoch: 0)
    #expect(order == RandomOrder.shuffled(count: 100, seed: 1, epoch: 0))
    #expect(order != RandomOrder.shuffled(count: 100, seed: 1, epoch: 1))
    #expect(order != RandomOrder.shuffled(count: 100, seed: 2, epoch: 0))
    #expect(order != Array(0..<100))
  }

  /// A changed order would silently make old checkpoints go on differently.
  @Test func orderIsTheOneOfEarlierVersions() {
    #expect(RandomOrder.shuffled(count: 10, seed: 0, epoch: 0) == [0, 9, 2, 7, 3, 6, 4, 1, 8, 5])
  }

  /// Words, and so orders and shifts, are those of the primitive `randomBits`, whatever makes them.
  @Test func wordsAreThoseOfThePrimitive() throws {
    let key = Tensor([3, Int64(0x7368_6966) << 32 | 5])
    let node = try Node(.randomBits(TensorType(.i32, [20])), [key.node])
    let words = Tensor(node).array(of: Int32.self).map(UInt32.init(bitPattern:))
    #expect(words == (0..<20).map { RandomPurpose.shift.word(seed: 3, epoch: 5, index: $0) })

    let images = Digits.dataset.heldOut.subset(Array(0..<10))
    let shifts = words.map { Int($0.multipliedFullWidth(by: 7).high) - 3 }
    let order = RandomOrder.shuffled(count: 10, seed: 3, epoch: 5)
    let expected = images.batch(order, shifts: (0..<10).map { (shifts[2 * $0], shifts[2 * $0 + 1]) })
    let batch = try ImageLoader(images, batchSize: 10, seed: 3, shift: 3).epoch(5).batch(0)
    #expect(batch.x.array(of: UInt8.self) == expected.x.array(of: UInt8.self))
    #expect(batch.y.array(of: Int.self) == expected.y.array(of: Int.self))
  }

  @Test func startingInTheMiddleGivesTheSameBatches() async throws {
    let loader = ImageLoader(Digits.dataset.heldOut, batchSize: 100, seed: 4, shift: 2)
    var all: [Batch] = []
    for try await batch in loader.epoch(3) { all.append(batch) }
    var rest: [Batch] = []
    for try await batch in loader.epoch(3, from: 2) { rest.append(batch) }
    #expect(all.map(\.x.shape[0]) == [100, 100, 100, 60])
    #expect(rest.count == 2)
    for (a, b) in zip(all.dropFirst(2), rest) {
      #expect(a.x.array(of: UInt8.self) == b.x.array(of: UInt8.self))
      #expect(a.y.array(of: Int.self) == b.y.array(of: Int.self))
    }
  }

  @Test(arguments: [(0, 0), (1, 0), (-1, 2), (0, -3), (2, 2), (5, 0), (0, 4), (-9, 9)])
  func shiftsMovePixelsAndFillWithZeros(rows: Int, columns: Int) {
    let size = ImageSize(height: 3, width: 4, channels: 2)
    let pixels = (1...UInt8(size.sampleCount)).map { $0 }
    let images = LabeledImages(size: size, pixels: pixels, labels: [0], classNames: ["a"])
    let shifted = images.batch([0], shifts: [(rows, columns)]).x.array(of: UInt8.self)
    for y in 0..<3 {
      for x in 0..<4 {
        for c in 0..<2 {
          let (fromY, fromX) = (y - rows, x - columns)
          let isInside = (0..<3).contains(fromY) && (0..<4).contains(fromX)
          let expected = isInside ? pixels[(fromY * 4 + fromX) * 2 + c] : 0
          #expect(shifted[(y * 4 + x) * 2 + c] == expected)
        }
      }
    }
  }

  @Test func normalizationGivesMeanZeroAndDeviationOne() {
    let images = Digits.dataset.training
    let x = Normalization(of: images)(images.batch(Array(0..<images.count)).x)
    #expect(abs(x.mean().item) < 1e-4)
    #expect(abs(x.std().item - 1) < 1e-3)
  }
}
