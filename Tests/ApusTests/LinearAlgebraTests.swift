import Apus
import Testing

@Suite struct LinearAlgebraTests {
  private func random(_ shape: Shape, _ seed: UInt64 = 1) -> Tensor {
    Tensor.normal(shape, dtype: .f64, key: RandomKey(seed: seed))
  }

  /// Symmetric positive definite.
  private func definite(_ n: Int, batch: [Int] = []) -> Tensor {
    let a = random(Shape(batch + [n, n]))
    return matmul(a, a.transposed()) + Tensor.eye(n, dtype: .f64)
  }

  /// The gradient along a random direction equals the difference quotient.
  private func checkGradient(
    at x: Tensor, symmetric: Bool = false, _ f: (Tensor) -> Tensor,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    var direction = random(x.shape, 9)
    if symmetric { direction = direction + direction.transposed() }
    let slope = try gradient(at: x, in: f)
    let expected = (slope * direction).sum().item
    let step = direction * 1e-6
    let quotient = ((f(x + step).item) - (f(x - step).item)) / 2e-6
    #expect(
      abs(quotient - expected) <= 1e-5 * max(1, abs(expected)), sourceLocation: sourceLocation)
  }

  @Test func choleskyFactors() throws {
    let a = definite(4, batch: [3])
    let l = cholesky(a)
    expectClose(matmul(l, l.transposed()), a, relative: 1e-10)
    let w = random([3, 4, 4], 2)
    try checkGradient(at: a, symmetric: true) { (cholesky($0) * w).sum() }
  }

  @Test func solutionsSolve() throws {
    let a = definite(3)
    let b = random([3, 2], 2)
    expectClose(matmul(a, solve(a, b)), b, relative: 1e-10)
    expectClose(matmul(a, solve(a, b[.all, 0])), b[.all, 0], relative: 1e-10)
    expectClose(solve(a, random([5, 3, 2])), matmul(inverse(a), random([5, 3, 2])), relative: 1e-8)
    try checkGradient(at: a) { (solve($0, b) * b).sum() }
    try checkGradient(at: b) { (solve(a, $0) * b).sum() }
    try checkGradient(at: a) { (inverse($0) * a).sum() }
  }

  @Test(arguments: [false, true], [false, true]) func triangles(upper: Bool, transposed: Bool) throws {
    let a = definite(3)
    let b = random([3, 2], 2)
    let triangle = upper ? a.triu() : a.tril()
    let x = solveTriangular(a, b, upper: upper, transposed: transposed)
    expectClose(matmul(transposed ? triangle.transposed() : triangle, x), b, relative: 1e-10)
    try checkGradient(at: a) {
      (solveTriangular($0, b, upper: upper, transposed: transposed) * b).sum()
    }
  }

  @Test func orthogonalTriangular() throws {
    for shape: Shape in [[5, 3], [3, 3], [3, 5], [2, 4, 3]] {
      let a = random(shape)
      let (q, r) = qr(a)
      expectClose(matmul(q, r), a, relative: 1e-10)
      expectClose(r, r.triu())
      let gram = matmul(q.transposed(), q)
      expectClose(gram, Tensor.eye(gram.shape[gram.rank - 1], dtype: .f64).expanded(to: gram.shape))
    }
    let (wq, wr) = (random([5, 3], 3), random([3, 3], 4))
    try checkGradient(at: random([5, 3])) { a in
      let (q, r) = qr(a)
      return (q * wq).sum() + (r * wr).sum()
    }
  }

  @Test func singularValueDecomposition() throws {
    for shape: Shape in [[5, 3], [3, 5], [3, 3], [2, 4, 3]] {
      let a = random(shape)
      let (u, s, vt) = svd(a)
      expectClose(matmul(u * s.expanded(at: -2), vt), a, relative: 1e-10)
      expectClose(singularValues(a), s, relative: 1e-10)
      let w = random(a.shape, 5)
      try checkGradient(at: a) { (singularValues($0) * 2).sum() }
      // Independent of the vectors' signs.
      try checkGradient(at: a) { x in
        let (u, s, vt) = svd(x)
        return (matmul(u * exp(-s).expanded(at: -2), vt) * w).sum()
      }
    }
  }

  @Test func eigenvalues() throws {
    let a = definite(4)
    let (w, v) = eigh(a)
    expectClose(matmul(v * w, v.transposed()), a, relative: 1e-10)
    let weights = random([4, 4], 6)
    try checkGradient(at: a, symmetric: true) { x in
      let (w, v) = eigh(x)
      return (matmul(v * sin(w), v.transposed()) * weights).sum()
    }
  }

  @Test func determinants() throws {
    #expect(determinant(Tensor([[2.0, 1], [4, 5]])).item.rounded() == 6)
    let (sign, logarithm) = signedLogDeterminant(Tensor([[0.0, 1], [1, 0]]))
    #expect(sign.item == -1)
    #expect(logarithm.item == 0)
    try checkGradient(at: random([4, 4])) { determinant($0) }
  }

  @Test func failuresAreThrown() {
    #expect(
      mistake { try eval(cholesky(Tensor([[1.0, 2], [2, 1]]))) }
        .hasPrefix("cholesky: The matrix is not positive definite"))
    #expect(mistake { try eval(inverse(Tensor([[1.0, 2], [2, 4]]))) }.hasPrefix("solve: The matrix is singular"))
    #expect(mistake { _ = cholesky(Tensor.ones([2, 3])) } == "cholesky: needs square matrices, got shape [2, 3].")
  }
}
