import ApusIR

struct FillConstant: Kernel {
  let value: Scalar
  let result: MutableDense

  func run<E: Element>(on element: E.Type) {
    result.elements(element).update(repeating: E(value), count: result.count)
  }
}

struct FillIota: Kernel {
  let axis: Int
  let result: MutableDense

  func run<E: Element>(on element: E.Type) {
    let target = result.elements(element)
    let view = AxisView(result.shape, axis: axis)
    var position = 0
    for _ in 0..<view.outer {
      for index in 0..<view.extent {
        let value = E(integer: Int64(index))
        for _ in 0..<view.inner {
          target[position] = value
          position += 1
        }
      }
    }
  }
}
