import ApusIR

extension WindowGeometry {
  fileprivate init(_ window: Window, input: Shape, output: Shape) {
    self.init(
      input: Array(input.extents[1...].dropLast()), kernel: window.sizes,
      output: Array(output.extents[1...].dropLast()), strides: window.strides,
      dilations: window.dilations, low: window.low)
  }
}

struct WindowReduce: Kernel {
  let op: Reduction
  let window: Window
  let operand: Dense
  let result: MutableDense

  func run<E: Element>(on element: E.Type) {
    typealias V = E.Value
    switch op {
    case .sum:
      fold(element, V.Sum.zero, { V.Sum.plus($0, $1.value.wide) }, { E(V(narrowing: $0)) })
    case .product: fold(element, V.one, { V.times($0, $1.value) }, { E($0) })
    case .maximum: fold(element, V.lowest, { V.greater($0, $1.value) }, { E($0) })
    case .minimum: fold(element, V.highest, { V.lesser($0, $1.value) }, { E($0) })
    }
  }

  @inline(__always)
  private func fold<E: Element, A>(
    _ element: E.Type, _ identity: A, _ combine: (A, E) -> A, _ finish: (A) -> E
  ) {
    let (source, target) = (operand.elements(element), result.elements(element))
    let geometry = WindowGeometry(window, input: operand.shape, output: result.shape)
    let (batches, channels) = (operand.shape[0], operand.shape[operand.shape.rank - 1])
    let (inputVolume, outputVolume) = (geometry.inputVolume, geometry.outputVolume)
    geometry.forEachOutput { position, taps in
      for batch in 0..<batches {
        for channel in 0..<channels {
          var accumulator = identity
          for tap in taps {
            let place = (batch * inputVolume + tap.input) * channels + channel
            accumulator = combine(accumulator, source[place])
          }
          target[(batch * outputVolume + position) * channels + channel] = finish(accumulator)
        }
      }
    }
  }
}

struct WindowArgMax: Kernel {
  let window: Window
  let operand: Dense
  let result: MutableDense

  func run<E: Element>(on element: E.Type) {
    let (source, target) = (operand.elements(element), result.elements(Int32.self))
    let geometry = WindowGeometry(window, input: operand.shape, output: result.shape)
    let (batches, channels) = (operand.shape[0], operand.shape[operand.shape.rank - 1])
    let (inputVolume, outputVolume) = (geometry.inputVolume, geometry.outputVolume)
    geometry.forEachOutput { position, taps in
      for batch in 0..<batches {
        for channel in 0..<channels {
          var best = -1
          var greatest = E.Value.lowest
          for tap in taps {
            let value = source[(batch * inputVolume + tap.input) * channels + channel].value
            if best < 0 || E.Value.precedes(greatest, value) {
              best = tap.input
              greatest = value
            }
          }
          target[(batch * outputVolume + position) * channels + channel] = Int32(best)
        }
      }
    }
  }
}
