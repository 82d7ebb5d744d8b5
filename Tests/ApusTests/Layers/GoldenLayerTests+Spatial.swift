import Apus

extension GoldenLayerTests {
  static let convolutions: [LayerCase] = [
    LayerCase("conv1D") { Conv1D($0, 4, 6, kernel: 3, stride: 2, groups: 2) },
    LayerCase("conv1D.same") { Conv1D($0, 2, 3, kernel: 4, padding: .same, dilation: 2) },
    LayerCase("conv2D") { Conv2D($0, 3, 4, kernel: [3, 1], padding: [1, 0]) },
    LayerCase("conv2D.dilated") {
      Conv2D($0, 2, 3, kernel: 3, stride: [1, 2], padding: 2, dilation: [2, 1], bias: false)
    },
    LayerCase("conv2D.depthwise") { Conv2D.depthwise($0, 3, kernel: 3, padding: 1, multiplier: 2) },
    LayerCase("conv2D.reflect") { bordered($0, .reflect) },
    LayerCase("conv2D.replicate") { bordered($0, .replicate) },
    LayerCase("conv2D.circular") { bordered($0, .circular) },
    LayerCase("conv2D.reflectSame") {
      Conv2D($0, 2, 2, kernel: [2, 3], padding: .same, paddingMode: .reflect)
    },
    LayerCase("conv3D") { Conv3D($0, 2, 4, kernel: 2, padding: [1, 0, 0], groups: 2) },
    LayerCase("convTranspose1D") {
      ConvTranspose1D($0, 4, 6, kernel: 3, stride: 2, padding: 1, outputPadding: 1, groups: 2)
    },
    LayerCase("convTranspose1D.dilated") { ConvTranspose1D($0, 2, 3, kernel: 3, dilation: 2) },
    LayerCase("convTranspose2D") { ConvTranspose2D($0, 3, 2, kernel: 3) },
    LayerCase("convTranspose2D.strided") {
      ConvTranspose2D(
        $0, 4, 4, kernel: [3, 2], stride: [2, 3], padding: [1, 0], outputPadding: [1, 2], groups: 2,
        bias: false)
    },
    LayerCase("convTranspose2D.dilated") {
      ConvTranspose2D($0, 2, 3, kernel: 3, stride: 2, padding: 2, dilation: [1, 2])
    },
    LayerCase("convTranspose3D") {
      ConvTranspose3D($0, 2, 2, kernel: 2, stride: [2, 1, 2], outputPadding: [1, 0, 0], groups: 2)
    },
    LayerCase("separableConv1D") { SeparableConv1D($0, 2, 3, kernel: 3, stride: 2, multiplier: 2) },
    LayerCase("separableConv2D") { SeparableConv2D($0, 2, 3, kernel: 3, padding: 1, multiplier: 2) },
  ]

  private static func bordered(_ scope: Scope, _ mode: PaddingMode) -> Conv2D {
    Conv2D(scope, 2, 2, kernel: 3, padding: [1, 2], dilation: [1, 2], paddingMode: mode)
  }

  static let padding: [LayerCase] = [
    LayerCase("zeroPad1") { _ in ZeroPad([(2, 1)]) },
    LayerCase("zeroPad2") { _ in ZeroPad([(2, 3), (1, 0)]) },
    LayerCase("zeroPad3") { _ in ZeroPad(1) },
    LayerCase("constantPad1") { _ in ConstantPad(1, 2.5) },
    LayerCase("constantPad2") { _ in ConstantPad([(2, 3), (1, 0)], -1) },
    LayerCase("constantPad3") { _ in ConstantPad([(2, 0), (0, 1), (1, 0)], 0.5) },
    LayerCase("reflectionPad1") { _ in ReflectionPad(3) },
    LayerCase("reflectionPad2") { _ in ReflectionPad([(2, 0), (1, 3)]) },
    LayerCase("reflectionPad3") { _ in ReflectionPad(1) },
    LayerCase("replicationPad1") { _ in ReplicationPad(3) },
    LayerCase("replicationPad2") { _ in ReplicationPad([(2, 0), (1, 3)]) },
    LayerCase("replicationPad3") { _ in ReplicationPad(1) },
    LayerCase("circularPad1") { _ in CircularPad(3) },
    LayerCase("circularPad2") { _ in CircularPad([(2, 0), (1, 3)]) },
    LayerCase("circularPad3") { _ in CircularPad(1) },
  ]

