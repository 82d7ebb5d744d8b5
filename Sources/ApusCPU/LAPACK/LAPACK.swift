/// Decompositions and linear systems of one dense row-major matrix, by LAPACK.
///
/// LAPACK stores columns, so it sees a row-major matrix as its transpose. Symmetric matrices and
/// triangular systems need no more than other flags; the rest is transposed on the way. Buffers
/// must not overlap.
package enum LAPACK {
  /// Nil when LAPACK can be used, else a sentence that says what to install.
  package static var unavailableReason: String? {
    if case .failure(let error) = Float.routines { return error.description }
    return nil
  }

  /// `A = L · Lᵀ`, in place: `a` `[n, n]` becomes L, its upper triangle 0.
  ///
  /// Reads only the lower triangle.
  /// - Throws: `notPositiveDefinite`.
  package static func cholesky<Scalar: LAPACKScalar>(
    _ a: UnsafeMutablePointer<Scalar>, n: Int
  ) throws(LAPACKError) {
    let lapack = try Scalar.routines.get()
    if n == 0 { return }
    var order = Int32(n)
    var info: Int32 = 0
    // Our lower triangle is the upper one of the transpose, and Uᵀ · U = L · Lᵀ.
    lapack.potrf("U", &order, a, &order, &info, 1)
    try check(info, "potrf") { .notPositiveDefinite(row: $0 - 1) }
    for row in 0..<n {
      for column in (row + 1)..<max(n, row + 1) { a[row * n + column] = 0 }
    }
  }

  /// Solves `A · X = B`, in place: `b` `[n, count]` becomes X, and `a` `[n, n]` is overwritten.
  /// - Throws: `singular`.
  package static func solve<Scalar: LAPACKScalar>(
    _ a: UnsafeMutablePointer<Scalar>, _ b: UnsafeMutablePointer<Scalar>, n: Int, count: Int
  ) throws(LAPACKError) {
    let lapack = try Scalar.routines.get()
    if n == 0 || count == 0 { return }
    var order = Int32(n)
    var columns = Int32(count)
    var info: Int32 = 0
    let pivots = UnsafeMutablePointer<Int32>.allocate(capacity: n)
    defer { pivots.deallocate() }
    lapack.getrf(&order, &order, a, &order, pivots, &info)
    try check(info, "getrf") { .singular(row: $0 - 1) }
    // What was factored is Aᵀ; "T" solves with its transpose.
    withTransposed(b, rows: n, columns: count) { b in
      lapack.getrs("T", &order, &columns, a, &order, pivots, b, &order, &info, 1)
    }
    try check(info, "getrs") { .singular(row: $0 - 1) }
  }

  /// Solves `A · X = B` (or `Aᵀ · X = B`) for a triangular `a` `[n, n]`, in place: `b`
  /// `[n, count]` becomes X. Reads only the named triangle.
  /// - Throws: `singular`.
  package static func solveTriangular<Scalar: LAPACKScalar>(
    _ a: UnsafePointer<Scalar>, _ b: UnsafeMutablePointer<Scalar>, n: Int, count: Int,
    upper: Bool, transposed: Bool = false, unitDiagonal: Bool = false
  ) throws(LAPACKError) {
    let lapack = try Scalar.routines.get()
    if n == 0 || count == 0 { return }
    var order = Int32(n)
    var columns = Int32(count)
    var info: Int32 = 0
    // The routine only reads the matrix, though its prototype does not say so.
    let matrix = UnsafeMutablePointer(mutating: a)
    withTransposed(b, rows: n, columns: count) { b in
      lapack.trtrs(
        upper ? "L" : "U", transposed ? "N" : "T", unitDiagonal ? "U" : "N", &order, &columns,
        matrix, &order, b, &order, &info, 1, 1, 1)
    }
    try check(info, "trtrs") { .singular(row: $0 - 1) }
  }

  /// `A = Q · R` with k = min(m, n): `a` `[m, n]` (kept), `q` `[m, k]`, `r` `[k, n]`.
  package static func qr<Scalar: LAPACKScalar>(
    _ a: UnsafePointer<Scalar>, q: UnsafeMutablePointer<Scalar>, r: UnsafeMutablePointer<Scalar>,
    m: Int, n: Int
  ) throws(LAPACKError) {
    let lapack = try Scalar.routines.get()
    let k = min(m, n)
    if k == 0 { return }
    var rows = Int32(m)
    var columns = Int32(n)
    var rank = Int32(k)
    // The columns of A, which become those of Q.
    let work = UnsafeMutablePointer<Scalar>.allocate(capacity: m * n)
    let tau = UnsafeMutablePointer<Scalar>.allocate(capacity: k)
    defer {
      work.deallocate()
      tau.deallocate()
    }
    transpose(a, rows: m, columns: n, into: work)
    var info = withWorkspace(Scalar.self) { space, size, info in
      lapack.geqrf(&rows, &columns, work, &rows, tau, space, size, info)
    }
    try check(info, "geqrf") { _ in .notConverged("The QR decomposition") }
    for row in 0..<k {
      for column in 0..<n { r[row * n + column] = column < row ? 0 : work[column * m + row] }
    }
    info = withWorkspace(Scalar.self) { space, size, info in
      lapack.orgqr(&rows, &rank, &rank, work, &rows, tau, space, size, info)
    }
    try check(info, "orgqr") { _ in .notConverged("The QR decomposition") }
    transpose(work, rows: k, columns: m, into: q)
  }

  /// `A = U · diag(S) · Vᵀ` with k = min(m, n): `a` `[m, n]` is overwritten; `u` `[m, k]`,
  /// `s` `[k]` in descending order, `vt` `[k, n]`.
  ///
  /// Without `u` and `vt` only the singular values are computed.
  /// - Throws: `notConverged`.
  package static func svd<Scalar: LAPACKScalar>(
    _ a: UnsafeMutablePointer<Scalar>, u: UnsafeMutablePointer<Scalar>?,
    s: UnsafeMutablePointer<Scalar>, vt: UnsafeMutablePointer<Scalar>?, m: Int, n: Int
  ) throws(LAPACKError) {
    let lapack = try Scalar.routines.get()
    let k = min(m, n)
    if k == 0 { return }
    precondition((u == nil) == (vt == nil), "LAPACK.svd takes both of u and vt, or neither.")
    // LAPACK sees Aᵀ = V · diag(S) · Uᵀ: its U by columns is our Vᵀ by rows, and the other way.
    var rows = Int32(n)
    var columns = Int32(m)
    var rank = Int32(k)
    let integers = UnsafeMutablePointer<Int32>.allocate(capacity: 8 * k)
    defer { integers.deallocate() }
    let info = withWorkspace(Scalar.self) { space, size, info in
      lapack.gesdd(
        u == nil ? "N" : "S", &rows, &columns, a, &rows, s, vt, &rows, u, &rank, space, size,
        integers, info, 1)
    }
    try check(info, "gesdd") { _ in .notConverged("The singular value decomposition") }
  }

  /// Eigenvalues and, if asked for, eigenvectors of a symmetric matrix, in place.
  ///
  /// `a` `[n, n]` becomes the eigenvectors, one a column; `values` `[n]` ascend. Reads only the
  /// lower triangle.
  /// - Throws: `notConverged`.
  package static func eigh<Scalar: LAPACKScalar>(
    _ a: UnsafeMutablePointer<Scalar>, values: UnsafeMutablePointer<Scalar>, n: Int,
    vectors: Bool = true
  ) throws(LAPACKError) {
    let lapack = try Scalar.routines.get()
    if n == 0 { return }
    var order = Int32(n)
    // LAPACK documents 3 + 5 n integers at most.
    var integerSize = Int32(3 + 5 * n)
    let integers = UnsafeMutablePointer<Int32>.allocate(capacity: Int(integerSize))
    defer { integers.deallocate() }
    let info = withWorkspace(Scalar.self) { space, size, info in
      lapack.syevd(
        vectors ? "V" : "N", "U", &order, a, &order, values, space, size, integers, &integerSize,
        info, 1, 1)
    }
    try check(info, "syevd") { _ in .notConverged("The eigenvalue decomposition") }
    guard vectors else { return }
    for row in 0..<n {
      for column in 0..<row {
        (a[row * n + column], a[column * n + row]) = (a[column * n + row], a[row * n + column])
      }
    }
  }

  // MARK: Helpers

  private static func check(
    _ info: Int32, _ routine: String, _ failure: (Int) -> LAPACKError
  ) throws(LAPACKError) {
    if info < 0 { throw .invalidArgument(routine: routine, position: Int(-info)) }
    if info > 0 { throw failure(Int(info)) }
  }

  /// Asks a routine how much work space it wants, and calls it again with that.
  private static func withWorkspace<Scalar: LAPACKScalar>(
    _: Scalar.Type,
    _ call: (UnsafeMutablePointer<Scalar>, UnsafePointer<Int32>, UnsafeMutablePointer<Int32>) -> Void
  ) -> Int32 {
    var info: Int32 = 0
    var size: Int32 = -1
    var needed: Scalar = 0
    call(&needed, &size, &info)
    if info != 0 { return info }
    // The size comes back as a floating-point number, which may have been rounded down.
    size = Int32(max(1, needed.nextUp.rounded(.up)))
    let space = UnsafeMutablePointer<Scalar>.allocate(capacity: Int(size))
    defer { space.deallocate() }
    call(space, &size, &info)
    return info
  }

  /// `to[columns, rows] = from[rows, columns]ᵀ`
  private static func transpose<Scalar: LAPACKScalar>(
    _ from: UnsafePointer<Scalar>, rows: Int, columns: Int, into to: UnsafeMutablePointer<Scalar>
  ) {
    for row in 0..<rows {
      for column in 0..<columns { to[column * rows + row] = from[row * columns + column] }
    }
  }

  /// Calls `body` with the transpose of a matrix and transposes what that left back.
  private static func withTransposed<Scalar: LAPACKScalar>(
    _ matrix: UnsafeMutablePointer<Scalar>, rows: Int, columns: Int,
    _ body: (UnsafeMutablePointer<Scalar>) -> Void
  ) {
    if columns == 1 { return body(matrix) }
    let copy = UnsafeMutablePointer<Scalar>.allocate(capacity: rows * columns)
    defer { copy.deallocate() }
    transpose(matrix, rows: rows, columns: columns, into: copy)
    body(copy)
    transpose(copy, rows: columns, columns: rows, into: matrix)
  }
}
