/// One of the closed set of operations every graph is made of.
///
/// A primitive holds its static attributes; its operands are the inputs of the node or instruction
/// that carries it. Everything else (softmax, layer norm, losses) is a Swift function of these.
/// Each family has a file beside this one with its attributes, shape rule and documentation, and one
/// in `Gradients/` with its gradient rules.
public enum Primitive: Hashable, Sendable {
  // Sources.swift
  /// A leaf: data, a parameter, or a placeholder that is bound when a program runs.
  case input(TensorType)
  /// One number in every element.
  case constant(Scalar, TensorType)
  /// The index along `axis`.
  case iota(axis: Int, TensorType)
  /// Philox bits. Operand: key `i64[2]`, seed and stream.
  case randomBits(TensorType)

  // Elementwise.swift
  case unary(Unary)
  case binary(Binary)
  case compare(Comparison)
  /// Operands: condition `bool`, value where true, value where false, all of one shape.
  case select
  /// To another dtype.
  ///
  /// - To an integer: from an integer it wraps; from a floating dtype it is truncated toward zero
  ///   and saturated, a NaN gives 0.
  /// - To a floating dtype: rounded to nearest, ties to even; to a 16-bit one by way of f32.
  /// - To `bool`: whether it differs from 0; a NaN does.
  case cast(DType)

  // Movement.swift
  case broadcast(Shape)
  case reshape(Shape)
  case transpose([Int])
  case slice(Slicing)
  case pad(Padding)
  case concatenate(axis: Int)
  case reverse(axes: [Int])

  // Reductions.swift
  case reduce(Reduction, axes: [Int])
  case argReduce(ArgReduction, axis: Int)
  case cumulative(Reduction, axis: Int, reverse: Bool)

  // Contractions.swift
  case matmul(transposeA: Bool, transposeB: Bool)
  case convolution(Convolution)

  // Windows.swift
  case windowReduce(Reduction, Window)
  case windowArgMax(Window)

  // Indexing.swift
  case gather(axis: Int, Addressing)
  case scatter(axis: Int, Addressing, Combine)
  case argSort(axis: Int, descending: Bool, count: Int)

  // Control.swift
  case scan(Scan)
  case call(Call)
  case host(HostOperation)
  /// One result of an operation with several.
  case output(Int)
  case stopGradient
  case barrier
}

extension Primitive {
  /// The name in text forms, errors and the registry.
  public var name: String {
    switch self {
    case .input: "input"
    case .constant: "constant"
    case .iota: "iota"
    case .randomBits: "randomBits"
    case .unary(let op): op.rawValue
    case .binary(let op): op.rawValue
    case .compare(let op): op.rawValue
    case .select: "select"
    case .cast: "cast"
    case .broadcast: "broadcast"
    case .reshape: "reshape"
    case .transpose: "transpose"
    case .slice: "slice"
    case .pad: "pad"
    case .concatenate: "concatenate"
    case .reverse: "reverse"
    case .reduce(let op, _): "reduce" + op.suffix
    case .argReduce(let op, _): op.rawValue
    case .cumulative(let op, _, _): "cumulative" + op.suffix
    case .matmul: "matmul"
    case .convolution(let attributes): attributes.kind.rawValue
    case .windowReduce(let op, _): "window" + op.suffix
    case .windowArgMax: "windowArgMax"
    case .gather: "gather"
    case .scatter: "scatter"
    case .argSort: "argSort"
    case .scan: "scan"
    case .call(let call): call.name
    case .host(let operation): operation.name
    case .output: "output"
    case .stopGradient: "stopGradient"
    case .barrier: "barrier"
    }
  }

