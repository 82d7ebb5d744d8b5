/// Why a decomposition or a linear system has no result.
package enum LAPACKError: Error, Equatable, CustomStringConvertible {
  /// There is no LAPACK library; the sentence says what to install.
  case unavailable(String)
  /// A pivot is exactly zero: the matrix has no inverse. Rows count from 0.
  case singular(row: Int)
  /// The leading part of the matrix up to this row is not positive definite. Rows count from 0.
  case notPositiveDefinite(row: Int)
  /// The iteration for singular values or eigenvalues stopped without a result.
  case notConverged(String)
  /// A mistake in the call itself, or values that are not numbers.
  case invalidArgument(routine: String, position: Int)

  package var description: String {
    switch self {
    case .unavailable(let text): text
    case .singular(let row):
      "The matrix is singular: its pivot in row \(row) is exactly zero, so the system has no "
        + "unique solution."
    case .notPositiveDefinite(let row):
      "The matrix is not positive definite: its leading part up to row \(row) has a pivot that is "
        + "not positive. Cholesky needs a symmetric positive definite matrix."
    case .notConverged(let what):
      "\(what) did not converge; the matrix may hold infinities or values that are not numbers."
    case .invalidArgument(let routine, let position):
      "LAPACK's \(routine) found its argument \(position) to be invalid, for example not a number."
    }
  }
}
