import ApusIR
import Testing

@testable import ApusCPU

/// A case and its name.
struct ConvolutionCase: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let description: ConvolutionDescription

  init(
    _ name: String, channels: (Int, Int), input: [Int], kernel: [Int], strides: [Int]? = nil,
    dilation: [Int]? = nil, low: [Int]? = nil, high: [Int]? = nil, groups: Int = 1
  ) {
    testDescription = name
    description = ConvolutionDescription(
      .forward, batch: 2, inChannels: channels.0, outChannels: channels.1, input: input,
      kernel: kernel, strides: strides, dilation: dilation, paddingLow: low, paddingHigh: high,
      groups: groups)
  }

  static let all = [
    ConvolutionCase("1×1", channels: (16, 32), input: [5, 6], kernel: [1, 1]),
    ConvolutionCase("3×3 same", channels: (8, 16), input: [7, 9], kernel: [3, 3], low: [1, 1]),
    ConvolutionCase("one channel", channels: (1, 5), input: [6, 6], kernel: [3, 3], low: [1, 1]),
    ConvolutionCase(
      "odd channels, stride 2", channels: (3, 7), input: [11, 8], kernel: [3, 2],
      strides: [2, 2], low: [1, 0]),
    ConvolutionCase(
      "asymmetric padding", channels: (4, 6), input: [6, 7], kernel: [3, 4], low: [0, 2],
      high: [2, 1]),
    ConvolutionCase(
      "stride that leaves a rest", channels: (4, 4), input: [8, 9], kernel: [3, 3],
      strides: [3, 2], low: [1, 0], high: [0, 0]),
    ConvolutionCase(
      "dilated", channels: (16, 16), input: [9, 10], kernel: [3, 3], dilation: [2, 3],
      low: [2, 3]),
    ConvolutionCase(
      "groups", channels: (8, 12), input: [6, 5], kernel: [3, 3], low: [1, 1], groups: 4),
    ConvolutionCase(
      "depthwise", channels: (16, 16), input: [6, 5], kernel: [3, 3], low: [1, 1], groups: 16),
    ConvolutionCase(
      "depthwise, two a channel", channels: (6, 12), input: [6, 5], kernel: [3, 3], groups: 6),
    ConvolutionCase(
      "1-D", channels: (5, 16), input: [13], kernel: [4], strides: [2], low: [1], high: [2]),
    ConvolutionCase(
      "1-D, groups, dilated", channels: (8, 8), input: [12], kernel: [3], dilation: [2], low: [2],
      groups: 2),
    ConvolutionCase(
      "3-D", channels: (3, 16), input: [4, 5, 6], kernel: [2, 3, 3], strides: [1, 2, 1],
      low: [1, 0, 1], high: [0, 1, 1]),
    ConvolutionCase("kernel as large as the input", channels: (4, 8), input: [5, 5], kernel: [5, 5]),
  ]
}

/// The tensors of a convolution, and its three directions in plain loops.
private struct NaiveConvolution {
  let d: ConvolutionDescription
  let x, w, y, bias: NaiveTensor

  init(_ d: ConvolutionDescription) {
    self.d = d
    x = NaiveTensor(StridedLayout(d.inputType, [d.batch] + d.input + [d.inChannels]), seed: 1)
    w = NaiveTensor(
      StridedLayout(
        d.weightsType, [d.outChannels, d.inChannels / d.groups] + d.kernel,
        strides: d.weightsStrides), seed: 2)
    y = NaiveTensor(StridedLayout(d.outputType, [d.batch] + d.output + [d.outChannels]), seed: 3)
    bias = NaiveTensor(StridedLayout(d.bias ?? .f32, [d.outChannels]), seed: 4)
  }

  /// Calls `body` with the places in memory of the three factors of every product that the
  /// convolution sums.
  private func forEachProduct(_ body: (_ x: Int, _ w: Int, _ y: Int) -> Void) {
    let inputs = d.inChannels / d.groups
    let outputs = d.outChannels / d.groups
    let taps = NaiveTensor.indices(d.kernel)
    for out in NaiveTensor.indices([d.batch] + d.output) {
      for tap in taps {
        let position = tap.indices.map {
          out[$0 + 1] * d.strides[$0] + tap[$0] * d.dilation[$0] - d.paddingLow[$0]
        }
        guard zip(position, d.input).allSatisfy({ (0..<$1).contains($0) }) else { continue }
        let xBase = x.offset([out[0]] + position + [0])
        let wBase = w.offset([0, 0] + tap)
        let yBase = y.offset(out + [0])
        for channel in 0..<d.outChannels {
          let first = xBase + channel / outputs * inputs
          let row = wBase + channel * w.layout.strides[0]
          for input in 0..<inputs {
            body(first + input, row + input * w.layout.strides[1], yBase + channel)
          }
        }
      }
    }
  }

