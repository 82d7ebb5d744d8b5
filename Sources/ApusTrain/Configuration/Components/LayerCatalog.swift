import Apus

/// The layers that a configuration can list; names are those of the types, or of the functions.
enum LayerCatalog {
  typealias Make = @Sendable (LayerSite) throws -> any Layer
  typealias Entry = Catalog<Make>.Entry
  typealias Option = ConfigurationOption

  static let catalog = Catalog<Make>(
    "layer", convolutions + pooling + normalization + dense + rearrangement + activations)

  private static let extent = 1...4096
  private static let width = 0...4096
  private static let features = 1...65_536
  private static let bias = Option.flag("bias", true)
  private static let kernel = Option.extents("kernel", extent, required: true)
  private static let stride = Option.extents("stride", extent, 1)
  private static let dilation = Option.extents("dilation", extent, 1)
  private static let groups = Option.integer("groups", features, 1)
  private static let epsilon = Option.number("epsilon", .positive, 1e-5)
  private static let padding = Option(
    "padding", .either(.extents(width), .choice(["same"])), .integer(0))

  private static func axes(_ a: Arguments, _ name: String) -> PerAxis { PerAxis(a.integers(name)) }

  private static func padding(_ a: Arguments) -> ConvolutionPadding {
    a.text("padding") == "same" ? .same : .symmetric(axes(a, "padding"))
  }

  private static let convolutions: [Entry] = [
    Entry(
      "conv2D",
      [
        .integer("filters", features, required: true), kernel, stride, padding, dilation, groups, bias,
        .choice("paddingMode", ["zeros", "reflect", "replicate", "circular"], "zeros"),
      ]
    ) { a in
      let modes: [String: PaddingMode] = [
        "zeros": .zeros, "reflect": .reflect, "replicate": .replicate, "circular": .circular,
      ]
      return { site in
        try site.image()
        return Conv2D(
          site.scope, site.channels, a.integer("filters"), kernel: axes(a, "kernel"),
          stride: axes(a, "stride"), padding: padding(a), dilation: axes(a, "dilation"),
          groups: a.integer("groups"), bias: a.flag("bias"),
          paddingMode: modes[a.text("paddingMode")] ?? .zeros)
      }
    },
    Entry("depthwiseConv2D", [kernel, stride, padding, dilation, .integer("multiplier", 1...64, 1), bias]) { a in
      { site in
        try site.image()
        return Conv2D.depthwise(
          site.scope, site.channels, kernel: axes(a, "kernel"), stride: axes(a, "stride"),
          padding: padding(a), dilation: axes(a, "dilation"), multiplier: a.integer("multiplier"),
          bias: a.flag("bias"))
      }
    },
    Entry(
      "separableConv2D",
      [
        .integer("filters", features, required: true), kernel, stride, padding, dilation,
        .integer("multiplier", 1...64, 1), bias,
      ]
    ) { a in
      { site in
        try site.image()
        return SeparableConv2D(
          site.scope, site.channels, a.integer("filters"), kernel: axes(a, "kernel"),
          stride: axes(a, "stride"), padding: padding(a), dilation: axes(a, "dilation"),
          multiplier: a.integer("multiplier"), bias: a.flag("bias"))
      }
    },
    Entry(
      "convTranspose2D",
      [
        .integer("filters", features, required: true), kernel, stride, .extents("padding", width, 0),
        .extents("outputPadding", width, 0), groups, bias, dilation,
      ]
    ) { a in
      { site in
        try site.image()
        return ConvTranspose2D(
          site.scope, site.channels, a.integer("filters"), kernel: axes(a, "kernel"),
          stride: axes(a, "stride"), padding: axes(a, "padding"),
          outputPadding: axes(a, "outputPadding"), groups: a.integer("groups"), bias: a.flag("bias"),
          dilation: axes(a, "dilation"))
      }
    },
  ]