  static let pooling: [LayerCase] = [
    LayerCase("maxPool1D") { _ in MaxPool1D(2) },
    LayerCase("maxPool1D.dilated") { _ in
      MaxPool1D(3, stride: 2, padding: 1, dilation: 2, ceilMode: true)
    },
    LayerCase("maxPool2D") { _ in MaxPool2D(2) },
    LayerCase("maxPool2D.ceil") { _ in MaxPool2D([3, 2], stride: 2, padding: 1, ceilMode: true) },
    LayerCase("maxPool3D") { _ in MaxPool3D(2, stride: 1, dilation: [1, 2, 1]) },
    LayerCase("averagePool1D") { _ in AveragePool1D(3, stride: 2, padding: 1) },
    LayerCase("averagePool1D.ceil") { _ in
      AveragePool1D(3, stride: 2, padding: 1, ceilMode: true, countsPadding: false)
    },
    LayerCase("averagePool2D") { _ in AveragePool2D([2, 3]) },
    LayerCase("averagePool2D.ceil") { _ in AveragePool2D(3, stride: 3, padding: 1, ceilMode: true) },
    LayerCase("averagePool2D.without") { _ in
      AveragePool2D(3, stride: 2, padding: 1, countsPadding: false)
    },
    LayerCase("averagePool2D.divisor") { _ in AveragePool2D(2, divisorOverride: 3) },
    LayerCase("averagePool3D") { _ in AveragePool3D(2, stride: 2, padding: 1, ceilMode: true) },
    LayerCase("lpPool1") { _ in LPPool(order: 2, 3, stride: 2, ceilMode: true) },
    LayerCase("lpPool2") { _ in LPPool(order: 3, [2, 3]) },
    LayerCase("lpPool3") { _ in LPPool(order: 2, 2) },
    LayerCase("adaptiveAveragePool1") { _ in AdaptiveAveragePool(3) },
    LayerCase("adaptiveAveragePool2") { _ in AdaptiveAveragePool([2, 9]) },
    LayerCase("adaptiveAveragePool3") { _ in AdaptiveAveragePool([2, nil, 2]) },
    LayerCase("adaptiveMaxPool1") { _ in AdaptiveMaxPool(3) },
    LayerCase("adaptiveMaxPool1.divides") { _ in AdaptiveMaxPool(4) },
    LayerCase("adaptiveMaxPool2") { _ in AdaptiveMaxPool([3, 9]) },
    LayerCase("adaptiveMaxPool3") { _ in AdaptiveMaxPool([2, nil, 2]) },
    LayerCase("fractionalMaxPool2", function: { x in
      fractionalMaxPool2D(x, 2, size: [3, 5], samples: golden["fractionalMaxPool2.samples"])
    }),
    LayerCase("fractionalMaxPool2.ties", function: { x in
      fractionalMaxPool2D(x, [3, 2], size: [1, 4], samples: golden["fractionalMaxPool2.ties.samples"])
    }),
    LayerCase("globalAveragePool") { _ in GlobalAveragePool() },
    LayerCase("globalMaxPool") { _ in GlobalMaxPool() },
    LayerCase("maxUnpool1", function: { unpooled($0, 2) }),
    LayerCase("maxUnpool2", function: { unpooled($0, 2, extents: [5, 7]) }),
    LayerCase("maxUnpool3", function: { unpooled($0, 2, extents: [4, 5, 3]) }),
    LayerCase("maxPoolIndices", function: { maxPoolWithIndices($0, 2).indices }),
  ]

