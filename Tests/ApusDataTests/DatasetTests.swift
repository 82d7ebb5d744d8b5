import Synchronization
import Testing

@testable import ApusData

/// Datasets made of datasets have the samples they should, and each where it should be.
@Suite struct DatasetTests {
  private let numbers = ArrayDataset(Array(0..<23))

  struct Broken: Error, Equatable { var index: Int }

  @Test func combinatorsHaveTheRightSamples() throws {
    #expect(try numbers.map { $0 * 2 }.samples() == (0..<23).map { $0 * 2 })
    #expect(try numbers.filter { $0 % 5 == 0 }.samples() == [0, 5, 10, 15, 20])
    #expect(try numbers.subset([3, 3, 0]).samples() == [3, 3, 0])
    #expect(try numbers.prefix(3).samples() == [0, 1, 2] && numbers.prefix(99).count == 23)
    #expect(try numbers.batched(10).samples().map(\.count) == [10, 10, 3])
    #expect(numbers.batched(10, dropsLast: true).count == 2)
    #expect(try numbers.concatenated(with: [7, 8], [], [9]).samples() == Array(0..<23) + [7, 8, 9])
    let pairs = try numbers.zipped(with: numbers.map { "\($0)" }.prefix(4)).samples()
    #expect(pairs.count == 4 && pairs.allSatisfy { "\($0)" == $1 })
    #expect(ArrayDataset<Int>([]).batched(4).count == 0)
  }

  @Test func shufflingDependsOnTheSeedAlone() throws {
    let order = try numbers.shuffled(seed: 1).samples()
    #expect(order.sorted() == Array(0..<23) && order != Array(0..<23))
    #expect(try order == numbers.shuffled(seed: 1).samples())
    #expect(try order != numbers.shuffled(seed: 2).samples())
  }

  @Test(arguments: [1, 2, 5, 23, 30])
  func shardsAreAPartition(total: Int) throws {
    let shards = (0..<total).map { numbers.sharded($0, of: total) }
    #expect(try shards.flatMap { try $0.samples() }.sorted() == Array(0..<23))
    #expect(shards.map(\.count).max()! - shards.map(\.count).min()! <= 1)
  }

  @Test func aSplitIsAPartition() throws {
    let split = numbers.split(0.8, seed: 3)
    #expect(split.training.count == 18)
    #expect((split.training.indices + split.heldOut.indices).sorted() == Array(0..<23))
    #expect(split.training.indices == numbers.split(0.8, seed: 3).training.indices)
    #expect(split.training.indices != numbers.split(0.8, seed: 4).training.indices)
  }

  /// 90, 9 and 1 of three classes: a split at random would leave the small ones out of some part.
  @Test func stratifiedPartsHaveEachClassByItsShare() throws {
    let labels = (0..<100).map { $0 < 90 ? "a" : $0 < 99 ? "b" : "c" }
    let data = ArrayDataset(labels)
    let split = try data.stratifiedSplit(2.0 / 3, seed: 0) { $0 }
    #expect(split.training.count == 67 && split.heldOut.count == 33)
    #expect(try abs(split.heldOut.samples().count { $0 == "a" } - 30) <= 1)
    #expect(try abs(split.heldOut.samples().count { $0 == "b" } - 3) <= 1)
    for fold in try data.stratifiedKFold(9, seed: 1, by: { $0 }) {
      let held = try fold.heldOut.samples()
      #expect(held.count { $0 == "a" } == 10 && held.count { $0 == "b" } == 1)
    }
  }

  @Test func eachSampleIsHeldOutInOneFold() {
    let folds = numbers.kFold(4, seed: 0)
    #expect(folds.flatMap(\.heldOut.indices).sorted() == Array(0..<23))
    #expect(folds.map(\.heldOut.count).sorted() == [5, 6, 6, 6])
    for fold in folds {
      #expect((fold.training.indices + fold.heldOut.indices).sorted() == Array(0..<23))
    }
  }

  @Test func aCacheReadsOnceAndStaysBounded() throws {
    let reads = Mutex([Int](repeating: 0, count: 23))
    let counted = numbers.map { index in
      reads.withLock { $0[index] += 1 }
      return index
    }
    let cached = counted.cached(limit: 3)
    for index in [0, 1, 0, 2, 0, 1, 2] { #expect(try cached[index] == index) }
    #expect(reads.withLock { $0.prefix(3) } == [1, 1, 1])
    // 0 was used longest ago.
    _ = try (cached[3], cached[1], cached[0])
    #expect(reads.withLock { $0.prefix(4) } == [2, 1, 1, 1])
    for round in 0..<500 { _ = try cached[round % 23] }
    #expect(cached.keptCount == 3)
  }

  @Test func errorsOfASampleComeThrough() throws {
    let data = numbers.map { index in
      if index == 4 { throw Broken(index: 4) }
      return index
    }
    #expect(throws: Broken(index: 4)) { try data.cached(limit: 2)[4] }
    #expect(throws: Broken(index: 4)) { try data.batched(3)[1] }
    #expect(throws: Broken(index: 4)) { try data.filter { $0 > 3 } }
    #expect(try data.shuffled(seed: 0).count == 23 && data[5] == 5)
  }
}
