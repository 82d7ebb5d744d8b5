import ApusIR
import Synchronization

/// A decomposition or linear system of one dense row-major matrix.
public enum MatrixOperation: Hashable, Sendable {
  /// `[n, n]` → lower triangle `[n, n]`
  case cholesky
  /// `[n, n]`, `[n, count]` → `[n, count]`
  case solve
  /// Triangular `[n, n]`, `[n, count]` → `[n, count]`; the other triangle is not read.
  case solveTriangular(upper: Bool, transposed: Bool, unitDiagonal: Bool)
  /// `[m, n]` → `[m, k]`, `[k, n]` with k = min(m, n)
  case qr
  /// `[m, n]` → `[m, k]`, `[k]` descending, `[k, n]`; without vectors only the second
  case svd(vectors: Bool)
  /// Symmetric `[n, n]` → `[n]` ascending, `[n, n]` with the vectors as columns; without vectors
  /// only the first
  case eigh(vectors: Bool)
}

/// Who computes matrix operations, in `f32` and `f64`.
public protocol LinearAlgebraBackend: Sendable {
  /// - Parameters:
  ///   - shapes: of the operands, two extents each.
  /// - Throws: an error whose description is a sentence, for instance on a singular matrix.
  func compute(
    _ operation: MatrixOperation, dtype: DType, shapes: [(rows: Int, columns: Int)],
    operands: [UnsafeRawPointer], results: [UnsafeMutableRawPointer]
  ) throws
}

/// The one place that hands out the linear algebra backend.
public enum LinearAlgebraRegistry {
  private static let registered = Mutex<(any LinearAlgebraBackend)?>(nil)

  public static func register(_ backend: any LinearAlgebraBackend) {
    registered.withLock { $0 = backend }
  }

  public static func backend() throws(TensorError) -> any LinearAlgebraBackend {
    guard let backend = registered.withLock({ $0 }) else {
      throw TensorError(
        .engine, operation: "linear algebra", "this build has no linear algebra library")
    }
    return backend
  }
}
