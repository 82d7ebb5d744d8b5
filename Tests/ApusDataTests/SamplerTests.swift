import Testing

@testable import ApusData

/// Which samples an epoch takes: as often as was asked for, and the same each time.
@Suite struct SamplerTests {
  private func order(_ sampler: Sampler, _ count: Int, batchSize: Int = 8, epoch: Int = 0) -> [Int] {
    sampler.order(Sampler.Request(count: count, batchSize: batchSize, seed: 5, epoch: epoch))
  }

  @Test func samplesComeInProportionToTheirWeights() {
    let sampler = Sampler.weighted([0, 1, 3, 0, 6], count: 20_000)
    let drawn = order(sampler, 5)
    var counts = [Int](repeating: 0, count: 5)
    for index in drawn { counts[index] += 1 }
    #expect(counts[0] == 0 && counts[3] == 0 && drawn.count == 20_000)
    // Five standard deviations of a binomial count.
    for (index, share) in [(1, 0.1), (2, 0.3), (4, 0.6)] {
      let deviation = (20_000 * share * (1 - share)).squareRoot()
      #expect(abs(Double(counts[index]) - 20_000 * share) < 5 * deviation)
    }
    #expect(drawn == order(sampler, 5) && drawn != order(sampler, 5, epoch: 1))
  }

  @Test func withoutReplacementNoSampleComesTwiceAndHeavyOnesComeEarly() {
    let weights = (0..<200).map { $0 < 100 ? 0.1 : 10.0 }
    let drawn = order(.weighted(weights, count: 60, replacement: false), 200)
    #expect(Set(drawn).count == 60)
    #expect(drawn.count { $0 >= 100 } >= 54)
    #expect(Set(order(.weighted(weights, replacement: false), 200)).count == 200)
  }

  /// 97 % of the samples are of one class.
  @Test func classesAreBalanced() {
    let labels = (0..<1000).map { $0 < 970 ? "many" : $0 < 990 ? "few" : "rare" }
    let drawn = order(.classBalanced(labels, count: 9000), 1000)
    for name in ["many", "few", "rare"] {
      let count = drawn.count { labels[$0] == name }
      #expect(abs(Double(count) - 3000) < 5 * (9000 * 2.0 / 9).squareRoot())
    }
  }

  @Test func bucketsWasteLittleAndHaveEachSampleOnce() {
    var random = SampleRandom(seed: 1, epoch: 0, position: 0)
    let lengths = (0..<1003).map { _ in random.integer(in: 1...200) }
    let drawn = order(.bucketed(lengths: lengths), 1003)
    #expect(drawn.sorted() == Array(0..<1003) && drawn != Array(0..<1003))
    let shuffled = order(.shuffled, 1003)
    #expect(padding(drawn, lengths) < 0.05 && padding(shuffled, lengths) > 0.3)
    #expect(drawn != order(.bucketed(lengths: lengths), 1003, epoch: 1))
    // Long and short batches come in turn, not in order of length.
    let firsts = stride(from: 0, to: 1000, by: 8).map { lengths[drawn[$0]] }
    #expect(firsts != firsts.sorted())
  }

  private func padding(_ order: [Int], _ lengths: [Int]) -> Double {
    var padded = 0
    for start in stride(from: 0, to: order.count, by: 8) {
      let batch = order[start..<min(start + 8, order.count)].map { lengths[$0] }
      padded += batch.count * batch.max()!
    }
    return 1 - Double(lengths.reduce(0, +)) / Double(padded)
  }

  @Test func randomNumbersAreThoseOfTheirPlace() {
    var a = SampleRandom(seed: 1, epoch: 2, position: 3)
    var b = SampleRandom(seed: 1, epoch: 2, position: 3)
    let words = (0..<9).map { _ in a.word() }
    #expect(words == (0..<9).map { _ in b.word() } && Set(words).count == 9)
    for (seed, epoch, position) in [(2, 2, 3), (1, 3, 3), (1, 2, 4)] {
      var other = SampleRandom(seed: UInt64(seed), epoch: epoch, position: position)
      #expect(Set((0..<9).map { _ in other.word() }).isDisjoint(with: words))
    }
  }

  /// Means and variances within five standard errors of 4,000 draws.
  @Test func distributionsHaveTheirMoments() {
    var random = SampleRandom(seed: 0, epoch: 0, position: 0)
    func moments(_ draw: () -> Double) -> (mean: Double, variance: Double) {
      let values = (0..<4000).map { _ in draw() }
      let mean = values.reduce(0, +) / 4000
      return (mean, values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 3999)
    }
    let uniform = moments { random.uniform(in: -1...3) }
    #expect(abs(uniform.mean - 1) < 0.1 && abs(uniform.variance - 4.0 / 3) < 0.1)
    let normal = moments { random.normal() }
    #expect(abs(normal.mean) < 0.08 && abs(normal.variance - 1) < 0.12)
    let beta = moments { random.beta(0.4, 0.4) }
    #expect(abs(beta.mean - 0.5) < 0.03 && abs(beta.variance - 0.25 / 1.8) < 0.01)
    let skewed = moments { random.beta(2, 6) }
    #expect(abs(skewed.mean - 0.25) < 0.012 && abs(skewed.variance - 12.0 / (64 * 9)) < 0.003)
    let integer = moments { Double(random.integer(in: -2...2)) }
    #expect(abs(integer.mean) < 0.12 && abs(integer.variance - 2) < 0.15)
  }
}
