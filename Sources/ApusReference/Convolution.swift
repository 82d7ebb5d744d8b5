import ApusIR

/// A convolution or one of its derivatives: all three walk the same triples of input, kernel and
/// output elements, multiply two of them and add to the third.
struct Convolve: Kernel {
  let attributes: Convolution
  let operands: (Dense, Dense)
  let result: MutableDense

  func run<E: Element>(on element: E.Type) {
    typealias Sum = E.Value.Sum
    let kernelOrder = KernelOrder(kernel, kind: attributes.kind)
    var sums = [Sum](repeating: .zero, count: result.count)
    var a = widened(operands.0, element)
    var b = widened(operands.1, element)
    sums.withUnsafeMutableBufferPointer { sums in
      a.withUnsafeMutableBufferPointer { a in
        b.withUnsafeMutableBufferPointer { b in
          switch attributes.kind {
          case .forward:
            var ordered = kernelOrder.apply(b)
            ordered.withUnsafeMutableBufferPointer { walk(a, $0, sums) }
          case .inputGradient:
            var ordered = kernelOrder.apply(b)
            ordered.withUnsafeMutableBufferPointer { walk(sums, $0, a) }
          case .weightGradient: walk(a, sums, b)
          }
        }
      }
    }
    if attributes.kind == .weightGradient { sums = kernelOrder.undo(sums) }
    let target = result.elements(element)
    for index in 0..<result.count { target[index] = E(E.Value(narrowing: sums[index])) }
  }

  private func widened<E: Element>(_ operand: Dense, _ element: E.Type) -> [E.Value.Sum] {
    let source = operand.elements(element)
    return (0..<operand.count).map { source[$0].value.wide }
  }

  private func walk<Sum: Arithmetic>(
    _ x: UnsafeMutableBufferPointer<Sum>, _ w: UnsafeMutableBufferPointer<Sum>,
    _ y: UnsafeMutableBufferPointer<Sum>
  ) {
    guard let x = x.baseAddress, let w = w.baseAddress, let y = y.baseAddress else { return }
    let geometry = WindowGeometry(
      input: Array(input.extents[1...].dropLast()), kernel: Array(kernel.extents[2...]),
      output: Array(output.extents[1...].dropLast()), strides: attributes.strides,
      dilations: attributes.dilations, low: attributes.low)
    let (inputChannels, outputChannels) = (input[input.rank - 1], output[output.rank - 1])
    let (inputVolume, outputVolume) = (geometry.inputVolume, geometry.outputVolume)
    let kernelSize = outputChannels * kernel[1]
    geometry.forEachOutput { position, taps in
      for batch in 0..<input[0] {
        let yStart = y + (batch * outputVolume + position) * outputChannels
        for tap in taps {
          let xStart = x + (batch * inputVolume + tap.input) * inputChannels
          multiplyChannels(xStart, w + tap.kernel * kernelSize, yStart)
        }
      }
    }
  }

  /// The channels of one input position, one kernel position and one output position.
  @inline(__always)
  private func multiplyChannels<Sum: Arithmetic>(
    _ x: UnsafeMutablePointer<Sum>, _ w: UnsafeMutablePointer<Sum>, _ y: UnsafeMutablePointer<Sum>
  ) {
    let outputs = kernel[0]
    let groupInputs = kernel[1]
    let groupOutputs = outputs / attributes.groups
    for group in 0..<attributes.groups {
      let (x, y) = (x + group * groupInputs, y + group * groupOutputs)
      switch attributes.kind {
      case .forward:
        for channel in 0..<groupInputs {
          let row = w + channel * outputs + group * groupOutputs
          add(to: y, x[channel], row, groupOutputs)
        }
      case .inputGradient:
        for channel in 0..<groupOutputs {
          let row = w + (group * groupOutputs + channel) * groupInputs
          add(to: x, y[channel], row, groupInputs)
        }
      case .weightGradient:
        for channel in 0..<groupOutputs {
          let row = w + (group * groupOutputs + channel) * groupInputs
          add(to: row, y[channel], x, groupInputs)
        }
      }
    }
  }

  @inline(__always)
  private func add<Sum: Arithmetic>(
    to target: UnsafeMutablePointer<Sum>, _ factor: Sum, _ source: UnsafeMutablePointer<Sum>,
    _ count: Int
  ) {
    for index in 0..<count {
      target[index] = Sum.plus(target[index], Sum.times(factor, source[index]))
    }
  }

  private var input: Shape {
    attributes.kind == .inputGradient ? result.shape : operands.0.shape
  }

  private var kernel: Shape {
    attributes.kind == .weightGradient ? result.shape : operands.1.shape
  }

  private var output: Shape {
    switch attributes.kind {
    case .forward: result.shape
    case .inputGradient: operands.0.shape
    case .weightGradient: operands.1.shape
    }
  }
}

/// The kernel with its spatial axes first and the channels that the inner loop runs over last:
/// `[spatial…, input, output]` for the forward convolution, `[spatial…, output, input]` for the
/// gradients, from `[output, input, spatial…]`.
private struct KernelOrder {
  let outputs: Int
  let inputs: Int
  let volume: Int
  let kind: Convolution.Kind

  init(_ kernel: Shape, kind: Convolution.Kind) {
    outputs = kernel[0]
    inputs = kernel[1]
    volume = kernel.extents[2...].reduce(1, *)
    self.kind = kind
  }

  func apply<Sum: Arithmetic>(_ kernel: UnsafeMutableBufferPointer<Sum>) -> [Sum] {
    var result = [Sum](repeating: .zero, count: kernel.count)
    forEach { natural, ordered in result[ordered] = kernel[natural] }
    return result
  }

  func undo<Sum: Arithmetic>(_ kernel: [Sum]) -> [Sum] {
    var result = kernel
    forEach { natural, ordered in result[natural] = kernel[ordered] }
    return result
  }

  private func forEach(_ body: (_ natural: Int, _ ordered: Int) -> Void) {
    for output in 0..<outputs {
      for input in 0..<inputs {
        let pair = kind == .forward ? input * outputs + output : output * inputs + input
        for tap in 0..<volume {
          body((output * inputs + input) * volume + tap, tap * outputs * inputs + pair)
        }
      }
    }
  }
}