  /// The types of the results on operands of the given types.
  ///
  /// - Throws: `TensorError` naming the operands' shapes and dtypes, where they do not fit.
  public func infer(_ operands: [TensorType]) throws(TensorError) -> [TensorType] {
    switch self {
    case .input(let type), .constant(_, let type):
      try expect(operands, count: 0)
      return [type]
    case .iota(let axis, let type):
      return [try inferIota(operands, axis: axis, type: type)]
    case .randomBits(let type):
      return [try inferRandomBits(operands, type: type)]
    case .unary(let op):
      return [try inferUnary(op, operands)]
    case .binary(let op):
      return [try inferBinary(op, operands)]
    case .compare:
      return [try inferCompare(operands)]
    case .select:
      return [try inferSelect(operands)]
    case .cast(let dtype):
      try expect(operands, count: 1)
      return [TensorType(dtype, operands[0].shape)]
    case .broadcast(let shape):
      return [try inferBroadcast(operands, to: shape)]
    case .reshape(let shape):
      return [try inferReshape(operands, to: shape)]
    case .transpose(let permutation):
      return [try inferTranspose(operands, permutation)]
    case .slice(let slice):
      return [try inferSlice(operands, slice)]
    case .pad(let padding):
      return [try inferPad(operands, padding)]
    case .concatenate(let axis):
      return [try inferConcatenate(operands, axis: axis)]
    case .reverse(let axes):
      try expect(operands, count: 1)
      try expect(axes: axes, in: operands[0])
      return [operands[0]]
    case .reduce(let op, let axes):
      return [try inferReduce(op, operands, axes: axes)]
    case .argReduce(_, let axis):
      return [try inferArgReduce(operands, axis: axis)]
    case .cumulative(let op, let axis, _):
      return [try inferCumulative(op, operands, axis: axis)]
    case .matmul(let transposeA, let transposeB):
      return [try inferMatmul(operands, transposeA: transposeA, transposeB: transposeB)]
    case .convolution(let attributes):
      return [try inferConvolution(operands, attributes)]
    case .windowReduce(let op, let window):
      return [try inferWindowReduce(op, operands, window)]
    case .windowArgMax(let window):
      return [try inferWindowArgMax(operands, window)]
    case .gather(let axis, let addressing):
      return [try inferGather(operands, axis: axis, addressing)]
    case .scatter(let axis, let addressing, let combine):
      return [try inferScatter(operands, axis: axis, addressing, combine)]
    case .argSort(let axis, _, let count):
      return [try inferArgSort(operands, axis: axis, count: count)]
    case .scan(let scan):
      return try inferScan(operands, scan)
    case .call(let call):
      return try inferCall(operands, call)
    case .host(let operation):
      return try operation.infer(operands)
    case .output(let index):
      return [try inferOutput(operands, index)]
    case .stopGradient:
      try expect(operands, count: 1)
      return operands
    case .barrier:
      guard let first = operands.first else { throw failure(.argument, "needs an operand") }
      return [first]
    }
  }
}

// MARK: - Checks shared by the families

extension Primitive {
  func failure(_ kind: TensorError.Kind, _ message: String, hint: String? = nil) -> TensorError {
    TensorError(kind, operation: name, message, hint: hint)
  }

  func expect(_ operands: [TensorType], count: Int) throws(TensorError) {
    guard operands.count == count else {
      throw failure(.argument, "takes \(count) operands, got \(operands.count)")
    }
  }

  func expect(axes: [Int], in type: TensorType) throws(TensorError) {
    for axis in axes where axis < 0 || axis >= type.shape.rank {
      throw failure(
        .index, "axis \(axis) is out of range for shape \(type.shape) of rank \(type.shape.rank)")
    }
    guard Set(axes).count == axes.count else {
      throw failure(.argument, "axes \(axes) name one axis twice")
    }
  }

  func expectSameType(_ a: TensorType, _ b: TensorType) throws(TensorError) {
    guard a.shape == b.shape else {
      throw failure(.shape, "shapes \(a.shape) and \(b.shape) differ")
    }
    guard a.dtype == b.dtype else {
      throw failure(.dtype, "dtypes \(a.dtype) and \(b.dtype) differ")
    }
  }
}
