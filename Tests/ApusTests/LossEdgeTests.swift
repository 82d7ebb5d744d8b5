import Apus
import Foundation
import Testing

/// What no golden number shows.
@Suite struct LossEdgeTests {
  @Test func extremeScoresStayFinite() {
    #expect(crossEntropy(logits: Tensor([[1000.0, -1000]]), labels: Tensor([0])).item == 0)
    #expect(binaryCrossEntropy(Tensor([0.0]), Tensor([1.0])).item == 100)
    #expect(binaryCrossEntropyWithLogits(Tensor([500.0]), Tensor([0.0])).item == 500)
    #expect(softMarginLoss(Tensor([-500.0]), Tensor([1.0])).item == 500)
  }

  /// -100, the default for labels that do not count, would be 156 as a byte.
  @Test func ignoreIndexDoesNotWrapAround() {
    let logits = Tensor.zeros([1, 200])
    let loss = crossEntropy(logits: logits, labels: Tensor([156], dtype: .u8))
    expectClose(loss, crossEntropy(logits: logits, labels: Tensor([156])))
    #expect(loss.item > 5)
  }

  /// A batch in which no label counts has no mean, as in PyTorch.
  @Test func nothingCounted() {
    #expect(crossEntropy(logits: Tensor([[1.0, 2]]), labels: Tensor([-100])).item.isNaN)
  }

  @Test func impossibleAlignments() throws {
    expectClose(
      LossTests.ctc(LossTests.input("frames"), .none, zeroInfinity: false),
      LossTests.golden["ctcInfinite"], relative: 2e-5)
    let gradient = try gradient(at: LossTests.input("frames")) {
      LossTests.ctc($0, .sum, zeroInfinity: false)
    }
    let isFinite = Apus.isFinite(gradient).all().item == 1
    #expect(isFinite, "one sequence without alignment must not spoil a batch's gradient")
  }

  /// Beyond a sequence's lengths neither inputs nor targets matter.
  @Test func paddingOfSequencesIsNotRead() {
    let x = LossTests.input("frames"), targets = LossTests.input("sequence")
    func loss(_ x: Tensor, _ targets: Tensor) -> Tensor {
      ctcLoss(
        logSoftmax(x), targets, inputLengths: LossTests.input("inputLengths"),
        targetLengths: LossTests.input("targetLengths"), reduction: .none)
    }
    let changed = x.updating(1, 6..., with: 7).updating(2, 4..., with: -3)
    let expected = loss(x, targets)
    expectClose(loss(changed, targets.updating(1, 2..., with: -1)), expected)
    expectClose(loss(changed, targets.updating(2, 0..., with: 99)), expected)
  }

  /// Draws follow the probabilities that the losses correct for.
  @Test(arguments: ["uniform", "logUniform", "unigram"])
  func candidatesFollowTheirDistribution(name: String) {
    let sampler: CandidateSampler =
      switch name {
      case "uniform": .uniform(classes: 7)
      case "logUniform": .logUniform(classes: 7)
      default: .unigram(counts: [5, 0, 100, 1, 1, 40, 3])
      }
    let expected = sampler.probability(of: Tensor.arange(7)).array(of: Double.self)
    #expect(Swift.abs(expected.reduce(0, +) - 1) < 1e-6)
    let count = 20_000
    let ids = withRandom(seed: 1) { sampler(count).ids.array(of: Int.self) }
    for id in 0..<7 {
      let share = Double(ids.filter { $0 == id }.count) / Double(count)
      let deviation = (expected[id] * (1 - expected[id]) / Double(count)).squareRoot()
      #expect(Swift.abs(share - expected[id]) <= 4 * deviation, "class \(id)")
    }
  }

