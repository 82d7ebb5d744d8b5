import Testing

@testable import ApusCPU

/// A row-major matrix with the few operations that residuals need.
private struct Matrix<Scalar: LAPACKScalar> {
  var rows: Int
  var columns: Int
  var elements: [Scalar]

  init(_ rows: Int, _ columns: Int, _ element: (Int, Int) -> Scalar) {
    self.rows = rows
    self.columns = columns
    elements = (0..<(rows * columns)).map { element($0 / columns, $0 % columns) }
  }

  /// Reproducible values in -1...1.
  static func random(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    return Matrix(rows, columns) { _, _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Scalar(Double(state >> 33) / Double(1 << 30) - 1)
    }
  }

  subscript(row: Int, column: Int) -> Scalar { elements[row * columns + column] }

  var transposed: Matrix { Matrix(columns, rows) { self[$1, $0] } }

  static func * (a: Matrix, b: Matrix) -> Matrix {
    Matrix(a.rows, b.columns) { i, j in
      var sum: Scalar = 0
      for k in 0..<a.columns { sum += a[i, k] * b[k, j] }
      return sum
    }
  }

  static func identity(_ n: Int) -> Matrix { Matrix(n, n) { $0 == $1 ? 1 : 0 } }

  func distance(to other: Matrix) -> Double {
    zip(elements, other.elements).map { abs(Double($0) - Double($1)) }.max() ?? 0
  }
}

@Suite(.enabled(if: LAPACK.unavailableReason == nil, "needs LAPACK"))
struct LAPACKTests {
  @Test(arguments: [1, 2, 5, 40])
  func cholesky(_ n: Int) throws {
    try checkCholesky(n, Float.self, 1e-4)
    try checkCholesky(n, Double.self, 1e-12)
  }