  private static let window = Option.extents("window", extent, required: true)
  private static let windowStride = Option.extents("stride", extent)
  private static let windowPadding = Option.extents("padding", width, 0)
  private static let ceilMode = Option.flag("ceilMode", false)

  private static func windowStride(_ a: Arguments) -> PerAxis? {
    a.isGiven("stride") ? axes(a, "stride") : nil
  }

  private static let pooling: [Entry] = [
    Entry("maxPool2D", [window, windowStride, windowPadding, dilation, ceilMode]) { a in
      { site in
        try site.image()
        return MaxPool2D(
          axes(a, "window"), stride: windowStride(a), padding: axes(a, "padding"),
          dilation: axes(a, "dilation"), ceilMode: a.flag("ceilMode"))
      }
    },
    Entry("averagePool2D", [window, windowStride, windowPadding, ceilMode, .flag("countsPadding", true)]) { a in
      { site in
        try site.image()
        return AveragePool2D(
          axes(a, "window"), stride: windowStride(a), padding: axes(a, "padding"),
          ceilMode: a.flag("ceilMode"), countsPadding: a.flag("countsPadding"))
      }
    },
    Entry("adaptiveAveragePool", [.extents("size", extent, required: true)]) { a in
      { site in
        try site.image()
        return AdaptiveAveragePool(pooled(a))
      }
    },
    Entry("adaptiveMaxPool", [.extents("size", extent, required: true)]) { a in
      { site in
        try site.image()
        return AdaptiveMaxPool(pooled(a))
      }
    },
    Entry("globalAveragePool") { _ in
      { site in
        try site.image()
        return GlobalAveragePool()
      }
    },
    Entry("globalMaxPool") { _ in
      { site in
        try site.image()
        return GlobalMaxPool()
      }
    },
  ]

  private static func pooled(_ a: Arguments) -> PoolExtents {
    let size = a.integers("size")
    return PoolExtents(size.count == 1 ? [size[0], size[0]] : size)
  }

  private static let affine = Option.flag("affine", true)

  private static let normalization: [Entry] = [
    Entry("batchNorm", [.number("momentum", .share, 0.1), epsilon, affine]) { a in
      { site in
        BatchNorm(
          site.scope, site.channels, epsilon: a.number("epsilon"), momentum: a.number("momentum"),
          affine: a.flag("affine"))
      }
    },
    Entry("layerNorm", [epsilon, affine, bias], "over the last axis") { a in
      { site in
        LayerNorm(
          site.scope, site.channels, epsilon: a.number("epsilon"), affine: a.flag("affine"),
          bias: a.flag("bias"))
      }
    },
    Entry("rmsNorm", [.number("epsilon", .positive), affine], "over the last axis") { a in
      { site in
        RMSNorm(
          site.scope, site.channels, epsilon: a.optionalNumber("epsilon"), affine: a.flag("affine"))
      }
    },
    Entry("groupNorm", [.integer("groups", features, required: true), epsilon, affine]) { a in
      { site in
        GroupNorm(
          site.scope, a.integer("groups"), site.channels, epsilon: a.number("epsilon"),
          affine: a.flag("affine"))
      }
    },
    Entry("instanceNorm", [epsilon, .flag("affine", false)]) { a in
      { site in
        try site.image()
        return InstanceNorm(
          site.scope, site.channels, epsilon: a.number("epsilon"), affine: a.flag("affine"))
      }
    },
    Entry(
      "localResponseNorm",
      [
        .integer("size", extent, required: true), .number("alpha", .any, 1e-4),
        .number("beta", .any, 0.75), .number("k", .any, 1),
      ]
    ) { a in
      { site in
        try site.image()
        return LocalResponseNorm(
          a.integer("size"), alpha: a.number("alpha"), beta: a.number("beta"), k: a.number("k"))
      }
    },
  ]

  private static let probability = Option.number("p", .share, 0.5)

