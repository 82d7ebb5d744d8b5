import ApusIR

struct MatMul: Kernel {
  let transposeA: Bool
  let transposeB: Bool
  let operands: (Dense, Dense)
  let result: MutableDense

  func run<E: Element>(on element: E.Type) {
    typealias Sum = E.Value.Sum
    let (a, b) = (operands.0.elements(element), operands.1.elements(element))
    let target = result.elements(element)
    let rank = result.shape.rank
    let (m, n) = (result.shape[rank - 2], result.shape[rank - 1])
    let k = operands.0.shape[transposeA ? rank - 2 : rank - 1]
    let batches = result.shape.extents[..<(rank - 2)].reduce(1, *)
    let (aRow, aStep) = transposeA ? (1, m) : (k, 1)
    let (bStep, bColumn) = transposeB ? (1, k) : (n, 1)
    var row = [Sum](repeating: .zero, count: n)
    for batch in 0..<batches {
      let (aBatch, bBatch) = (a + batch * m * k, b + batch * k * n)
      for i in 0..<m {
        for j in 0..<n { row[j] = .zero }
        for step in 0..<k {
          let factor = aBatch[i * aRow + step * aStep].value.wide
          for j in 0..<n {
            let other = bBatch[step * bStep + j * bColumn].value.wide
            row[j] = Sum.plus(row[j], Sum.times(factor, other))
          }
        }
        let targetRow = target + (batch * m + i) * n
        for j in 0..<n { targetRow[j] = E(E.Value(narrowing: row[j])) }
      }
    }
  }
}
