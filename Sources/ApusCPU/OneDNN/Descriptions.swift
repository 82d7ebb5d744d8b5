import ApusIR
import COneDNN

/// The layout of a tensor in memory; strides count elements.
package struct StridedLayout: Hashable, Sendable {
  package var dtype: DType
  package var dims: [Int]
  package var strides: [Int]

  /// - Parameter strides: Row-major and dense when nil. A stride of 0 broadcasts.
  package init(_ dtype: DType, _ dims: [Int], strides: [Int]? = nil) {
    self.dtype = dtype
    self.dims = dims
    self.strides = strides ?? Self.denseStrides(dims)
  }

  package static func denseStrides(_ dims: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: dims.count)
    for axis in dims.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * dims[axis + 1]
    }
    return strides
  }

  /// The same memory with the last two axes exchanged.
  package var transposed: StridedLayout {
    var result = self
    let last = dims.count - 1
    result.dims.swapAt(last, last - 1)
    result.strides.swapAt(last, last - 1)
    return result
  }
}

/// What follows a matrix product or a convolution, applied to each element before it is stored.
package enum PostOp: Hashable, Sendable {
  package enum Binary: Sendable { case add, subtract, multiply, divide, maximum, minimum }

  /// Adds `scale` times what the output held before.
  case accumulate(scale: Float)
  case relu(negativeSlope: Float)
  case tanh
  case elu(alpha: Float)
  case square
  case abs
  case sqrt
  /// `scale · x + offset`
  case linear(scale: Float, offset: Float)
  case softplus
  case logistic
  case exp
  case log
  case geluTanh
  case geluErf
  /// `x · logistic(beta · x)`
  case swish(beta: Float)
  case clip(Float, Float)
  /// `scale · x^exponent`
  case power(scale: Float, exponent: Float)
  /// With a tensor as right operand, its extents 1 or those of the output.
  case binary(Binary, StridedLayout)
}

/// `c[..., M, N] = postOps(a[..., M, K] · b[..., K, N] + bias[N])`
///
/// Ranks are equal, from 2 to 6. A batch axis of `a` or `b` may have extent 1 or stride 0.
package struct MatmulDescription: Hashable, Sendable {
  package var a: StridedLayout
  package var b: StridedLayout
  package var c: StridedLayout
  /// The dtype of a dense vector of N elements; nil without a bias.
  package var bias: DType?
  package var postOps: [PostOp]
  /// `b` is given as `NativePrimitive.packWeights` wrote it.
  package var weightsPacked: Bool
  /// Take oneDNN's plain loops, a thousand times slower, where it has nothing better.
  package var allowsReference = false

  package init(
    a: StridedLayout, b: StridedLayout, c: StridedLayout, bias: DType? = nil,
    postOps: [PostOp] = [], weightsPacked: Bool = false
  ) {
    self.a = a
    self.b = b
    self.c = c
    self.bias = bias
    self.postOps = postOps
    self.weightsPacked = weightsPacked
  }
}

/// A convolution over one to three spatial axes.
///
/// Activations are dense, `[batch, spatial..., channels]`; weights are
/// `[outChannels, inChannels / groups, kernel...]`.
package struct ConvolutionDescription: Hashable, Sendable {
  package enum Kind: Sendable {
    case forward
    /// Writes the input's gradient, given the output's. Also the transposed convolution.
    case backwardData
    /// Writes the weights' gradient, and the bias' if there is one.
    case backwardWeights
  }

  /// How it is computed.
  package enum Method: Hashable, Sendable {
    case direct
    /// Over activations in blocks of 16 channels, turned on the way in and out.
    case blocked
  }

  package var kind: Kind
  package var method = Method.direct
  package var batch: Int
  package var groups: Int
  package var inChannels: Int
  package var outChannels: Int
  package var input: [Int]
  package var kernel: [Int]
  package var strides: [Int]
  package var dilation: [Int]
  package var paddingLow: [Int]
  package var paddingHigh: [Int]
  package var inputType: DType
  package var weightsType: DType
  package var outputType: DType
  /// Row-major and dense when nil.
  package var weightsStrides: [Int]?
  package var bias: DType?
  /// Forward only.
  package var postOps: [PostOp]
  /// Forward and backwardData: the weights are given as `NativePrimitive.packWeights` wrote them.
  package var weightsPacked: Bool
  /// Take oneDNN's plain loops, a thousand times slower, where it has nothing better.
  package var allowsReference = false

  package init(
    _ kind: Kind, batch: Int, inChannels: Int, outChannels: Int, input: [Int], kernel: [Int],
    strides: [Int]? = nil, dilation: [Int]? = nil, paddingLow: [Int]? = nil,
    paddingHigh: [Int]? = nil, groups: Int = 1, dtype: DType = .f32, bias: DType? = nil,
    postOps: [PostOp] = []
  ) {
    let ones = [Int](repeating: 1, count: input.count)
    let zeros = [Int](repeating: 0, count: input.count)
    self.kind = kind
    self.batch = batch
    self.groups = groups
    self.inChannels = inChannels
    self.outChannels = outChannels
    self.input = input
    self.kernel = kernel
    self.strides = strides ?? ones
    self.dilation = dilation ?? ones
    self.paddingLow = paddingLow ?? zeros
    self.paddingHigh = paddingHigh ?? paddingLow ?? zeros
    inputType = dtype
    weightsType = dtype
    outputType = dtype
    weightsStrides = nil
    self.bias = bias
    self.postOps = postOps
    weightsPacked = false
  }

  /// The spatial extents of the output.
  package var output: [Int] {
    input.indices.map { axis in
      let reach = (kernel[axis] - 1) * dilation[axis] + 1
      let room = input[axis] + paddingLow[axis] + paddingHigh[axis] - reach
      return room < 0 ? 0 : room / strides[axis] + 1
    }
  }

  /// Multiplications and additions of one run.
  package var flops: Int {
    let taps = kernel.reduce(inChannels / groups, *)
    return output.reduce(2 * batch * outChannels * taps, *)
  }
}
