// Decompositions. All work on the last two axes; the others are a batch. 16-bit floating types and
// integers are computed in f32.

import ApusIR
import ApusRuntime

/// `a` = q · r with orthonormal columns of `q` `[…, m, k]` and upper triangular `r` `[…, k, n]`,
/// k = min(m, n). Signs are LAPACK's. Gradients exist for m ≥ n.
public func qr(_ a: Tensor) -> (q: Tensor, r: Tensor) {
  let results = Tensor.matrix(
    .qr, [a],
    MatrixGradient.rule { context throws(TensorError) in
      let (q, r) = (context.results[0], context.results[1])
      guard context.operands[0].shape[q.rank - 2] >= context.operands[0].shape[q.rank - 1] else {
        throw TensorError(
          .gradient, operation: "qr",
          "has no gradient for wide matrices, here \(context.operands[0].shape)")
      }
      let gq = context.gradients[0] ?? q.zerosLike()
      let gr = context.gradients[1] ?? r.zerosLike()
      // Walter and Lehmann (2010).
      let m = matmul(r, gr.transposed()) - matmul(gq.transposed(), q)
      let lower = m.tril(-1)
      let symmetric = lower + lower.transposed() + m * m.identityLike
      let inner = gq + matmul(q, symmetric)
      let solved = solveTriangular(r, inner.transposed(), upper: true)
      return [solved.transposed()]
    })
  return (results[0], results[1])
}

/// `a` = u · diag(s) · vt with k = min(m, n): `u` `[…, m, k]`, `s` `[…, k]` descending, `vt`
/// `[…, k, n]`.
///
/// Vectors are unique up to their sign only, and not at all where singular values are equal: there
/// the gradient of the vectors is not finite.
public func svd(_ a: Tensor) -> (u: Tensor, s: Tensor, vt: Tensor) {
  let results = Tensor.matrix(
    .svd(vectors: true), [a],
    MatrixGradient.rule { context throws(TensorError) in
      let (u, s, vt) = (context.results[0], context.results[1], context.results[2])
      return [svdGradient(u, s, vt, context.gradients)]
    })
  return (results[0], results[1], results[2])
}

/// The singular values `[…, min(m, n)]`, descending.
public func singularValues(_ a: Tensor) -> Tensor {
  Tensor.matrix(
    .svd(vectors: false), [a],
    MatrixGradient.rule { context throws(TensorError) in
      guard let g = context.gradients[0] else { return [nil] }
      let (u, _, vt) = svd(context.operands[0])
      return [matmul(u * g.expanded(at: -2), vt)]
    })[0]
}

private func svdGradient(
  _ u: Tensor, _ s: Tensor, _ vt: Tensor, _ gradients: [Tensor?]
) -> Tensor? {
  let v = vt.transposed()
  var inner: Tensor?
  func add(_ term: Tensor) { inner = inner.map { $0 + term } ?? term }
  if let gs = gradients[1] { add(gs.diagonalMatrix()) }
  let squares = s * s
  let differences = squares.expanded(at: -2) - squares.expanded(at: -1)
  let isDiagonal = differences.identityLike .!= 0
  func skewed(_ product: Tensor) -> Tensor {
    let divisor = Tensor.where(isDiagonal, 1, differences)
    return Tensor.where(isDiagonal, 0, (product - product.transposed()) / divisor)
  }
  let rows = s.expanded(at: -1)
  let columns = s.expanded(at: -2)
  if let gu = gradients[0] { add(skewed(matmul(u.transposed(), gu)) * columns) }
  if let gvt = gradients[2] { add(rows * skewed(matmul(vt, gvt.transposed()))) }
  guard let inner else { return nil }
  var result = matmul(matmul(u, inner), vt)
  // What lies outside the spaces that u and v span.
  if let gu = gradients[0], u.shape[u.rank - 2] > s.shape[s.rank - 1] {
    let outside = gu - matmul(u, matmul(u.transposed(), gu))
    result = result + matmul(outside / columns, vt)
  }
  if let gvt = gradients[2], vt.shape[vt.rank - 1] > s.shape[s.rank - 1] {
    let outside = gvt - matmul(matmul(gvt, v), vt)
    result = result + matmul(u, outside / rows)
  }
  return result
}

/// Eigenvalues `[…, n]`, ascending, and eigenvectors, the columns of `[…, n, n]`, of symmetric
/// matrices; only the lower triangle is read.
///
/// Vectors are unique up to their sign only, and not at all where eigenvalues are equal: there the
/// gradient of the vectors is not finite.
public func eigh(_ a: Tensor) -> (values: Tensor, vectors: Tensor) {
  let results = Tensor.matrix(
    .eigh(vectors: true), [a],
    MatrixGradient.rule { context throws(TensorError) in
      let (w, v) = (context.results[0], context.results[1])
      var inner = (context.gradients[0] ?? w.zerosLike()).diagonalMatrix()
      if let gv = context.gradients[1] {
        let differences = w.expanded(at: -2) - w.expanded(at: -1)
        let isDiagonal = differences.identityLike .!= 0
        let divisor = Tensor.where(isDiagonal, 1, differences)
        let turned = matmul(v.transposed(), gv) / divisor
        inner = inner + Tensor.where(isDiagonal, 0, turned)
      }
      return [matmul(matmul(v, inner), v.transposed())]
    })
  return (results[0], results[1])
}
