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

/// A convolution or one of its derivatives: all three walk the same triples of input, kernel and
/// output elements and sum into one of them.
struct Convolve: Kernel {
  let attributes: Convolution
  let operands: (Dense, Dense)
  let result: MutableDense

  func run<E: Element>(on element: E.Type) {
    typealias Sum = E.Value.Sum
    let (a, b) = (operands.0.elements(element), operands.1.elements(element))
    let (input, kernel, output) = shapes
    let geometry = WindowGeometry(
      input: Array(input.extents[1...].dropLast()), kernel: Array(kernel.extents[2...]),
      output: Array(output.extents[1...].dropLast()), strides: attributes.strides,
      dilations: attributes.dilations, low: attributes.low)
    let batches = input[0]
    let (inputChannels, outputChannels) = (input[input.rank - 1], output[output.rank - 1])
    let groups = attributes.groups
    let (groupInputs, groupOutputs) = (inputChannels / groups, outputChannels / groups)
    let (inputVolume, outputVolume) = (geometry.inputVolume, geometry.outputVolume)
    let kernelVolume = geometry.kernelVolume
    let kind = attributes.kind

    var sums = [Sum](repeating: .zero, count: result.count)
    sums.withUnsafeMutableBufferPointer { sums in
      geometry.forEachOutput { position, taps in
        for batch in 0..<batches {
          let outputStart = (batch * outputVolume + position) * outputChannels
          for tap in taps {
            let inputStart = (batch * inputVolume + tap.input) * inputChannels
            for outputChannel in 0..<outputChannels {
              let group = outputChannel / groupOutputs
              let o = outputStart + outputChannel
              let firstInput = inputStart + group * groupInputs
              let firstKernel = outputChannel * groupInputs * kernelVolume + tap.kernel
              for channel in 0..<groupInputs {
                let i = firstInput + channel
                let w = firstKernel + channel * kernelVolume
                let (x, y, z) =
                  switch kind {
                  case .forward: (i, w, o)
                  case .inputGradient: (o, w, i)
                  case .weightGradient: (i, o, w)
                  }
                let term = Sum.times(a[x].value.wide, b[y].value.wide)
                sums[z] = Sum.plus(sums[z], term)
              }
            }
          }
        }
      }
    }
    let target = result.elements(element)
    for index in 0..<result.count { target[index] = E(E.Value(narrowing: sums[index])) }
  }

  private var shapes: (input: Shape, kernel: Shape, output: Shape) {
    let (a, b) = (operands.0.shape, operands.1.shape)
    return switch attributes.kind {
    case .forward: (a, b, result.shape)
    case .inputGradient: (result.shape, b, a)
    case .weightGradient: (a, result.shape, b)
    }
  }
}