  private static let dense: [Entry] = [
    Entry(
      "linear",
      [
        Option(
          "units", .either(.integer(1...1_000_000), .choice(["classes", "outputs"])), required: true,
          "`classes`, or `outputs`: as many as are wanted of the model"), bias,
      ], "over the last axis"
    ) { a in
      { site in
        let units = a.text("units").isEmpty ? a.integer("units") : site.outputs
        return Linear(site.scope, site.channels, units, bias: a.flag("bias"))
      }
    },
    Entry("dropout", [probability]) { a in { _ in Dropout(a.number("p")) } },
    Entry("channelDropout", [probability]) { a in { _ in ChannelDropout(a.number("p")) } },
    Entry("alphaDropout", [probability]) { a in { _ in AlphaDropout(a.number("p")) } },
    Entry("dropPath", [probability]) { a in { _ in DropPath(a.number("p")) } },
    Entry(
      "residual",
      [Option("layers", .components { catalog.table }, required: true, "they keep the shape")],
      "x + f(x)"
    ) { a in
      { site in
        let body = try LayerList(
          a.components("layers"), site.scope, input: site.input, outputs: site.outputs)
        guard body.output == site.input else {
          throw site.error("its layers give \(body.output), which cannot be added to that.")
        }
        return ResidualLayers(body: body)
      }
    },
  ]

  private static let rearrangement: [Entry] = [
    Entry("identity") { _ in { _ in Identity() } },
    Entry("flatten") { _ in { _ in Flatten() } },
    Entry("zeroPad", [.integer("width", width, required: true)]) { a in
      { site in
        try site.image()
        return ZeroPad(PadWidths(a.integer("width")))
      }
    },
    Entry(
      "upsample",
      [.integer("scale", 1...64, required: true), .choice("mode", ["nearest", "linear"], "nearest")]
    ) { a in
      { site in
        try site.image()
        let scale = Double(a.integer("scale"))
        return Upsample(
          scale: ScalePerAxis([scale, scale]), mode: a.text("mode") == "linear" ? .linear : .nearest)
      }
    },
    Entry("pixelShuffle", [.integer("factor", 1...64, required: true)]) { a in
      { site in
        try site.image()
        return PixelShuffle(a.integer("factor"))
      }
    },
    Entry("pixelUnshuffle", [.integer("factor", 1...64, required: true)]) { a in
      { site in
        try site.image()
        return PixelUnshuffle(a.integer("factor"))
      }
    },
    Entry("channelShuffle", [.integer("groups", features, required: true)]) { a in
      { site in
        try site.image()
        return ChannelShuffle(a.integer("groups"))
      }
    },
  ]

  private static func plain(_ name: String, _ make: @escaping @Sendable () -> any Layer) -> Entry {
    Entry(name) { _ in { _ in make() } }
  }

  private static let alpha = Option.number("alpha", .any, 1)

  private static let activations: [Entry] = [
    plain("relu") { ReLU() }, plain("relu6") { ReLU6() }, plain("selu") { SELU() },
    plain("silu") { SiLU() }, plain("mish") { Mish() }, plain("sigmoid") { Sigmoid() },
    plain("tanh") { Tanh() }, plain("softplus") { Softplus() }, plain("softsign") { Softsign() },
    plain("hardSwish") { HardSwish() }, plain("hardSigmoid") { HardSigmoid() },
    plain("hardTanh") { HardTanh() }, plain("glu") { GLU() },
    Entry("gelu", [.flag("approximate", false)]) { a in { _ in GELU(approximate: a.flag("approximate")) } },
    Entry("leakyRelu", [.number("slope", .any, 0.01)]) { a in { _ in LeakyReLU(slope: a.number("slope")) } },
    Entry("elu", [alpha]) { a in { _ in ELU(alpha: a.number("alpha")) } },
    Entry("celu", [.number("alpha", .positive, 1)]) { a in { _ in CELU(alpha: a.number("alpha")) } },
    Entry("prelu", [.number("initial", .any, 0.25)], "one weight for each channel") { a in
      { site in PReLU(site.scope, site.channels, initial: a.number("initial")) }
    },
  ]
}
