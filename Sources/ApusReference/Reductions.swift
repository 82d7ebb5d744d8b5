import ApusIR

struct Reduce: Kernel {
  let op: Reduction
  let axes: [Int]
  let operand: Dense
  let result: MutableDense

  func run<E: Element>(on element: E.Type) {
    typealias V = E.Value
    switch op {
    case .sum:
      fold(element, V.Sum.zero, { V.Sum.plus($0, $1.value.wide) }, { E(V(narrowing: $0)) })
    case .product: fold(element, V.one, { V.times($0, $1.value) }, { E($0) })
    case .maximum: fold(element, E(V.lowest).value, { V.greater($0, $1.value) }, { E($0) })
    case .minimum: fold(element, E(V.highest).value, { V.lesser($0, $1.value) }, { E($0) })
    }
  }

  @inline(__always)
  private func fold<E: Element, A>(
    _ element: E.Type, _ identity: A, _ combine: (A, E) -> A, _ finish: (A) -> E
  ) {
    let (source, target) = (operand.elements(element), result.elements(element))
    let shape = operand.shape
    let strides = shape.rowMajorStrides
    let reduced = axes.sorted()
    let kept = shape.indices.filter { !axes.contains($0) }
    let (reducedExtents, reducedStrides) = (reduced.map { shape[$0] }, reduced.map { strides[$0] })
    let (keptExtents, keptStrides) = (kept.map { shape[$0] }, kept.map { strides[$0] })
    forEachPosition(keptExtents, keptStrides, result.shape.rowMajorStrides) { start, position in
      var accumulator = identity
      forEachPosition(reducedExtents, reducedStrides, reducedStrides) { offset, _ in
        accumulator = combine(accumulator, source[start + offset])
      }
      target[position] = finish(accumulator)
    }
  }
}

struct ArgReduce: Kernel {
  let op: ArgReduction
  let axis: Int
  let operand: Dense
  let result: MutableDense

  func run<E: Element>(on element: E.Type) {
    let (source, target) = (operand.elements(element), result.elements(Int64.self))
    let view = AxisView(operand.shape, axis: axis)
    for outer in 0..<view.outer {
      for inner in 0..<view.inner {
        let line = source + (outer * view.extent * view.inner + inner)
        var best = line[0].value
        var bestIndex = 0
        for index in 1..<view.extent where !best.isNaN {
          let candidate = line[index * view.inner].value
          if candidate.isNaN || (op == .argMax ? candidate > best : candidate < best) {
            best = candidate
            bestIndex = index
          }
        }
        target[outer * view.inner + inner] = Int64(bestIndex)
      }
    }
  }
}

struct Cumulate: Kernel {
  let op: Reduction
  let axis: Int
  let reverse: Bool
  let operand: Dense
  let result: MutableDense

  func run<E: Element>(on element: E.Type) {
    typealias V = E.Value
    switch op {
    case .sum:
      sweep(element, V.Sum.zero, { V.Sum.plus($0, $1.value.wide) }, { E(V(narrowing: $0)) })
    case .product: sweep(element, V.one, { V.times($0, $1.value) }, { E($0) })
    case .maximum: sweep(element, V.lowest, { V.greater($0, $1.value) }, { E($0) })
    case .minimum: sweep(element, V.highest, { V.lesser($0, $1.value) }, { E($0) })
    }
  }

  @inline(__always)
  private func sweep<E: Element, A>(
    _ element: E.Type, _ identity: A, _ combine: (A, E) -> A, _ finish: (A) -> E
  ) {
    let (source, target) = (operand.elements(element), result.elements(element))
    let view = AxisView(operand.shape, axis: axis)
    for outer in 0..<view.outer {
      for inner in 0..<view.inner {
        var accumulator = identity
        for step in 0..<view.extent {
          let index = reverse ? view.extent - 1 - step : step
          let position = (outer * view.extent + index) * view.inner + inner
          accumulator = combine(accumulator, source[position])
          target[position] = finish(accumulator)
        }
      }
    }
  }
}
