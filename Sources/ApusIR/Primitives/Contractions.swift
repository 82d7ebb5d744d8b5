/// An n-dimensional convolution (cross-correlation, as everywhere in the field) or one of its two
/// derivatives. The three are closed under differentiation.
///
/// Activations are channels-last, `[batch, spatial…, channel]`; kernels have PyTorch's order,
/// `[output channel, input channel / groups, spatial…]`.
public struct Convolution: Hashable, Sendable {
  public enum Kind: String, CaseIterable, Hashable, Sendable {
    /// Operands: input, kernel. Result: output.
    case forward = "convolution"
    /// Operands: output gradient, kernel. Result: input gradient of spatial extents `extents`.
    /// By itself this is the transposed convolution.
    case inputGradient = "convolutionInputGradient"
    /// Operands: input, output gradient. Result: kernel gradient of spatial extents `extents`.
    case weightGradient = "convolutionWeightGradient"
  }

  public var kind: Kind
  /// For each spatial axis: the step of the window.
  public var strides: [Int]
  /// For each spatial axis: the distance between neighbouring kernel elements.
  public var dilations: [Int]
  /// For each spatial axis: zeros before and after.
  public var low: [Int]
  public var high: [Int]
  /// The channels are split into this many independent groups.
  public var groups: Int
  /// The spatial extents of the result, for the two gradients; empty for `forward`.
  public var extents: [Int]

  public init(
    kind: Kind = .forward, strides: [Int], dilations: [Int], low: [Int], high: [Int], groups: Int,
    extents: [Int] = []
  ) {
    self.kind = kind
    self.strides = strides
    self.dilations = dilations
    self.low = low
    self.high = high
    self.groups = groups
    self.extents = extents
  }

  public var spatialRank: Int { strides.count }

  /// The output's extent along a spatial axis, for the given input and kernel extents; may be
  /// zero or less where the kernel does not fit.
  public func outputExtent(_ axis: Int, input: Int, kernel: Int) -> Int {
    let reach = dilations[axis] * (kernel - 1) + 1
    let room = input + low[axis] + high[axis] - reach
    return room < 0 ? 0 : room / strides[axis] + 1
  }

  /// This convolution as another of the three.
  public func with(kind: Kind, extents: [Int]) -> Convolution {
    var result = self
    result.kind = kind
    result.extents = extents
    return result
  }
}

extension Primitive {
  /// `matmul`: `[batch…, m, k] × [batch…, k, n] = [batch…, m, n]`.
  ///
  /// Both operands have the same leading axes and dtype. With `transposeA` the first operand is
  /// `[batch…, k, m]`, with `transposeB` the second is `[batch…, n, k]`. 16-bit floating types
  /// accumulate in f32, integers in their own dtype with wrap-around.
  func inferMatmul(
    _ operands: [TensorType], transposeA: Bool, transposeB: Bool
  ) throws(TensorError) -> TensorType {
    try expect(operands, count: 2)
    let (a, b) = (operands[0], operands[1])
    guard a.dtype == b.dtype, a.dtype != .bool else {
      throw failure(.dtype, "dtypes \(a.dtype) and \(b.dtype) cannot be multiplied")
    }
    let rank = a.shape.rank
    guard rank >= 2, b.shape.rank == rank, a.shape.extents.prefix(rank - 2) == b.shape.extents.prefix(rank - 2)
    else {
      throw failure(
        .shape, "shapes \(a.shape) and \(b.shape) must agree in all axes but the last two")
    }
    let (m, k) = transposeA ? (a.shape[rank - 1], a.shape[rank - 2]) : (a.shape[rank - 2], a.shape[rank - 1])
    let (k2, n) = transposeB ? (b.shape[rank - 1], b.shape[rank - 2]) : (b.shape[rank - 2], b.shape[rank - 1])
    guard k == k2 else {
      throw failure(
        .shape,
        "shapes \(a.shape)\(transposeA ? " (transposed)" : "") and \(b.shape)"
          + "\(transposeB ? " (transposed)" : "") do not fit: inner extents \(k) and \(k2) differ")
    }
    return TensorType(a.dtype, Shape(a.shape.extents.prefix(rank - 2) + [m, n]))
  }

