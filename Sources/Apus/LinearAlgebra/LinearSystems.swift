// Linear systems. All work on the last two axes; the others are a batch. 16-bit floating types and
// integers are computed in f32. A matrix without a solution makes `eval` throw.

import ApusIR
import ApusRuntime

/// The lower triangle L with L · Lᵀ = a, for symmetric positive definite matrices; only the lower
/// triangle of `a` is read.
public func cholesky(_ a: Tensor) -> Tensor {
  Tensor.matrix(
    .cholesky, [a],
    MatrixGradient.rule { context throws(TensorError) in
      guard let g = context.gradients[0] else { return [nil] }
      // Murray (2016): L⁻ᵀ · Φ(Lᵀ · ḡ) · L⁻¹, made symmetric.
      let l = context.results[0]
      let product = matmul(l.transposed(), g)
      let half = product.tril() - (product * product.identityLike) * 0.5
      let left = solveTriangular(l, half, upper: false, transposed: true)
      let both = solveTriangular(l, left.transposed(), upper: false, transposed: true)
      return [(both + both.transposed()) * 0.5]
    })[0]
}

/// The x with a · x = b. `b` is a vector or a matrix of right-hand sides; batches are broadcast.
public func solve(_ a: Tensor, _ b: Tensor) -> Tensor {
  let isVector = b.rank == 1
  let (left, right) = systems(a, isVector ? b.expanded(at: 1) : b, "solve")
  let result = Tensor.matrix(
    .solve, [left, right],
    MatrixGradient.rule { context throws(TensorError) in
      guard let g = context.gradients[0] else { return [nil, nil] }
      let forRight = solve(context.operands[0].transposed(), g)
      return [-matmul(forRight, context.results[0].transposed()), forRight]
    })[0]
  return isVector ? result.squeezed(-1) : result
}

/// The x with a · x = b, or aᵀ · x = b, for triangular `a`; its other triangle is not read.
public func solveTriangular(
  _ a: Tensor, _ b: Tensor, upper: Bool, transposed: Bool = false, unitDiagonal: Bool = false
) -> Tensor {
  let isVector = b.rank == 1
  let (left, right) = systems(a, isVector ? b.expanded(at: 1) : b, "solveTriangular")
  let operation = MatrixOperation.solveTriangular(
    upper: upper, transposed: transposed, unitDiagonal: unitDiagonal)
  let result = Tensor.matrix(
    operation, [left, right],
    MatrixGradient.rule { context throws(TensorError) in
      guard let g = context.gradients[0] else { return [nil, nil] }
      let x = context.results[0]
      let forRight = solveTriangular(
        context.operands[0], g, upper: upper, transposed: !transposed, unitDiagonal: unitDiagonal)
      let outer =
        transposed ? matmul(x, forRight.transposed()) : matmul(forRight, x.transposed())
      let offset = unitDiagonal ? 1 : 0
      return [-(upper ? outer.triu(offset) : outer.tril(-offset)), forRight]
    })[0]
  return isVector ? result.squeezed(-1) : result
}

/// The inverse: the solution of a · x = identity. Prefer `solve` where the inverse is multiplied.
public func inverse(_ a: Tensor) -> Tensor {
  guard
    check(
      a.rank >= 2 && a.shape[a.rank - 1] == a.shape[a.rank - 2], .shape, "inverse",
      "needs square matrices, got shape \(a.shape)")
  else { return a }
  return solve(a, a.asFloating.identityLike)
}

/// Both operands with one batch shape and dtype.
private func systems(_ a: Tensor, _ b: Tensor, _ name: String) -> (Tensor, Tensor) {
  guard
    check(
      a.rank >= 2 && b.rank >= 2, .shape, name,
      "shapes \(a.shape) and \(b.shape) are no matrix and right-hand side")
  else { return (a, b) }
  let dtype = Tensor.commonDType([a, b])
  let batchA = Shape(a.shape.dropLast(2))
  let batchB = Shape(b.shape.dropLast(2))
  guard let batch = Shape.broadcast(batchA, batchB) else {
    check(
      false, .shape, name,
      "leading extents of \(a.shape) and \(b.shape) cannot be broadcast together")
    return (a, b)
  }
  return (
    a.to(dtype).expanded(to: Shape(batch.extents + a.shape.suffix(2))),
    b.to(dtype).expanded(to: Shape(batch.extents + b.shape.suffix(2)))
  )
}

extension Tensor {
  /// Identity matrices of this tensor's shape and dtype.
  var identityLike: Tensor {
    let matrix = Shape(shape.suffix(2))
    let row = Tensor.index(along: 0, matrix, device: device)
    let column = Tensor.index(along: 1, matrix, device: device)
    return (row .== column).to(dtype).expanded(to: shape)
  }
}
