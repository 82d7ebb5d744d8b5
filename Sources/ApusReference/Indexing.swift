import ApusIR

/// The operand of indices, whichever width it has.
private func loadIndices(_ indices: Dense) -> [Int] {
  if indices.type.dtype == .i32 {
    let source = indices.elements(Int32.self)
    return (0..<indices.count).map { Int(source[$0]) }
  }
  let source = indices.elements(Int64.self)
  return (0..<indices.count).map { Int(source[$0]) }
}

/// Visits each element that gather reads or scatter writes: its position among the gathered
/// elements or updates, and its position among the values, nil where the index is out of range.
@inline(__always)
private func forEachAddress(
  values: Shape, indices: Dense, axis: Int, _ addressing: Addressing,
  _ body: (_ position: Int, _ address: Int?) -> Void
) {
  let view = AxisView(values, axis: axis)
  let index = loadIndices(indices)
  let count = addressing == .slices ? index.count : indices.shape[axis]
  for outer in 0..<view.outer {
    for place in 0..<count {
      for inner in 0..<view.inner {
        let position = (outer * count + place) * view.inner + inner
        let chosen = addressing == .slices ? index[place] : index[position]
        let isInside = chosen >= 0 && chosen < view.extent
        body(position, isInside ? (outer * view.extent + chosen) * view.inner + inner : nil)
      }
    }
  }
}

struct Gather: Kernel {
  let axis: Int
  let addressing: Addressing
  let values: Dense
  let indices: Dense
  let result: MutableDense

  func run<E: Element>(on element: E.Type) {
    let (source, target) = (values.elements(element), result.elements(element))
    let zero = E(integer: 0)
    forEachAddress(values: values.shape, indices: indices, axis: axis, addressing) {
      position, address in
      target[position] = address.map { source[$0] } ?? zero
    }
  }
}

struct Scatter: Kernel {
  let axis: Int
  let addressing: Addressing
  let combine: Combine
  let target: Dense
  let indices: Dense
  let updates: Dense
  let result: MutableDense

  func run<E: Element>(on element: E.Type) {
    let (source, destination) = (updates.elements(element), result.elements(element))
    switch combine {
    case .replace:
      result.copy(target)
      forEachAddress(values: target.shape, indices: indices, axis: axis, addressing) {
        position, address in
        if let address { destination[address] = source[position] }
      }
    case .add:
      typealias Sum = E.Value.Sum
      let start = target.elements(element)
      var sums = (0..<target.count).map { start[$0].value.wide }
      forEachAddress(values: target.shape, indices: indices, axis: axis, addressing) {
        position, address in
        if let address { sums[address] = Sum.plus(sums[address], source[position].value.wide) }
      }
      for index in sums.indices { destination[index] = E(E.Value(narrowing: sums[index])) }
    }
  }
}

struct ArgSort: Kernel {
  let axis: Int
  let descending: Bool
  let count: Int
  let operand: Dense
  let result: MutableDense

  func run<E: Element>(on element: E.Type) {
    typealias V = E.Value
    let (source, target) = (operand.elements(element), result.elements(Int64.self))
    let view = AxisView(operand.shape, axis: axis)
    for outer in 0..<view.outer {
      for inner in 0..<view.inner {
        let line = source + (outer * view.extent * view.inner + inner)
        let values = (0..<view.extent).map { line[$0 * view.inner].value }
        let order = (0..<view.extent).sorted { first, second in
          let (a, b) = (values[first], values[second])
          if V.precedes(a, b) { return !descending }
          if V.precedes(b, a) { return descending }
          return first < second
        }
        for place in 0..<count {
          target[(outer * count + place) * view.inner + inner] = Int64(order[place])
        }
      }
    }
  }
}
