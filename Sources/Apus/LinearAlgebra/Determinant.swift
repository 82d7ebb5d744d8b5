#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif
import ApusIR

/// The determinants of square matrices in the last two axes. The gradient needs an inverse.
public func determinant(_ a: Tensor) -> Tensor {
  let (sign, logarithm) = signedLogDeterminant(a)
  return sign * exp(logarithm)
}

/// The sign of the determinant (0 for a singular matrix) and the logarithm of its magnitude, which
/// cannot overflow. By elimination with row exchanges.
public func signedLogDeterminant(_ a: Tensor) -> (sign: Tensor, logarithm: Tensor) {
  let operation = HostOperation(
    name: "determinant",
    infer: { types throws(TensorError) in
      let shape = types[0].shape
      guard shape.rank >= 2, shape[shape.rank - 1] == shape[shape.rank - 2] else {
        throw TensorError(
          .shape, operation: "determinant", "needs square matrices, got shape \(shape)")
      }
      let batch = TensorType(types[0].dtype, Shape(shape.dropLast(2)))
      return [batch, batch]
    },
    gradient: MatrixGradient.rule { context throws(TensorError) in
      guard let g = context.gradients[1] else { return [nil] }
      let inverse = inverse(context.operands[0])
      return [inverse.transposed() * g.expanded(at: -1).expanded(at: -1)]
    },
    evaluate: { operands, types, results, _ in
      let n = types[0].shape[types[0].shape.rank - 1]
      let count = types[0].shape.dropLast(2).reduce(1, *)
      func fill<Number: BinaryFloatingPoint>(_: Number.Type) {
        let matrices = operands[0].assumingMemoryBound(to: Number.self)
        let signs = results[0].assumingMemoryBound(to: Number.self)
        let logarithms = results[1].assumingMemoryBound(to: Number.self)
        for item in 0..<count {
          let elements = UnsafeBufferPointer(start: matrices + item * n * n, count: n * n)
          let (sign, logarithm) = eliminate(elements.map { Double($0) }, n)
          signs[item] = Number(sign)
          logarithms[item] = Number(logarithm)
        }
      }
      if types[0].dtype == .f64 { fill(Double.self) } else { fill(Float.self) }
    })
  let dtype = a.asFloating.dtype
  let standIn = [a, a]
  let results = checked(standIn: standIn) { () throws(TensorError) in
    try Tensor.results(.host(operation), [a.asMatrix.node], device: a.device)
  }
  return (results[0].to(dtype), results[1].to(dtype))
}

private func eliminate(_ matrix: [Double], _ n: Int) -> (sign: Double, logarithm: Double) {
  var a = matrix
  var sign = 1.0
  var logarithm = 0.0
  for column in 0..<n {
    var pivot = column
    for row in column..<n where Swift.abs(a[row * n + column]) > Swift.abs(a[pivot * n + column]) {
      pivot = row
    }
    let value = a[pivot * n + column]
    if value == 0 { return (0, -.infinity) }
    if value.isNaN { return (.nan, .nan) }
    if pivot != column {
      sign = -sign
      for index in 0..<n { a.swapAt(pivot * n + index, column * n + index) }
    }
    if value < 0 { sign = -sign }
    logarithm += log(Swift.abs(value))
    for row in (column + 1)..<Swift.max(n, column + 1) {
      let factor = a[row * n + column] / value
      if factor == 0 { continue }
      for index in column..<n { a[row * n + index] -= factor * a[column * n + index] }
    }
  }
  return (sign, logarithm)
}
