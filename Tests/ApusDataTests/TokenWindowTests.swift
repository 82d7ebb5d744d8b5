import Apus
import ApusData
import Testing

/// Protects what a language model learns from: targets one place later, rows that go on where they ended.
@Suite struct TokenWindowTests {
  private let tokens = (0..<103).map { $0 * 3 % 101 }

  private func batches(_ loader: Loader<Batch>, epoch: Int = 0) async throws -> [(x: [Int], y: [Int])] {
    var result: [(x: [Int], y: [Int])] = []
    for try await batch in loader.epoch(epoch) {
      result.append((batch.x.array(of: Int.self), batch.y.array(of: Int.self)))
    }
    return result
  }

  @Test func rowsOfStreamsGoOnWhereTheyEnded() async throws {
    let found = try await batches(.parallelStreams(of: tokens, length: 8, batchSize: 4))
    // 102 targets in 4 streams of 25: 3 windows of 8 each.
    #expect(found.count == 3)
    for row in 0..<4 {
      let stream = found.flatMap { $0.x[(row * 8)..<(row * 8 + 8)] }
      let targets = found.flatMap { $0.y[(row * 8)..<(row * 8 + 8)] }
      #expect(stream == Array(tokens[(row * 25)..<(row * 25 + 24)]))
      #expect(targets == Array(tokens[(row * 25 + 1)..<(row * 25 + 25)]))
    }
  }

  @Test func randomWindowsReachEveryPlaceAndAreRepeatable() async throws {
    let loader = Loader.randomWindows(of: tokens, length: 100, batchSize: 4, batches: 10, seed: 3)
    let found = try await batches(loader)
    #expect(found.count == 10)
    var starts: Set<Int> = []
    for batch in found {
      for row in 0..<4 {
        let window = Array(batch.x[(row * 100)..<(row * 100 + 100)])
        let start = try #require(tokens.firstIndex(of: window[0]))
        #expect(window == Array(tokens[start..<(start + 100)]))
        #expect(Array(batch.y[(row * 100)..<(row * 100 + 100)]) == Array(tokens[(start + 1)..<(start + 101)]))
        starts.insert(start)
      }
    }
    #expect(starts == [0, 1, 2])
    #expect(try await batches(loader).map(\.x) == found.map(\.x))
    #expect(try await batches(loader, epoch: 1).map(\.x) != found.map(\.x))
  }
}
