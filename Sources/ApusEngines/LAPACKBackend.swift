import ApusCPU
import ApusIR
import ApusRuntime

/// Matrix operations by LAPACK.
struct LAPACKBackend: LinearAlgebraBackend {
  func compute(
    _ operation: MatrixOperation, dtype: DType, shapes: [(rows: Int, columns: Int)],
    operands: [UnsafeRawPointer], results: [UnsafeMutableRawPointer]
  ) throws {
    switch dtype {
    case .f32: try compute(Float.self, operation, shapes, operands, results)
    case .f64: try compute(Double.self, operation, shapes, operands, results)
    default:
      throw TensorError(.dtype, operation: "linear algebra", "works on f32 and f64, not \(dtype)")
    }
  }

  private func compute<Number: LAPACKScalar>(
    _: Number.Type, _ operation: MatrixOperation, _ shapes: [(rows: Int, columns: Int)],
    _ operands: [UnsafeRawPointer], _ results: [UnsafeMutableRawPointer]
  ) throws {
    let (m, n) = shapes[0]
    let inputs = operands.map { $0.assumingMemoryBound(to: Number.self) }
    let outputs = results.map { $0.assumingMemoryBound(to: Number.self) }
    /// The first operand, in memory that the routine may overwrite.
    func withCopy(_ body: (UnsafeMutablePointer<Number>) throws -> Void) throws {
      let copy = UnsafeMutablePointer<Number>.allocate(capacity: max(m * n, 1))
      defer { copy.deallocate() }
      copy.update(from: inputs[0], count: m * n)
      try body(copy)
    }
    switch operation {
    case .cholesky:
      outputs[0].update(from: inputs[0], count: n * n)
      try LAPACK.cholesky(outputs[0], n: n)
    case .solve:
      let count = shapes[1].columns
      outputs[0].update(from: inputs[1], count: n * count)
      try withCopy { try LAPACK.solve($0, outputs[0], n: n, count: count) }
    case .solveTriangular(let upper, let transposed, let unitDiagonal):
      let count = shapes[1].columns
      outputs[0].update(from: inputs[1], count: n * count)
      try LAPACK.solveTriangular(
        inputs[0], outputs[0], n: n, count: count, upper: upper, transposed: transposed,
        unitDiagonal: unitDiagonal)
    case .qr:
      try LAPACK.qr(inputs[0], q: outputs[0], r: outputs[1], m: m, n: n)
    case .svd(vectors: true):
      try withCopy { try LAPACK.svd($0, u: outputs[0], s: outputs[1], vt: outputs[2], m: m, n: n) }
    case .svd(vectors: false):
      try withCopy { try LAPACK.svd($0, u: nil, s: outputs[0], vt: nil, m: m, n: n) }
    case .eigh(vectors: true):
      outputs[1].update(from: inputs[0], count: n * n)
      try LAPACK.eigh(outputs[1], values: outputs[0], n: n)
    case .eigh(vectors: false):
      try withCopy { try LAPACK.eigh($0, values: outputs[0], n: n, vectors: false) }
    }
  }
}
