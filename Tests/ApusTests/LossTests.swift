import Apus
import Foundation
import Testing

/// Every loss has PyTorch's number and gradients, alone and inside a compiled function.
@Suite struct LossTests {
  static let golden = Golden("losses")

  static func input(_ name: String) -> Tensor { golden["input." + name] }

  /// - Parameters:
  ///   - inputs: the names, separated by blanks, of what is differentiated.
  ///   - loss: of these inputs.
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String, inputs: [String]
    let loss: @Sendable ([Tensor]) -> Tensor
    var testDescription: String { name }

    init(_ name: String, _ inputs: String, _ loss: @escaping @Sendable ([Tensor]) -> Tensor) {
      (self.name, self.loss) = (name, loss)
      self.inputs = inputs.split(separator: " ").map(String.init)
    }
  }

  /// The loss, its gradients, and, from 16-bit inputs, a loss in f32.
  static func checkLoss(_ test: Case, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let loss = test.loss
    let function = compiled { (inputs: [Tensor]) in
      let result = loss(inputs)
      let weights = Tensor.arange(1, result.elementCount + 1).reshaped(result.shape)
      return [result] + (try gradients(of: (result * weights).sum(), for: inputs))
    }
    let inputs = test.inputs.map(input)
    let results = try function(inputs)
    let names = [test.name] + test.inputs.map { test.name + "." + $0 }
    for (result, name) in zip(results, names) {
      expectClose(result, golden[name], relative: 2e-5, absolute: 2e-6, name, sourceLocation: sourceLocation)
    }
    expectClose(
      loss(inputs), golden[test.name], relative: 2e-5, absolute: 2e-6, "outside", sourceLocation: sourceLocation)
    let narrow = loss(inputs.map { $0.to(.bf16) })
    #expect(narrow.dtype == .f32, "16-bit inputs are computed in f32", sourceLocation: sourceLocation)
  }

  static let y = input("labels"), w = input("classWeights"), d = input("distribution")
  static let t = input("binary"), hard = input("hard"), signs = input("signs")
  static let r = input("y"), elementWeights = input("elementWeights")
  static let counts = input("counts"), variance = input("variance")
  static let same = input("same"), right = input("right")
  static let relevance = input("relevance"), mask = input("mask").to(.bool)
  static let candidates = Candidates(input("ids"), from: .logUniform(classes: 20))

  static let classes: [Case] = LossReduction.allCases.filter { $0 != .batchMean }.flatMap { reduction in
    let suffix = reduction == .mean ? "" : reduction.rawValue.capitalized
    return [
      Case("crossEntropy" + suffix, "logits") {
        crossEntropy(logits: $0[0], labels: y, reduction: reduction)
      },
      Case("crossEntropyWeights" + suffix, "logits") {
        crossEntropy(logits: $0[0], labels: y, weight: w, reduction: reduction)
      },
      Case("crossEntropySmoothed" + suffix, "logits") {
        crossEntropy(logits: $0[0], labels: y, weight: w, labelSmoothing: 0.1, reduction: reduction)
      },
      Case("crossEntropySoft" + suffix, "logits") {
        crossEntropy(logits: $0[0], labels: d, weight: w, labelSmoothing: 0.2, reduction: reduction)
      },
    ]
  } + [
    Case("crossEntropyIgnore", "logits") {
      crossEntropy(logits: $0[0], labels: maximum(y, 0), ignoreIndex: 1)
    },
    Case("nll", "logits") { nllLoss(logSoftmax($0[0]), y, weight: w) },
    Case("nllNone", "logits") {
      nllLoss(logSoftmax($0[0]), maximum(y, 0), ignoreIndex: nil, reduction: .none)
    },
    Case("klDivergence", "logits") { klDivergence(logSoftmax($0[0]), d) },
    Case("klDivergenceBatchMean", "logits") {
      klDivergence(logSoftmax($0[0]), d, reduction: .batchMean)
    },
    Case("klDivergenceLog", "logits") {
      klDivergence(logSoftmax($0[0]), log(d), logTarget: true, reduction: .sum)
    },
    Case("klDivergenceZeros", "logits") {
      klDivergence(logSoftmax($0[0]), input("oneHot"), reduction: .none)
    },
  ]

  static let answers: [Case] = [
    Case("bce", "scores") { binaryCrossEntropy(sigmoid($0[0].to(.f32)), t, weight: w) },
    Case("bceLogits", "scores") {
      binaryCrossEntropyWithLogits($0[0], t, weight: w, positiveWeight: input("positiveWeights"))
    },
    Case("bceLogitsNone", "scores") { binaryCrossEntropyWithLogits($0[0], t, reduction: .none) },
    Case("multilabelSoftMargin", "scores") { multilabelSoftMarginLoss($0[0], hard, weight: w) },
    Case("focal", "scores") { sigmoidFocalLoss($0[0], hard) },
    Case("focalMean", "scores") {
      sigmoidFocalLoss($0[0], hard, alpha: nil, gamma: 1.5, reduction: .mean)
    },
    Case("dice", "maskLogits") { diceLoss(sigmoid($0[0]), input("masks")) },
    Case("diceNone", "maskLogits") {
      diceLoss(sigmoid($0[0]), input("masks"), smooth: 1, reduction: .none)
    },
  ]

  static let regression: [Case] = [
    Case("mse", "x y") { meanSquaredError($0[0], $0[1]) },
    Case("mseWeights", "x") { meanSquaredError($0[0], r, weight: elementWeights) },
    Case("mae", "x") { meanAbsoluteError($0[0], r) },
    Case("maeWeights", "x") {
      meanAbsoluteError($0[0], r, weight: elementWeights, reduction: .none)
    },
    Case("smoothL1", "x") { smoothL1Loss($0[0], r) },
    Case("smoothL1Beta", "x") { smoothL1Loss($0[0], r, beta: 0.3, reduction: .none) },
    Case("smoothL1Zero", "x") { smoothL1Loss($0[0], r, beta: 0, reduction: .sum) },
    Case("huber", "x") { huberLoss($0[0], r) },
    Case("huberDelta", "x") { huberLoss($0[0], r, delta: 0.4, weight: elementWeights) },
    Case("poisson", "x") { poissonNLLLoss($0[0], counts) },
    Case("poissonFull", "x") {
      poissonNLLLoss(exp($0[0]), counts, logInput: false, full: true, reduction: .none)
    },
    Case("gaussian", "x variance") { gaussianNLLLoss($0[0], r, variance: $0[1]) },
    Case("gaussianFull", "x") {
      gaussianNLLLoss($0[0], r, variance: variance[0..., 1], full: true, reduction: .none)
    },
  ]

  static let margins: [Case] = [
    Case("hinge", "x") { hingeLoss($0[0], signs) },
    Case("hingeSquared", "x") {
      hingeLoss($0[0], signs, margin: 0.5, squared: true, reduction: .none)
    },
    Case("softMargin", "x") { softMarginLoss($0[0], signs) },
    Case("multiMargin", "x") { multiMarginLoss($0[0], input("classes")) },
    Case("multiMarginSquared", "x") {
      multiMarginLoss($0[0], input("classes"), p: 2, margin: 0.7, weight: w, reduction: .none)
    },
    Case("multilabelMargin", "x") {
      multilabelMarginLoss($0[0], input("several"), reduction: .none)
    },
    Case("marginRanking", "x y") { marginRankingLoss($0[0], $0[1], signs) },
    Case("marginRankingMargin", "x y") {
      marginRankingLoss($0[0], $0[1], signs, margin: 0.5, reduction: .none)
    },
    Case("hingeEmbedding", "x") { hingeEmbeddingLoss($0[0], signs) },
  ]

  static let embeddings: [Case] = [
    Case("cosineEmbedding", "a p") { cosineEmbeddingLoss($0[0], $0[1], same) },
    Case("cosineEmbeddingMargin", "a p") {
      cosineEmbeddingLoss($0[0], $0[1], same, margin: 0.2, reduction: .none)
    },
    Case("triplet", "a p n") {
      tripletMarginLoss(anchor: $0[0], positive: $0[1], negative: $0[2])
    },
    Case("tripletSwap", "a p n") {
      tripletMarginLoss(
        anchor: $0[0], positive: $0[1], negative: $0[2], margin: 2, order: 1, swap: true, reduction: .none)
    },
    Case("tripletDistance", "a p n") {
      tripletMarginLoss(anchor: $0[0], positive: $0[1], negative: $0[2], swap: true) {
        1 - cosineSimilarity($0, $1)
      }
    },
    Case("contrastive", "a p") { contrastiveLoss($0[0], $0[1], same .> 0, margin: 2) },
    Case("infoNCE", "a p") { infoNCELoss(queries: $0[0], keys: $0[1]) },
    Case("infoNCESymmetric", "a p") {
      infoNCELoss(queries: $0[0], keys: $0[1], temperature: 0.5, symmetric: true)
    },
    Case("ntXent", "a p") { ntXentLoss($0[0], $0[1]) },
  ]

  static func ctc(_ x: Tensor, _ reduction: LossReduction, zeroInfinity: Bool = true) -> Tensor {
    ctcLoss(
      logSoftmax(x), input("sequence"), inputLengths: input("inputLengths"),
      targetLengths: input("targetLengths"), reduction: reduction, zeroInfinity: zeroInfinity)
  }

  static let sequences: [Case] = [
    Case("ctc", "frames") { ctc($0[0], .mean) },
    Case("ctcSum", "frames") { ctc($0[0], .sum) },
    Case("ctcNone", "frames") { ctc($0[0], .none) },
    Case("ctcLastBlank", "frames") {
      ctcLoss(
        logSoftmax($0[0]), input("lastBlank"), inputLengths: Tensor([9, 9, 9, 9, 9]),
        targetLengths: Tensor([4, 3, 2, 1, 3]), blank: 5)
    },
  ]

  static let samples: [Case] = [
    Case("sampledSoftmax", "features weight bias") {
      sampledSoftmaxLoss(
        $0[0], labels: right[0..., 0], weight: $0[1], bias: $0[2], candidates: candidates)
    },
    Case("sampledSoftmaxHits", "features weight bias") {
      sampledSoftmaxLoss(
        $0[0], labels: right, weight: $0[1], bias: $0[2], candidates: candidates,
        removeAccidentalHits: false)
    },
    Case("noiseContrastive", "features weight bias") {
      noiseContrastiveLoss(
        $0[0], labels: right, weight: $0[1], bias: $0[2], candidates: candidates, reduction: .none)
    },
    Case("noiseContrastiveHits", "features weight bias") {
      noiseContrastiveLoss(
        $0[0], labels: right[0..., 0], weight: $0[1], bias: $0[2], candidates: candidates,
        removeAccidentalHits: true, reduction: .none)
    },
    Case("negativeSampling", "features context negatives") {
      negativeSamplingLoss($0[0], positives: $0[1], negatives: $0[2], reduction: .none)
    },
    Case("negativeSamplingShared", "features context") {
      negativeSamplingLoss($0[0], positives: $0[1], negatives: input("negatives")[0])
    },
  ]

  static let orders: [Case] = [
    Case("bpr", "x y") { bprLoss($0[0], $0[1]) },
    Case("rankNet", "x") { rankNetLoss($0[0], relevances: relevance, mask: mask) },
    Case("rankNetSum", "x") {
      rankNetLoss($0[0], relevances: relevance, mask: mask, sigma: 2, reduction: .sum)
    },
    Case("listNet", "x") { listNetLoss($0[0], relevances: relevance, mask: mask) },
  ]

  static let adversaries: [Case] = AdversarialLoss.allCases.flatMap { loss in
    let name = "gan" + loss.rawValue.prefix(1).uppercased() + loss.rawValue.dropFirst()
    return [
      Case(name, "x y") { loss.discriminator(real: $0[0], fake: $0[1]) },
      Case(name + "Generator", "x") { loss.generator(fake: $0[0]) },
    ]
  }

  @Test(
    arguments: classes + answers + regression + margins + embeddings + sequences + samples + orders
      + adversaries)
  func goldenNumbers(test: Case) throws { try LossTests.checkLoss(test) }

  /// The penalty is a gradient; training the discriminator differentiates it once more.
  @Test func gradientPenaltyIsDifferentiable() throws {
    let function = compiled { (inputs: [Tensor]) in
      let penalty = try gradientPenalty(
        real: LossTests.input("a"), fake: LossTests.input("p"), mix: LossTests.input("mix")
      ) { matmul(tanh(matmul($0, inputs[0])), inputs[1]) }
      return [penalty] + (try gradients(of: penalty, for: inputs))
    }
    let results = try function(["hidden", "readout"].map(LossTests.input))
    let names = ["gradientPenalty", "gradientPenalty.hidden", "gradientPenalty.readout"]
    for (result, name) in zip(results, names) {
      expectClose(result, LossTests.golden[name], relative: 2e-5, absolute: 2e-6, name)
    }
    let flat = try gradientPenalty(real: Tensor([[1.0]]), fake: Tensor([[0.0]])) { $0 * 0 }
    #expect(Swift.abs(flat.item - 1) < 1e-5)
  }
}
