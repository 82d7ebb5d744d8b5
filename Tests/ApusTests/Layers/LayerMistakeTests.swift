import Apus
import Testing

/// A mistake in a layer's use is named with what was given, and the code behind it does not crash.
@Suite struct LayerMistakeTests {
  private static let x = Tensor.ones([2, 4, 6, 3])
  private static func scope() -> Scope { ParameterStore().scope }

  static let cases: [(String, @Sendable () -> Void)] = [
    ("the output padding [2, 2] must be smaller than the stride [2, 2] or the dilation [1, 1]", {
      _ = ConvTranspose2D(scope(), 3, 2, kernel: 3, stride: 2, outputPadding: 2)(x)
    }),
    ("3 input and 4 output channels cannot be split into 2 groups", {
      _ = ConvTranspose2D(scope(), 3, 4, kernel: 3, groups: 2)(x)
    }),
    ("the padding [2, 2] is more than half the window [3, 3]", { _ = maxPool2D(x, 3, padding: 2) }),
    ("has not the 1 spatial axes of the padding", { _ = ZeroPad([(1, 1)])(x) }),
    ("widths 7 and 7 are too large for axis 1", { _ = ReflectionPad(7)(x) }),
    ("shape [2, 4, 6, 3] has not 1 spatial axes", { _ = AdaptiveAveragePool([2])(x) }),
    ("cannot be pooled to [\"0\", \"2\"]", { _ = AdaptiveMaxPool([0, 2])(x) }),
    ("indices of shape [2] do not belong to shape", { _ = maxUnpool(x, Tensor([1, 2]), 2) }),
    ("4 channels cannot be split into 3 groups", { _ = GroupNorm(scope(), 3, 4)(x) }),
    ("has not 5 channels in its last axis", { _ = InstanceNorm(scope(), 5)(x) }),
    ("the last axes of shape [2, 4, 6, 3] are not [4]", { _ = RMSNorm(scope(), 4)(x) }),
    ("the padding index 9 is out of range for 5 vectors", {
      _ = Embedding(scope(), 5, 2, paddingIndex: 9)(Tensor([1]))
    }),
    ("weights of samples are for sums, not for mean", {
      _ = EmbeddingBag(scope(), 5, 2)(Tensor([[1, 2]]), sampleWeights: Tensor([[1.0, 2]]))
    }),
    ("shape [2] is not [batch, bag]", { _ = EmbeddingBag(scope(), 5, 2)(Tensor([1, 2])) }),
    ("cannot get the spatial extents [0, 0]", { _ = interpolate(x, scale: 0.1) }),
    ("mode nearest has no antialiasing", { _ = interpolate(x, size: 2, antialias: true) }),
    ("has no [4, 6] windows of [2, 2] at different places", {
      _ = fractionalMaxPool2D(x, 2, size: [4, 6])
    }),
    ("samples of shape [2, 2], expected [2, 3, 2]", {
      _ = fractionalMaxPool2D(x, 2, size: 2, samples: .zeros([2, 2]))
    }),
    ("the cutoffs [5, 3] must rise", { _ = AdaptiveLogSoftmaxWithLoss(scope(), 4, 9, cutoffs: [5, 3]) }),
    ("scales must be positive", { _ = interpolate(x, scale: -2, mode: .linear) }),
    ("cannot be spread over 2 × 2 places", { _ = pixelShuffle(x, 2) }),
    ("cannot be split into squares of 3 × 3", { _ = pixelUnshuffle(x, 3) }),
    ("is not [batch, 2 · 2 windows, channel · 4]", {
      _ = fold(Tensor.ones([1, 3, 4]), size: 3, 2)
    }),
    ("the kernel [9, 9] does not fit", { _ = unfold(x, 9) }),
    ("axis -1 of shape [2, 4, 6, 3] cannot be halved", { _ = glu(x) }),
  ]

  @Test func mistakesAreNamed() {
    for (expected, body) in Self.cases {
      let found = mistake(body)
      #expect(found.contains(expected), "\(found)")
    }
  }
}