  func inferConvolution(
    _ operands: [TensorType], _ attributes: Convolution
  ) throws(TensorError) -> TensorType {
    try expect(operands, count: 2)
    let (a, b) = (operands[0], operands[1])
    let rank = attributes.spatialRank
    guard a.dtype == b.dtype, a.dtype.isFloating else {
      throw failure(
        .dtype, "needs two operands of one floating dtype, got \(a.dtype) and \(b.dtype)")
    }
    guard a.shape.rank == rank + 2, b.shape.rank == rank + 2 else {
      throw failure(
        .shape,
        "shapes \(a.shape) and \(b.shape) must have rank \(rank + 2) for \(rank) spatial axes",
        hint: "activations are channels-last, [batch, spatial…, channel].")
    }
    let perAxis = [attributes.dilations, attributes.low, attributes.high]
    guard rank > 0, perAxis.allSatisfy({ $0.count == rank }),
      attributes.strides.allSatisfy({ $0 > 0 }), attributes.dilations.allSatisfy({ $0 > 0 }),
      (attributes.low + attributes.high).allSatisfy({ $0 >= 0 }), attributes.groups > 0
    else {
      throw failure(
        .argument, "strides, dilations and groups must be positive, padding not negative")
    }
    switch attributes.kind {
    case .forward:
      let channels = a.shape[rank + 1]
      try expectGroups(attributes, channels, kernel: b.shape, input: a.shape)
      var extents = [a.shape[0]]
      for axis in 0..<rank {
        let extent = attributes.outputExtent(
          axis, input: a.shape[axis + 1], kernel: b.shape[axis + 2])
        guard extent > 0 || a.shape[axis + 1] == 0 else {
          throw failure(
            .shape,
            "kernel \(b.shape) does not fit into input \(a.shape) along spatial axis \(axis)",
            hint: "pad the input or use a smaller kernel.")
        }
        extents.append(extent)
      }
      return TensorType(a.dtype, Shape(extents + [b.shape[0]]))
    case .inputGradient:
      guard b.shape[0] == a.shape[rank + 1], attributes.extents.count == rank,
        b.shape[0] % attributes.groups == 0
      else {
        throw failure(
          .shape, "output gradient \(a.shape) and kernel \(b.shape) differ in output channels")
      }
      let channels = b.shape[1] * attributes.groups
      let result = Shape([a.shape[0]] + attributes.extents + [channels])
      try expectConsistent(attributes, input: result, kernel: b.shape, output: a.shape)
      return TensorType(a.dtype, result)
    case .weightGradient:
      let (input, output) = (a.shape, b.shape)
      guard input[0] == output[0], attributes.extents.count == rank,
        input[rank + 1] % attributes.groups == 0, output[rank + 1] % attributes.groups == 0
      else {
        throw failure(
          .shape, "input \(input) and output gradient \(output) do not belong together")
      }
      let kernel = Shape(
        [output[rank + 1], input[rank + 1] / attributes.groups] + attributes.extents)
      try expectConsistent(attributes, input: input, kernel: kernel, output: output)
      return TensorType(a.dtype, kernel)
    }
  }

  private func expectGroups(
    _ attributes: Convolution, _ channels: Int, kernel: Shape, input: Shape
  ) throws(TensorError) {
    let groups = attributes.groups
    guard channels == kernel[1] * groups, kernel[0] % groups == 0 else {
      throw failure(
        .shape,
        "input \(input) has \(channels) channels, but kernel \(kernel) with \(groups) group"
          + "\(groups == 1 ? "" : "s") needs \(kernel[1] * groups)",
        hint: "activations are channels-last, [batch, spatial…, channel].")
    }
  }

  private func expectConsistent(
    _ attributes: Convolution, input: Shape, kernel: Shape, output: Shape
  ) throws(TensorError) {
    for axis in 0..<attributes.spatialRank {
      let extent = attributes.outputExtent(axis, input: input[axis + 1], kernel: kernel[axis + 2])
      guard extent == output[axis + 1] else {
        throw failure(
          .shape,
          "input \(input) and kernel \(kernel) give extent \(extent) along spatial axis \(axis), "
            + "but the output is \(output)")
      }
    }
  }
}
