import ApusIR
import ApusRuntime

extension MatrixOperation {
  var name: String {
    switch self {
    case .cholesky: "cholesky"
    case .solve: "solve"
    case .solveTriangular: "solveTriangular"
    case .qr: "qr"
    case .svd: "svd"
    case .eigh: "eigh"
    }
  }

  /// On the last two axes of the operands; the others are a batch.
  func hostOperation(gradient: GradientRule) -> HostOperation {
    HostOperation(
      name: name, identity: "\(self)",
      infer: { types throws(TensorError) in try self.infer(types) }, gradient: gradient,
      evaluate: { try self.evaluate($0, $1, $2, $3) })
  }

  private func infer(_ types: [TensorType]) throws(TensorError) -> [TensorType] {
    let a = types[0]
    let rank = a.shape.rank
    guard rank >= 2 else {
      throw TensorError(.shape, operation: name, "shape \(a.shape) is no matrix: it needs two axes")
    }
    let (m, n) = (a.shape[rank - 2], a.shape[rank - 1])
    let batch = Array(a.shape.dropLast(2))
    let k = Swift.min(m, n)
    func type(_ extents: Int...) -> TensorType { TensorType(a.dtype, Shape(batch + extents)) }
    switch self {
    case .qr: return [type(m, k), type(k, n)]
    case .svd(vectors: true): return [type(m, k), type(k), type(k, n)]
    case .svd(vectors: false): return [type(k)]
    default: break
    }
    guard m == n else {
      throw TensorError(.shape, operation: name, "needs square matrices, got shape \(a.shape)")
    }
    switch self {
    case .eigh(vectors: true): return [type(n), type(n, n)]
    case .eigh(vectors: false): return [type(n)]
    case .cholesky: return [a]
    default:
      let b = types[1]
      guard b.shape.rank == rank, Array(b.shape.dropLast(2)) == batch, b.shape[rank - 2] == n else {
        throw TensorError(
          .shape, operation: name,
          "shapes \(a.shape) and \(b.shape) do not fit: the right-hand side needs \(n) rows")
      }
      return [b]
    }
  }

  private func evaluate(
    _ operands: [UnsafeRawPointer], _ operandTypes: [TensorType],
    _ results: [UnsafeMutableRawPointer], _ resultTypes: [TensorType]
  ) throws {
    let backend = try LinearAlgebraRegistry.backend()
    let count = operandTypes[0].shape.dropLast(2).reduce(1, *)
    let shapes = operandTypes.map { type in
      (rows: type.shape[type.shape.rank - 2], columns: type.shape[type.shape.rank - 1])
    }
    guard count > 0 else { return }
    let operandSteps = operandTypes.map { $0.byteCount / count }
    let resultSteps = resultTypes.map { $0.byteCount / count }
    for item in 0..<count {
      do {
        try backend.compute(
          self, dtype: operandTypes[0].dtype, shapes: shapes,
          operands: zip(operands, operandSteps).map { $0 + item * $1 },
          results: zip(results, resultSteps).map { $0 + item * $1 })
      } catch {
        let place = count > 1 ? "matrix \(item) of \(count): " : ""
        throw TensorError(.value, operation: name, place + "\(error)")
      }
    }
  }
}

extension Tensor {
  /// In a dtype that LAPACK knows: `f32` unless it is `f64`.
  var asMatrix: Tensor { dtype == .f64 ? self : to(.f32) }

  static func matrix(
    _ operation: MatrixOperation, _ operands: [Tensor], _ gradient: GradientRule
  ) -> [Tensor] {
    let matrices = operands.map(\.asMatrix)
    let standIn = Array(repeating: operands[0], count: 3)
    let results = checked(standIn: standIn) { () throws(TensorError) in
      try Tensor.results(
        .host(operation.hostOperation(gradient: gradient)), matrices.map(\.node),
        device: operands[0].device)
    }
    let dtype = operands[0].dtype.isFloating ? operands[0].dtype : .f32
    return results.map { $0.to(dtype) }
  }
}

/// The node, its results and the gradients that reached them, as tensors.
struct MatrixGradient {
  let operands: [Tensor]
  let results: [Tensor]
  let gradients: [Tensor?]

  static func rule(
    _ body: @escaping @Sendable (MatrixGradient) throws(TensorError) -> [Tensor?]
  ) -> GradientRule {
    .rule { (node, gradients) throws(TensorError) in
      var results: [Tensor] = []
      for index in node.types.indices {
        results.append(Tensor(node.types.count == 1 ? node : try Node(.output(index), [node])))
      }
      let context = MatrixGradient(
        operands: node.inputs.map { Tensor($0) }, results: results,
        gradients: gradients.map { $0.map { Tensor($0) } })
      return try body(context).map { $0?.node }
    }
  }
}
