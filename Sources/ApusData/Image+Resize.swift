import ApusFormats

extension Image {
  /// The image at another size: bilinear, with the window widened when it is made smaller so that
  /// no sample is skipped (Pillow's `BILINEAR`).
  public func resized(height newHeight: Int, width newWidth: Int) -> Image {
    if newHeight == height && newWidth == width { return self }
    let columns = Image.weights(from: width, to: newWidth)
    let rows = Image.weights(from: height, to: newHeight)
    var wide = [Float](repeating: 0, count: height * newWidth * channels)
    for y in 0..<height {
      for (x, taps) in columns.enumerated() {
        for (offset, weight) in taps.weights.enumerated() {
          let source = (y * width + taps.start + offset) * channels
          let target = (y * newWidth + x) * channels
          for c in 0..<channels { wide[target + c] += weight * Float(pixels[source + c]) }
        }
      }
    }
    let stride = newWidth * channels
    var result = [UInt8](repeating: 0, count: newHeight * stride)
    for (y, taps) in rows.enumerated() {
      for x in 0..<stride {
        var sum: Float = 0
        for (offset, weight) in taps.weights.enumerated() {
          sum += weight * wide[(taps.start + offset) * stride + x]
        }
        result[y * stride + x] = UInt8(min(max(sum.rounded(), 0), 255))
      }
    }
    return Image(height: newHeight, width: newWidth, channels: channels, pixels: result)
  }

  /// For each new sample: the first old one it is made of, and the share of each from there on.
  private static func weights(from old: Int, to new: Int) -> [(start: Int, weights: [Float])] {
    let scale = Float(old) / Float(new)
    let support = max(scale, 1)
    return (0..<new).map { index in
      let centre = (Float(index) + 0.5) * scale
      let start = max(Int(centre - support + 0.5), 0)
      let end = min(Int(centre + support + 0.5), old)
      let raw = (start..<max(end, start + 1)).map { position in
        max(0, 1 - abs((Float(position) - centre + 0.5) / support))
      }
      let total = raw.reduce(0, +)
      return (start, raw.map { $0 / total })
    }
  }
}
