import ApusFormats

/// How samples between pixels are made.
public enum Interpolation: String, Hashable, Sendable, CaseIterable {
  /// The pixel that the place falls into.
  case nearest
  /// Between two pixels along each axis.
  case bilinear
  /// A cubic through four pixels along each axis (a = -1/2, Catmull and Rom).
  case bicubic

  /// How far a pixel reaches, in pixels.
  fileprivate var support: Double { self == .bicubic ? 2 : 1 }

  /// The weight of a pixel at a distance.
  fileprivate func weight(_ distance: Double) -> Double {
    let x = abs(distance)
    if self == .bilinear { return max(0, 1 - x) }
    let a = -0.5
    if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    if x < 2 { return (((x - 5) * x + 8) * x - 4) * a }
    return 0
  }
}

extension Image {
  /// The image at another size, the same numbers as Pillow's.
  ///
  /// Bilinear and bicubic windows are widened when the image is made smaller, so that no sample is
  /// skipped. Rows first, then columns, with 8 bits in between.
  public func resized(
    height newHeight: Int, width newWidth: Int, interpolation: Interpolation = .bilinear
  ) -> Image {
    precondition(newHeight > 0 && newWidth > 0, "an image has pixels, not \(newHeight) × \(newWidth)")
    if newHeight == height && newWidth == width { return self }
    if interpolation == .nearest { return nearest(height: newHeight, width: newWidth) }
    let wide = newWidth == width
      ? self : resizedRows(ResizeTaps(from: width, to: newWidth, interpolation))
    if newHeight == height { return wide }
    return wide.resizedColumns(ResizeTaps(from: height, to: newHeight, interpolation))
  }

  private func nearest(height newHeight: Int, width newWidth: Int) -> Image {
    let rows = Image.nearestSources(from: height, to: newHeight)
    let columns = Image.nearestSources(from: width, to: newWidth)
    return Image.make(height: newHeight, width: newWidth, channels: channels) { new in
      withSamples { old in
        for y in 0..<newHeight {
          let row = old + rows[y] * width * channels
          let target = new + y * newWidth * channels
          for x in 0..<newWidth {
            for c in 0..<channels { target[x * channels + c] = row[columns[x] * channels + c] }
          }
        }
      }
    }
  }

  /// Places are added up step by step, as Pillow does, since some fall on the border of two pixels.
  private static func nearestSources(from old: Int, to new: Int) -> [Int] {
    let scale = Double(old) / Double(new)
    var place = scale * 0.5
    return (0..<new).map { _ in
      defer { place += scale }
      return min(Int(place), old - 1)
    }
  }

  private func resizedRows(_ taps: ResizeTaps) -> Image {
    let channels = channels
    return Image.make(height: height, width: taps.count, channels: channels) { new in
      withSamples { old in
        taps.withWeights { weights in
          for y in 0..<height {
            let row = old + y * width * channels
            let target = new + y * taps.count * channels
            for x in 0..<taps.count {
              let (start, length) = taps.ranges[x]
              let w = weights + x * taps.stride
              for c in 0..<channels {
                var sum = ResizeTaps.half
                for k in 0..<length { sum &+= Int32(row[(start + k) * channels + c]) &* w[k] }
                target[x * channels + c] = ResizeTaps.sample(sum)
              }
            }
          }
        }
      }
    }
  }

  private func resizedColumns(_ taps: ResizeTaps) -> Image {
    let length = width * channels
    return Image.make(height: taps.count, width: width, channels: channels) { new in
      withSamples { old in
        taps.withWeights { weights in
          withUnsafeTemporaryAllocation(of: Int32.self, capacity: length) { sums in
            for y in 0..<taps.count {
              let (start, count) = taps.ranges[y]
              for x in 0..<length { sums[x] = ResizeTaps.half }
              for k in 0..<count {
                let weight = weights[y * taps.stride + k]
                let row = old + (start + k) * length
                for x in 0..<length { sums[x] &+= Int32(row[x]) &* weight }
              }
              let target = new + y * length
              for x in 0..<length { target[x] = ResizeTaps.sample(sums[x]) }
            }
          }
        }
      }
    }
  }
}

/// For each new sample along an axis, the old ones that it is made of and their shares.
private struct ResizeTaps {
  /// Weights are integers of this many bits after the point; a sum of samples times them fits 32 bits.
  private static let bits: Int32 = 22
  static let half: Int32 = 1 << (bits - 1)

  /// The first old sample of each new one and how many there are.
  let ranges: [(start: Int, length: Int)]
  /// From one new sample's weights to the next's.
  let stride: Int
  private let weights: [Int32]

  var count: Int { ranges.count }

  init(from old: Int, to new: Int, _ interpolation: Interpolation) {
    let scale = Double(old) / Double(new)
    let widening = max(scale, 1)
    let support = interpolation.support * widening
    let stride = Int(support.rounded(.up)) * 2 + 1
    var ranges: [(start: Int, length: Int)] = []
    var weights = [Int32](repeating: 0, count: new * stride)
    for index in 0..<new {
      let centre = (Double(index) + 0.5) * scale
      let start = max(Int(centre - support + 0.5), 0)
      let end = min(Int(centre + support + 0.5), old)
      let raw = (start..<end).map { position in
        interpolation.weight((Double(position) - centre + 0.5) / widening)
      }
      let total = raw.reduce(0, +)
      for (offset, weight) in raw.enumerated() {
        let scaled = weight / total * Double(1 << ResizeTaps.bits)
        weights[index * stride + offset] = Int32(scaled.rounded(.toNearestOrAwayFromZero))
      }
      ranges.append((start, end - start))
    }
    self.ranges = ranges
    self.stride = stride
    self.weights = weights
  }

  func withWeights<Result>(_ body: (UnsafePointer<Int32>) -> Result) -> Result {
    weights.withUnsafeBufferPointer { body($0.baseAddress.unsafelyUnwrapped) }
  }

  static func sample(_ sum: Int32) -> UInt8 { UInt8(clamping: sum >> bits) }
}
