/// Which input and kernel positions meet at each output position of a window or convolution.
struct WindowGeometry {
  /// A pair of row-major indices over the spatial axes.
  struct Tap {
    var input: Int
    var kernel: Int
  }

  let input: [Int]
  let kernel: [Int]
  let output: [Int]
  let strides: [Int]
  let dilations: [Int]
  let low: [Int]

  var inputVolume: Int { input.reduce(1, *) }
  var kernelVolume: Int { kernel.reduce(1, *) }
  var outputVolume: Int { output.reduce(1, *) }

  /// Visits the output positions in row-major order, each with the taps that lie inside the input,
  /// in row-major order of the kernel.
  @inline(__always)
  func forEachOutput(_ body: (_ output: Int, _ taps: [Tap]) -> Void) {
    let rank = output.count
    for position in 0..<outputVolume {
      var taps = [Tap(input: 0, kernel: 0)]
      var strideBelow = outputVolume
      for axis in 0..<rank {
        strideBelow /= output[axis]
        let start = position / strideBelow % output[axis] * strides[axis] - low[axis]
        var extended: [Tap] = []
        extended.reserveCapacity(taps.count * kernel[axis])
        for tap in taps {
          for index in 0..<kernel[axis] {
            let place = start + index * dilations[axis]
            guard place >= 0, place < input[axis] else { continue }
            extended.append(
              Tap(input: tap.input * input[axis] + place, kernel: tap.kernel * kernel[axis] + index))
          }
        }
        taps = extended
      }
      body(position, taps)
    }
  }
}