  /// What `kind` computes, placed in memory as its result is.
  func expected() -> [Float] {
    let (x, w, y) = (self.x.values, self.w.values, self.y.values)
    switch d.kind {
    case .forward:
      var sums = [Float](repeating: 0, count: y.count)
      forEachProduct { sums[$2] += x[$0] * w[$1] }
      return sums
    case .backwardData:
      var sums = [Float](repeating: 0, count: x.count)
      forEachProduct { sums[$0] += y[$2] * w[$1] }
      return sums
    case .backwardWeights:
      var sums = [Float](repeating: 0, count: w.count)
      forEachProduct { sums[$1] += x[$0] * y[$2] }
      return sums
    }
  }

  var result: NaiveTensor {
    switch d.kind {
    case .forward: y
    case .backwardData: x
    case .backwardWeights: w
    }
  }

  func run(operands: [NaiveTensor] = []) throws(OneDNNError) -> NativePrimitive {
    let primitive = try NativePrimitive(d)
    let scratch = Scratch(primitive.scratchpadSize)
    let packed = Scratch(primitive.packedWeightsSize)
    if d.weightsPacked {
      try primitive.packWeights(w.memory, into: packed.memory, scratchpad: scratch.memory)
    }
    try primitive.execute(
      input: x.memory, weights: d.weightsPacked ? packed.memory : w.memory,
      bias: d.bias == nil ? nil : bias.memory, output: y.memory,
      operands: operands.map(\.memory), scratchpad: scratch.memory)
    return primitive
  }
}

/// Runs a convolution and compares its result with plain loops.
private func check(
  _ description: ConvolutionDescription, within bound: Float = 2e-4,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let naive = NaiveConvolution(description)
  let expected = naive.expected()
  let primitive = try naive.run()
  let distance = naive.result.distance(to: expected)
  #expect(distance < bound, "\(primitive.implementation)", sourceLocation: sourceLocation)
}

private let kinds: [ConvolutionDescription.Kind] = [.forward, .backwardData, .backwardWeights]

@Suite(.enabled(if: OneDNN.isAvailable, "needs oneDNN"))
struct ConvolutionTests {
  @Test(arguments: ConvolutionCase.all, kinds)
  func everyDirection(_ test: ConvolutionCase, _ kind: ConvolutionDescription.Kind) throws {
    var description = test.description
    description.kind = kind
    try check(description)
  }

  @Test(arguments: ConvolutionCase.all)
  func biasGradient(_ test: ConvolutionCase) throws {
    var description = test.description
    description.kind = .backwardWeights
    description.bias = .f32
    let naive = NaiveConvolution(description)
    let expected = naive.expected()
    _ = try naive.run()
    #expect(naive.w.distance(to: expected) < 2e-4)
    var sums = [Float](repeating: 0, count: description.outChannels)
    for (place, value) in naive.y.values.enumerated() { sums[place % sums.count] += value }
    #expect(naive.bias.distance(to: sums) < 1e-4)
  }

  @Test func biasActivationAndResidual() throws {
    var description = ConvolutionCase.all[1].description
    let channels = description.outChannels
    description.bias = .f32
    let output = StridedLayout(.f32, [2] + description.output + [channels])
    let perChannel = StridedLayout(.f32, [1, 1, 1, channels], strides: [0, 0, 0, 1])
    description.postOps = [
      .binary(.multiply, perChannel), .binary(.add, output), .relu(negativeSlope: 0),
    ]
    let naive = NaiveConvolution(description)
    let sums = naive.expected()
    let scale = NaiveTensor(perChannel, seed: 8)
    let residual = NaiveTensor(output, seed: 9)
    _ = try naive.run(operands: [scale, residual])
    let expected = sums.indices.map { place in
      let x = sums[place] + naive.bias.load(place % channels)
      return max(x * scale.load(place % channels) + residual.load(place), 0)
    }
    #expect(naive.y.distance(to: expected) < 1e-4)
  }