  private static func unpooled(
    _ x: Tensor, _ window: PerAxis, extents: [Int]? = nil
  ) -> Tensor {
    let (values, indices) = maxPoolWithIndices(x, window)
    return maxUnpool(values, indices, window, extents: extents)
  }

  static let resampling: [LayerCase] = [
    LayerCase("upsample.nearest1") { _ in Upsample(scale: 3) },
    LayerCase("upsample.nearest2") { _ in Upsample(scale: 2) },
    LayerCase("upsample.nearestFraction") { _ in Upsample(scale: [1.7, 0.7]) },
    LayerCase("upsample.nearest3") { _ in Upsample(size: [3, 3, 5]) },
    LayerCase("upsample.nearestExact") { _ in Upsample(size: 8, mode: .nearestExact) },
    LayerCase("upsample.nearestExact2") { _ in Upsample(scale: [1.7, 2], mode: .nearestExact) },
    LayerCase("upsample.linear") { _ in Upsample(scale: 2, mode: .linear) },
    LayerCase("upsample.linearCorners") { _ in Upsample(size: 9, mode: .linear, alignCorners: true) },
    LayerCase("upsample.bilinear") { _ in Upsample(scale: 2, mode: .linear) },
    LayerCase("upsample.bilinearFraction") { _ in Upsample(scale: [1.7, 0.7], mode: .linear) },
    LayerCase("upsample.bilinearCorners") { _ in
      Upsample(size: [7, 1], mode: .linear, alignCorners: true)
    },
    LayerCase("upsample.bicubic") { _ in Upsample(scale: 2, mode: .cubic) },
    LayerCase("upsample.bicubicFraction") { _ in Upsample(scale: [1.7, 0.7], mode: .cubic) },
    LayerCase("upsample.bicubicCorners") { _ in
      Upsample(size: [7, 5], mode: .cubic, alignCorners: true)
    },
    LayerCase("upsample.trilinear") { _ in Upsample(scale: 2, mode: .linear) },
    LayerCase("upsample.trilinearCorners") { _ in
      Upsample(size: [3, 2, 4], mode: .linear, alignCorners: true)
    },
    LayerCase(
      "interpolate.recomputed",
      function: { interpolate($0, scale: 1.7, mode: .linear, recomputesScale: true) }),
    LayerCase("interpolate.area", function: { interpolate($0, size: [3, 2], mode: .area) }),
    LayerCase("interpolate.antialias", function: {
      interpolate($0, size: 2, mode: .linear, antialias: true)
    }),
    LayerCase("interpolate.antialiasCubic", function: {
      interpolate($0, size: [3, 7], mode: .cubic, antialias: true)
    }),
    LayerCase("interpolate.antialiasScale", function: {
      interpolate($0, scale: [0.45, 0.7], mode: .linear, antialias: true)
    }),
    LayerCase("interpolate.antialiasCorners", function: {
      interpolate($0, size: [3, 2], mode: .linear, alignCorners: true, antialias: true)
    }),
    LayerCase("interpolate.down", function: { interpolate($0, size: 2, mode: .cubic) }),
  ]

  static let rearrangement: [LayerCase] = [
    LayerCase("identity") { _ in Identity() },
    LayerCase("flatten") { _ in Flatten() },
    LayerCase("flatten.inner") { _ in Flatten(from: 0, through: 1) },
    LayerCase("unflatten") { _ in Unflatten(1, [2, -1]) },
    LayerCase("pixelShuffle") { _ in PixelShuffle(2) },
    LayerCase("pixelUnshuffle") { _ in PixelUnshuffle(2) },
    LayerCase("channelShuffle") { _ in ChannelShuffle(2) },
    LayerCase("unfold") { _ in Unfold([2, 3], stride: [2, 1], padding: 1, dilation: [1, 2]) },
    LayerCase("fold") { _ in
      Fold(size: [4, 5], [2, 3], stride: [2, 1], padding: 1, dilation: [1, 2])
    },
  ]
}
