import Apus

extension GoldenLayerTests {
  static let dense: [LayerCase] = [
    LayerCase("linear") { Linear($0, 3, 5) },
    LayerCase(
      "bilinear",
      of: { scope in
        let layer = Bilinear(scope, 3, 2, 4)
        return { [layer($0[0], $0[1])] }
      }),
    LayerCase("cosineSimilarity", of: { _ in { [cosineSimilarity($0[0], $0[1])] } }),
    LayerCase("pairwiseDistance", of: { _ in { [pairwiseDistance($0[0], $0[1])] } }),
    LayerCase(
      "pairwiseDistance1",
      of: { _ in { [pairwiseDistance($0[0], $0[1], order: 1, keepDims: true)] } }),
    LayerCase("adaptiveLogSoftmax") {
      AdaptiveLogSoftmaxWithLoss($0, 8, 12, cutoffs: [3, 7], divisor: 2)
    },
  ]

  static let activations: [LayerCase] = [
    LayerCase("activation.relu") { _ in ReLU() },
    LayerCase("activation.relu6") { _ in ReLU6() },
    LayerCase("activation.leakyReLU") { _ in LeakyReLU() },
    LayerCase("activation.leakyReLU2") { _ in LeakyReLU(slope: 0.2) },
    LayerCase("activation.rrelu") { _ in RReLU() },
    LayerCase("activation.elu") { _ in ELU() },
    LayerCase("activation.elu2") { _ in ELU(alpha: 0.7) },
    LayerCase("activation.celu") { _ in CELU() },
    LayerCase("activation.celu2") { _ in CELU(alpha: 0.7) },
    LayerCase("activation.selu") { _ in SELU() },
    LayerCase("activation.gelu") { _ in GELU() },
    LayerCase("activation.geluTanh") { _ in GELU(approximate: true) },
    LayerCase("activation.silu") { _ in SiLU() },
    LayerCase("activation.mish") { _ in Mish() },
    LayerCase("activation.hardSwish") { _ in HardSwish() },
    LayerCase("activation.hardSigmoid") { _ in HardSigmoid() },
    LayerCase("activation.hardTanh") { _ in HardTanh() },
    LayerCase("activation.hardTanh2") { _ in HardTanh(minimum: -2, maximum: 0.6) },
    LayerCase("activation.hardShrink") { _ in HardShrink() },
    LayerCase("activation.hardShrink2") { _ in HardShrink(lambda: 1.5) },
    LayerCase("activation.softShrink") { _ in SoftShrink() },
    LayerCase("activation.softShrink2") { _ in SoftShrink(lambda: 1.5) },
    LayerCase("activation.tanhShrink") { _ in TanhShrink() },
    LayerCase("activation.softplus") { _ in Softplus() },
    LayerCase("activation.softplus2") { _ in Softplus(beta: 2.5, threshold: 3) },
    LayerCase("activation.softsign") { _ in Softsign() },
    LayerCase("activation.logSigmoid") { _ in LogSigmoid() },
    LayerCase("activation.threshold") { _ in Threshold(0.3, -2) },
    LayerCase("activation.glu") { _ in GLU() },
    LayerCase("activation.glu0") { _ in GLU(axis: 0) },
    LayerCase("activation.softmin") { _ in Softmin() },
    LayerCase("activation.softmax") { _ in Softmax() },
    LayerCase("activation.softmax0") { _ in Softmax(axis: 0) },
    LayerCase("activation.softmax2D") { _ in Softmax2D() },
    LayerCase("activation.logSoftmax") { _ in LogSoftmax() },
    LayerCase("activation.sigmoid") { _ in Sigmoid() },
    LayerCase("activation.tanh") { _ in Tanh() },
    LayerCase("activation.prelu") { PReLU($0) },
    LayerCase("activation.prelu6") { PReLU($0, 6) },
  ]

  static let normalizations: [LayerCase] = [
    LayerCase("norm.batch") { BatchNorm($0, 3) },
    LayerCase("norm.batch1") { BatchNorm($0, 3, epsilon: 1e-3, momentum: 0.3) },
    LayerCase("norm.batchPlain") { BatchNorm($0, 2, affine: false) },
    LayerCase("norm.batchCumulative") { BatchNorm($0, 3, momentum: nil) },
    LayerCase("norm.batchUntracked") { BatchNorm($0, 3, tracksRunningStatistics: false) },
    LayerCase("norm.instance") { InstanceNorm($0, 3) },
    LayerCase("norm.instanceAffine") { InstanceNorm($0, 3, epsilon: 1e-3, affine: true) },
    LayerCase("norm.instanceTracked") {
      InstanceNorm($0, 3, affine: true, tracksRunningStatistics: true)
    },
    LayerCase("norm.group") { GroupNorm($0, 2, 4) },
    LayerCase("norm.groupPlain") { GroupNorm($0, 3, 6, affine: false) },
    LayerCase("norm.localResponse") { _ in LocalResponseNorm(3, alpha: 0.5, beta: 0.6, k: 0.9) },
    LayerCase("norm.localResponse2") { _ in LocalResponseNorm(2) },
    LayerCase("norm.layer") { LayerNorm($0, 4) },
    LayerCase("norm.layer2") { LayerNorm($0, [3, 4], epsilon: 1e-3) },
    LayerCase("norm.layerUnbiased") { LayerNorm($0, 4, bias: false) },
    LayerCase("norm.layerPlain") { LayerNorm($0, 4, affine: false) },
    LayerCase("norm.rms") { RMSNorm($0, 4, epsilon: 1e-5) },
    LayerCase("norm.rms2") { RMSNorm($0, [3, 4], epsilon: 1e-3) },
    LayerCase("norm.rmsPlain") { RMSNorm($0, 4, affine: false) },
  ]

  static let embeddings: [LayerCase] = [
    LayerCase("embedding") { Embedding($0, 5, 3) },
    LayerCase("embedding.padding") { Embedding($0, 5, 3, paddingIndex: -1) },
    LayerCase("embedding.maxNorm") { Embedding($0, 5, 3, maxNorm: 1.1) },
  ] + EmbeddingBag.Reduction.allCases.flatMap(bags) + [
    LayerCase(
      "embeddingBag.weighted",
      of: { scope in
        let bag = EmbeddingBag(scope, 5, 3, .sum)
        return { [bag($0[0], sampleWeights: $0[1])] }
      }),
    LayerCase(
      "embeddingBag.weightedFlat",
      of: { scope in
        let bag = EmbeddingBag(scope, 5, 3, .sum, paddingIndex: 4)
        return { [bag($0[0], offsets: $0[1], sampleWeights: $0[2])] }
      }),
    flat("lastOffset") { EmbeddingBag($0, 5, 3, includesLastOffset: true) },
  ]

  private static func bags(_ reduction: EmbeddingBag.Reduction) -> [LayerCase] {
    let name = reduction.rawValue
    return [
      LayerCase("embeddingBag." + name) { EmbeddingBag($0, 5, 3, reduction) },
      LayerCase("embeddingBag.\(name)Padding") { EmbeddingBag($0, 5, 3, reduction, paddingIndex: 2) },
      flat(name + "Flat") { EmbeddingBag($0, 5, 3, reduction) },
      flat(name + "FlatPadding") { EmbeddingBag($0, 5, 3, reduction, paddingIndex: 4) },
    ]
  }

  private static func flat(
    _ name: String, _ make: @escaping @Sendable (Scope) -> EmbeddingBag
  ) -> LayerCase {
    LayerCase(
      "embeddingBag." + name,
      of: { scope in
        let bag = make(scope)
        return { [bag($0[0], offsets: $0[1])] }
      })
  }
}