  @Test func accumulatesIntoTheOutput() throws {
    var description = ConvolutionCase.all[1].description
    description.postOps = [.accumulate(scale: 1)]
    let naive = NaiveConvolution(description)
    let expected = zip(naive.expected(), naive.y.values).map { $0 + $1 }
    _ = try naive.run()
    #expect(naive.y.distance(to: expected) < 1e-4)
  }

  /// Weights of another order in memory, here with the output channel innermost.
  @Test(arguments: kinds)
  func weightsWithStrides(_ kind: ConvolutionDescription.Kind) throws {
    for var description in [ConvolutionCase.all[1].description, ConvolutionCase.all[7].description] {
      description.kind = kind
      let outputs = description.outChannels
      let inputs = description.inChannels / description.groups
      description.weightsStrides = [1, outputs, outputs * inputs * 3, outputs * inputs]
      try check(description)
    }
  }

  @Test(arguments: [ConvolutionDescription.Kind.forward, .backwardData])
  func packedWeights(_ kind: ConvolutionDescription.Kind) throws {
    for test in [ConvolutionCase.all[1], ConvolutionCase.all[3], ConvolutionCase.all[8]] {
      var description = test.description
      description.kind = kind
      description.weightsPacked = true
      try check(description)
    }
  }

  /// Sums of exact products; a result in f32 has f32's rounding only.
  @Test(arguments: kinds)
  func bf16(_ kind: ConvolutionDescription.Kind) throws {
    var description = ConvolutionDescription(
      kind, batch: 2, inChannels: 16, outChannels: 32, input: [5, 4], kernel: [3, 3],
      paddingLow: [1, 1], dtype: .bf16)
    switch kind {
    case .forward: description.outputType = .f32
    case .backwardData: description.inputType = .f32
    case .backwardWeights:
      description.weightsType = .f32
      description.bias = .f32
    }
    try check(description, within: 1e-3)
  }

  /// What runs over blocks of channels turns the activations on the way in and out.
  @Test(arguments: kinds, [false, true])
  func blocks(_ kind: ConvolutionDescription.Kind, _ isPacked: Bool) throws {
    if isPacked, kind == .backwardWeights { return }
    for (input, padding) in [([8, 8], 1), ([7, 10], 1), ([9, 6], 0)] {
      var description = ConvolutionDescription(
        kind, batch: 3, inChannels: 32, outChannels: 48, input: input, kernel: [3, 3],
        paddingLow: [padding, padding])
      description.method = .blocked
      description.weightsPacked = isPacked
      if kind != .backwardData { description.bias = .f32 }
      let naive = NaiveConvolution(description)
      var expected = naive.expected()
      if kind == .forward {
        for place in expected.indices { expected[place] += naive.bias.load(place % 48) }
      }
      let primitive = try naive.run()
      #expect(naive.result.distance(to: expected) < 2e-4, "\(primitive.implementation)")
    }
  }

  @Test func methodFollowsFromTheShape() {
    func method(
      _ kind: ConvolutionDescription.Kind, _ channels: (Int, Int), _ extent: Int, batch: Int = 32,
      stride: Int = 1, dtype: DType = .f32
    ) -> ConvolutionDescription.Method {
      ConvolutionDescription(
        kind, batch: batch, inChannels: channels.0, outChannels: channels.1,
        input: [extent, extent], kernel: [3, 3], strides: [stride, stride], paddingLow: [1, 1],
        dtype: dtype
      ).fastestMethod
    }
    for kind in kinds { #expect(method(kind, (64, 64), 32) == .direct) }
    #expect(method(.forward, (3, 64), 4) == .direct)
    #expect(method(.forward, (512, 512), 4) == .blocked)
    #expect(method(.forward, (256, 512), 8, stride: 2, dtype: .bf16) == .blocked)
    #expect(method(.backwardData, (512, 512), 4, dtype: .bf16) == .direct)
    #expect(method(.backwardWeights, (512, 512), 4) == .direct)
  }

  @Test func impossibleGeometryIsInvalid() {
    let impossible = [
      ConvolutionDescription(
        .forward, batch: 1, inChannels: 2, outChannels: 2, input: [2, 2], kernel: [3, 3]),
      ConvolutionDescription(
        .forward, batch: 1, inChannels: 3, outChannels: 2, input: [5, 5], kernel: [3, 3], groups: 2),
    ]
    for description in impossible {
      let error = #expect(throws: OneDNNError.self) { try NativePrimitive(description) }
      guard case .invalid = error else {
        Issue.record("\(String(describing: error)) is not .invalid")
        continue
      }
    }
  }
}
