import ApusIR

/// The weight of a layer that is computed from parameters instead of being one
/// (`torch.nn.utils.parametrize`).
private struct ParametrizedWeight<Inner: Layer>: Sendable {
  let inner: Inner
  /// What the weight is computed from, of its shape.
  let original: Parameter
  let axis: Int
  /// Where further parameters and buffers belong.
  let place: Scope
  private let scope: Scope

  init(
    _ scope: Scope, _ original: String, axis: Int, _ name: String, _ make: (Scope) -> Inner
  ) {
    self.scope = scope
    place = scope / "parametrizations" / "weight"
    let path = (place / original).path
    inner = make(scope.with(weightName: "parametrizations.weight.\(original)"))
    let found = scope.store[path]
    check(
      found != nil, .argument, name, "the layer has no parameter \"weight\" of its own",
      hint: "wrap the dense layer or convolution itself, not what it is a part of.")
    let parameter = found ?? Parameter(path: path, value: .zeros([1, 1]), isTrainable: false)
    let rank = parameter.shape.rank
    let isAxis = check(
      (0..<rank).contains(axis), .shape, name, "the weight \(parameter.shape) has no axis \(axis)")
    self.original = parameter
    self.axis = isAxis ? axis : 0
  }

  /// The original as a matrix with a row for each place along the axis.
  func matrix(_ weight: Tensor) -> Tensor {
    weight.movingAxis(axis, to: 0).flattened(from: 1)
  }

  /// Runs the layer with a weight.
  func callAsFunction(_ x: Tensor, weight: (Tensor) -> Tensor) -> Tensor {
    scope.run {
      let value = original.value
      let computed = weight(value.to(value.dtype.accumulator)).to(value.dtype)
      return original.with(computed) { inner(x) }
    }
  }
}

/// A layer whose weight is divided by its greatest singular value (Miyato et al., 2018;
/// `torch.nn.utils.parametrizations.spectral_norm`): `SpectralNorm(scope) { Conv2D($0, 3, 64, kernel: 3) }`.
///
/// Each call in training mode takes `iterations` steps of the power method first. Parameters: the layer's
/// own, the weight as `parametrizations.weight.original`; buffers: `parametrizations.weight.0._u` `[rows]`
/// and `._v` `[columns]`, the singular vectors so far, of the weight as a matrix.
public struct SpectralNorm<Inner: Layer>: Layer {
  public var inner: Inner { body.inner }
  private let body: ParametrizedWeight<Inner>
  private let left: Parameter
  private let right: Parameter
  private let iterations: Int
  private let epsilon: Double

  /// - Parameters:
  ///   - iterations: of the power method in each call.
  ///   - axis: of the weight, whose places are the rows of the matrix; 1 for a transposed convolution.
  ///   - make: makes the layer, which has a parameter `weight` of two axes at least.
  public init(
    _ scope: Scope, iterations: Int = 1, axis: Int = 0, epsilon: Double = 1e-12, _ make: (Scope) -> Inner
  ) {
    body = ParametrizedWeight(scope, "original", axis: axis, "SpectralNorm", make)
    self.iterations = iterations
    self.epsilon = epsilon
    let shape = body.original.shape
    let isMatrix = check(
      shape.rank >= 2, .shape, "SpectralNorm", "a weight of shape \(shape) is no matrix",
      hint: "wrap a dense layer or a convolution.")
    let rows = isMatrix ? shape[body.axis] : 1
    let buffers = body.place / 0
    left = buffers.buffer("_u", [rows], .normal())
    right = buffers.buffer("_v", [shape.elementCount / Swift.max(rows, 1)], .normal())
    if case .random = scope.store.source, isMatrix {
      left.value = normalized(left.value, epsilon: epsilon)
      right.value = normalized(right.value, epsilon: epsilon)
      iterate(body.matrix(body.original.value), 15)
    }
  }

  /// Moves both vectors toward the singular ones.
  private func iterate(_ matrix: Tensor, _ count: Int) {
    let matrix = matrix.to(left.dtype.accumulator).detached
    var (u, v) = (left.value.to(matrix.dtype), right.value.to(matrix.dtype))
    for _ in 0..<count {
      u = normalized(matmul(matrix, v), epsilon: epsilon)
      v = normalized(matmul(matrix.transposed(), u), epsilon: epsilon)
    }
    left.value = u.to(left.dtype)
    right.value = v.to(right.dtype)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    body(x) { weight in
      let matrix = body.matrix(weight)
      if Mode.isTraining { iterate(matrix, iterations) }
      let (u, v) = (left.value.to(matrix.dtype).detached, right.value.to(matrix.dtype).detached)
      return weight / (u * matmul(matrix, v)).sum()
    }
  }
}

/// A layer whose weight has a length and a direction that are learned apart (Salimans and Kingma, 2016;
/// `torch.nn.utils.parametrizations.weight_norm`): `WeightNorm(scope) { Linear($0, 20, 40) }`.
///
/// Parameters: the layer's own, the weight as `parametrizations.weight.original0`, the lengths, and
/// `original1`, the directions, which need not have length 1.
public struct WeightNorm<Inner: Layer>: Layer {
  public var inner: Inner { body.inner }
  private let body: ParametrizedWeight<Inner>
  private let lengths: Parameter

  /// - Parameters:
  ///   - axis: of the weight; each place along it has a length of its own.
  ///   - make: makes the layer, which has a parameter `weight`.
  public init(_ scope: Scope, axis: Int = 0, _ make: (Scope) -> Inner) {
    body = ParametrizedWeight(scope, "original1", axis: axis, "WeightNorm", make)
    let (original, kept) = (body.original, body.axis)
    let extents = original.shape.indices.map { $0 == kept ? original.shape[$0] : 1 }
    lengths = body.place.parameter("original0", Shape(extents), .ones)
    if case .random = scope.store.source {
      let wide = original.value.to(original.dtype.accumulator)
      lengths.value = length(wide).to(lengths.dtype)
    }
  }

  private func length(_ weight: Tensor) -> Tensor {
    let axes = (0..<weight.rank).filter { $0 != body.axis }
    return sqrt((weight * weight).sum(axes: axes, keepDims: true))
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    body(x) { weight in
      weight * (lengths.value.to(weight.dtype) / length(weight))
    }
  }
}