  /// Without replacement: all different, in the sets and after the numbers of draws that come from
  /// drawing until they are, and with TensorFlow's expected counts (`range_sampler.cc`).
  @Test func uniqueCandidatesAreRejectionsOutcome() throws {
    let sampler = CandidateSampler.logUniform(classes: 6)
    let p = sampler.probability(of: Tensor.arange(6)).array(of: Double.self)
    let rounds = 3_000
    func share(
      _ draw: (Int) throws -> (ids: [Int], tries: Double)
    ) rethrows -> (first: [Double], has: [Double], tries: Double) {
      var (first, has, tries) = ([Double](repeating: 0, count: 6), [Double](repeating: 0, count: 6), 0.0)
      for round in 0..<rounds {
        let found = try draw(round)
        first[found.ids[0]] += 1 / Double(rounds)
        for id in found.ids { has[id] += 1 / Double(rounds) }
        tries += found.tries / Double(rounds)
      }
      return (first, has, tries)
    }
    let draw = compiled { (key: Tensor) in
      let candidates = sampler(3, unique: true, key: RandomKey(key))
      return [candidates.ids, candidates.expectedCount(of: Tensor.arange(6))]
    }
    let ours = try share { round in
      let results = try draw(RandomKey(seed: UInt64(round)).tensor)
      let ids = results[0].array(of: Int.self)
      #expect(Set(ids).count == 3)
      let expected = results[1].array(of: Double.self)
      // The count of class 0 tells the number of draws, that of the others must fit it.
      let tries = (log(1 - expected[0]) / log(1 - p[0])).rounded()
      for id in 0..<6 {
        #expect(Swift.abs(expected[id] - (1 - pow(1 - p[id], tries))) < 1e-4)
      }
      return (ids, tries)
    }
    var numbers = Tensor.uniform([20 * rounds], key: RandomKey(seed: 7)).array(of: Double.self)[...]
    let theirs = share { _ in
      var (ids, tries) = ([Int](), 0.0)
      while ids.count < 3 {
        tries += 1
        var left = numbers.removeFirst()
        var id = 0
        while id < 5 && left >= p[id] { left -= p[id]; id += 1 }
        if !ids.contains(id) { ids.append(id) }
      }
      return (ids, tries)
    }
    // Four deviations of a share of a half, and of a mean of numbers that deviate by about 2.5.
    let bound = 4 * (0.5 / Double(rounds)).squareRoot()
    for id in 0..<6 {
      #expect(Swift.abs(ours.first[id] - theirs.first[id]) < bound, "class \(id) first")
      #expect(Swift.abs(ours.has[id] - theirs.has[id]) < bound, "class \(id)")
    }
    #expect(Swift.abs(ours.tries - theirs.tries) < 5 * bound, "\(ours.tries) \(theirs.tries)")
  }

  @Test func logUniformProbabilities() {
    let found = CandidateSampler.logUniform(classes: 20).probability(of: Tensor.arange(20))
    expectClose(found, LossTests.golden["logUniform"])
  }

  static let mistakes: [(body: @Sendable () -> Void, sentence: String)] = [
    ({ _ = huberLoss(Tensor([1.0, 2]), Tensor([[1.0, 2]])) }, "huberLoss: predictions of shape [2] and targets of shape [1, 2] differ."),
    ({ _ = crossEntropy(logits: Tensor([[1.0, 2]]), labels: Tensor([0]), weight: Tensor([1.0])) }, "crossEntropy: weights of shape [1] do not fit 2 classes"),
    ({ _ = multiMarginLoss(Tensor([[1.0, 2]]), Tensor([1.0])) }, "multiMarginLoss: labels must be integers, got f32"),
    ({ _ = ctcLoss(Tensor.zeros([2, 3]), Tensor([1]), inputLengths: Tensor([1]), targetLengths: Tensor([1])) }, "ctcLoss: needs log-probabilities [batch, time, class] and targets [batch, label], got [2, 3] and [1]"),
    ({ _ = ctcLoss(Tensor.zeros([1, 3, 2]), Tensor([[1]]), inputLengths: Tensor([1]), targetLengths: Tensor([1]), blank: 2) }, "ctcLoss: the blank 2 is none of 2 classes"),
    ({ _ = tripletMarginLoss(anchor: Tensor([[1.0]]), positive: Tensor([[1.0]]), negative: Tensor([[1.0]]), margin: 0) }, "tripletMarginLoss: the margin must be positive, got 0.0"),
    ({ _ = listNetLoss(Tensor([1.0]), relevances: Tensor([1.0]), mask: Tensor([1])) }, "listNetLoss: the mask must be bool of shape [1], got i64[1]"),
    ({ _ = negativeSamplingLoss(Tensor.zeros([2, 3]), positives: Tensor.zeros([2, 3]), negatives: Tensor.zeros([4, 5, 3])) }, "negativeSamplingLoss: negatives of shape [4, 5, 3] do not fit inputs of shape [2, 3]"),
    ({ _ = sampledSoftmaxLoss(Tensor.zeros([2, 3]), labels: Tensor([0, 1]), weight: Tensor.zeros([7, 3]), candidates: CandidateSampler.uniform(classes: 8)(2)) }, "sampled loss: candidates of 8 classes do not fit a weight of shape [7, 3]"),
    ({ _ = sampledSoftmaxLoss(Tensor.zeros([2, 3]), labels: Tensor([0.0, 1]), weight: Tensor.zeros([7, 3]), candidates: CandidateSampler.uniform(classes: 7)(2)) }, "sampled loss: inputs [2, 3], labels f32[2], weight [7, 3] and bias nil do not fit"),
    ({ _ = CandidateSampler.uniform(classes: 3)(4, unique: true) }, "CandidateSampler: cannot draw 4 different ones of 3 classes"),
    ({ _ = CandidateSampler.unigram(counts: [0, 0]) }, "CandidateSampler.unigram: counts must be finite, not negative and not all 0"),
  ]

  @Test(arguments: mistakes.indices) func sentence(_ index: Int) {
    let found = mistake(Self.mistakes[index].body)
    #expect(found.hasPrefix(Self.mistakes[index].sentence), "\(found)")
  }
}