  private func checkCholesky<S: LAPACKScalar>(_ n: Int, _: S.Type, _ bound: Double) throws {
    let root = Matrix<S>.random(n, n, seed: 1)
    let product = root * root.transposed
    let a = Matrix<S>(n, n) { product[$0, $1] + ($0 == $1 ? 1 : 0) }
    // Only the lower triangle may be read.
    var l = Matrix<S>(n, n) { $1 > $0 ? .nan : a[$0, $1] }
    try l.elements.withUnsafeMutableBufferPointer { try LAPACK.cholesky($0.baseAddress!, n: n) }
    #expect((l * l.transposed).distance(to: a) < bound)
    for row in 0..<n { for column in (row + 1)..<max(n, row + 1) { #expect(l[row, column] == 0) } }
  }

  @Test(arguments: [(1, 1), (3, 1), (7, 4), (40, 9)])
  func solve(_ n: Int, _ count: Int) throws {
    try checkSolve(n, count, Float.self, 2e-3)
    try checkSolve(n, count, Double.self, 1e-11)
  }

  private func checkSolve<S: LAPACKScalar>(
    _ n: Int, _ count: Int, _: S.Type, _ bound: Double
  ) throws {
    let a = Matrix<S>.random(n, n, seed: 2)
    let b = Matrix<S>.random(n, count, seed: 3)
    var factored = a.elements
    var x = b
    try LAPACK.solve(&factored, &x.elements, n: n, count: count)
    #expect((a * x).distance(to: b) < bound)
  }

  @Test(arguments: [false, true], [false, true])
  func solveTriangular(upper: Bool, transposed: Bool) throws {
    for unit in [false, true] {
      let n = 9
      let full = Matrix<Double>.random(n, n, seed: 4)
      let a = Matrix<Double>(n, n) { row, column in
        if row == column { return unit ? 1 : 2 + full[row, column] }
        return (column > row) == upper ? full[row, column] : 0
      }
      // The other triangle, and the diagonal if it is known to be 1, may not be read.
      let given = Matrix<Double>(n, n) { row, column in
        if row == column { return unit ? .nan : a[row, column] }
        return (column > row) == upper ? a[row, column] : .nan
      }
      let b = Matrix<Double>.random(n, 3, seed: 5)
      var x = b
      try LAPACK.solveTriangular(
        given.elements, &x.elements, n: n, count: 3, upper: upper, transposed: transposed,
        unitDiagonal: unit)
      #expect(((transposed ? a.transposed : a) * x).distance(to: b) < 1e-9)
    }
  }

  @Test(arguments: [(1, 1), (4, 4), (9, 4), (4, 9), (50, 20)])
  func qr(_ m: Int, _ n: Int) throws {
    let k = min(m, n)
    let a = Matrix<Float>.random(m, n, seed: 6)
    var q = Matrix<Float>(m, k) { _, _ in .nan }
    var r = Matrix<Float>(k, n) { _, _ in .nan }
    try LAPACK.qr(a.elements, q: &q.elements, r: &r.elements, m: m, n: n)
    #expect((q * r).distance(to: a) < 1e-5)
    #expect((q.transposed * q).distance(to: .identity(k)) < 1e-5)
    for row in 0..<k { for column in 0..<min(row, n) { #expect(r[row, column] == 0) } }
  }

  @Test(arguments: [(1, 1), (4, 4), (9, 4), (4, 9), (30, 20)])
  func svd(_ m: Int, _ n: Int) throws {
    let k = min(m, n)
    let a = Matrix<Double>.random(m, n, seed: 7)
    var work = a.elements
    var u = Matrix<Double>(m, k) { _, _ in .nan }
    var s = [Double](repeating: .nan, count: k)
    var vt = Matrix<Double>(k, n) { _, _ in .nan }
    try LAPACK.svd(&work, u: &u.elements, s: &s, vt: &vt.elements, m: m, n: n)
    let scaled = Matrix<Double>(m, k) { u[$0, $1] * s[$1] }
    #expect((scaled * vt).distance(to: a) < 1e-12)
    #expect((u.transposed * u).distance(to: .identity(k)) < 1e-12)
    #expect((vt * vt.transposed).distance(to: .identity(k)) < 1e-12)
    #expect(s == s.sorted(by: >) && s.last! >= 0)

    var again = a.elements
    var valuesOnly = [Double](repeating: .nan, count: k)
    try LAPACK.svd(&again, u: nil, s: &valuesOnly, vt: nil, m: m, n: n)
    for (x, y) in zip(s, valuesOnly) { #expect(abs(x - y) < 1e-12) }
  }

  @Test(arguments: [1, 2, 6, 40])
  func eigh(_ n: Int) throws {
    let root = Matrix<Float>.random(n, n, seed: 8)
    let a = Matrix<Float>(n, n) { root[$0, $1] + root[$1, $0] }
    var vectors = Matrix<Float>(n, n) { $1 > $0 ? .nan : a[$0, $1] }
    var values = [Float](repeating: .nan, count: n)
    try LAPACK.eigh(&vectors.elements, values: &values, n: n)
    let scaled = Matrix<Float>(n, n) { vectors[$0, $1] * values[$1] }
    #expect((a * vectors).distance(to: scaled) < 1e-4)
    #expect((vectors.transposed * vectors).distance(to: .identity(n)) < 1e-5)
    #expect(values == values.sorted())
  }

  @Test func failuresAreNamed() throws {
    var indefinite: [Float] = [1, 0, 0, 0, -1, 0, 0, 0, 1]
    #expect(throws: LAPACKError.notPositiveDefinite(row: 1)) {
      try LAPACK.cholesky(&indefinite, n: 3)
    }
    var singular: [Double] = [1, 2, 2, 4]
    var b: [Double] = [1, 1]
    #expect(throws: LAPACKError.singular(row: 1)) {
      try LAPACK.solve(&singular, &b, n: 2, count: 1)
    }
    let triangle: [Double] = [1, 0, 5, 0]
    #expect(throws: LAPACKError.singular(row: 1)) {
      try LAPACK.solveTriangular(triangle, &b, n: 2, count: 1, upper: false)
    }
    #expect(LAPACKError.singular(row: 1).description.contains("singular"))
  }
}
