import ApusFormats

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension Image {
  /// The image turned, moved, scaled and sheared about a point (torchvision's `affine`, Pillow's numbers).
  ///
  /// - Parameters:
  ///   - angle: degrees, clockwise.
  ///   - translate: pixels to the right and down.
  ///   - shear: degrees along x and y.
  ///   - center: the point that stays, in pixels from the left and top; the middle if nil.
  ///   - fill: what comes in from outside.
  public func affine(
    angle: Double = 0, translate: (x: Double, y: Double) = (0, 0), scale: Double = 1,
    shear: (x: Double, y: Double) = (0, 0), center: (x: Double, y: Double)? = nil,
    interpolation: Interpolation = .nearest, fill: UInt8 = 0
  ) -> Image {
    let (rotation, shearX, shearY) = (angle * .pi / 180, shear.x * .pi / 180, shear.y * .pi / 180)
    let cosine = cos(rotation - shearY) / cos(shearY)
    let sine = sin(rotation - shearY) / cos(shearY)
    let a = cosine
    let b = -cosine * tan(shearX) - sin(rotation)
    let c = sine
    let d = -sine * tan(shearX) + cos(rotation)
    let center = center ?? (Double(width) * 0.5, Double(height) * 0.5)
    let (x, y) = (-center.x - translate.x, -center.y - translate.y)
    let (m0, m1, m3, m4) = (d / scale, -b / scale, -c / scale, a / scale)
    let inverse = AffineMap(
      m0: m0, m1: m1, m2: m0 * x + m1 * y + center.x, m3: m3, m4: m4, m5: m3 * x + m4 * y + center.y)
    switch interpolation {
    case .nearest: return nearest(inverse, fill)
    case .bilinear, .bicubic: return interpolated(inverse, interpolation, fill)
    }
  }

  /// The image turned about its middle, in degrees counter-clockwise, at the same size.
  public func rotated(
    degrees: Double, interpolation: Interpolation = .nearest, fill: UInt8 = 0
  ) -> Image {
    affine(angle: -degrees, interpolation: interpolation, fill: fill)
  }

  /// With 16 bits after the point, so that places add up as in Pillow.
  private func nearest(_ map: AffineMap, _ fill: UInt8) -> Image {
    let fixed = { (value: Double) in
      Int((min(max(value, -0x1p31), 0x1p31) * 65536 + 0.5).rounded(.down))
    }
    var rowX = fixed(map.m2 + map.m0 * 0.5 + map.m1 * 0.5)
    var rowY = fixed(map.m5 + map.m3 * 0.5 + map.m4 * 0.5)
    let (stepX, stepY) = (fixed(map.m0), fixed(map.m3))
    let (downX, downY) = (fixed(map.m1), fixed(map.m4))
    return mapped { old, new in
      new.initialize(repeating: fill, count: pixels.count)
      var target = new
      for _ in 0..<height {
        var (x, y) = (rowX, rowY)
        for _ in 0..<width {
          let (column, row) = (x >> 16, y >> 16)
          if column >= 0 && column < width && row >= 0 && row < height {
            let source = old + (row * width + column) * channels
            for c in 0..<channels { target[c] = source[c] }
          }
          target += channels
          x &+= stepX
          y &+= stepY
        }
        rowX &+= downX
        rowY &+= downY
      }
    }
  }

  private func interpolated(_ map: AffineMap, _ interpolation: Interpolation, _ fill: UInt8) -> Image {
    mapped { old, new in
      new.initialize(repeating: fill, count: pixels.count)
      let reader = PlaceReader(samples: old, height: height, width: width, channels: channels)
      for row in 0..<height {
        for column in 0..<width {
          let (px, py) = (Double(column) + 0.5, Double(row) + 0.5)
          let x = map.m0 * px + map.m1 * py + map.m2
          let y = map.m3 * px + map.m4 * py + map.m5
          guard x >= 0 && x < Double(width) && y >= 0 && y < Double(height) else { continue }
          let target = new + (row * width + column) * channels
          for c in 0..<channels {
            target[c] = interpolation == .bilinear
              ? reader.bilinear(x - 0.5, y - 0.5, c) : reader.bicubic(x - 0.5, y - 0.5, c)
          }
        }
      }
    }
  }
}

/// Where a pixel of the new image comes from: `x = m0 · x' + m1 · y' + m2`, `y = m3 · x' + m4 · y' + m5`.
private struct AffineMap {
  let m0, m1, m2, m3, m4, m5: Double
}

/// Reads between pixels; beyond the edge stands the pixel at the edge.
private struct PlaceReader {
  let samples: UnsafePointer<UInt8>
  let height: Int
  let width: Int
  let channels: Int

  func bilinear(_ x: Double, _ y: Double, _ channel: Int) -> UInt8 {
    let (column, row) = (Int(x.rounded(.down)), Int(y.rounded(.down)))
    let (dx, dy) = (x - Double(column), y - Double(row))
    let upper = line(row, column, channel, dx)
    let lower = row + 1 < height ? line(row + 1, column, channel, dx) : upper
    return UInt8(upper + (lower - upper) * dy)
  }

  func bicubic(_ x: Double, _ y: Double, _ channel: Int) -> UInt8 {
    let (column, row) = (Int(x.rounded(.down)), Int(y.rounded(.down)))
    let (dx, dy) = (x - Double(column), y - Double(row))
    let r0 = cubicLine(row - 1, column, channel, dx)
    let r1 = cubicLine(row, column, channel, dx)
    let r2 = cubicLine(row + 1, column, channel, dx)
    let r3 = cubicLine(row + 2, column, channel, dx)
    return UInt8(min(max(cubic(r0, r1, r2, r3, dy), 0), 255))
  }

  private func line(_ row: Int, _ column: Int, _ channel: Int, _ dx: Double) -> Double {
    let left = at(row, column, channel)
    return left + (at(row, column + 1, channel) - left) * dx
  }

  private func cubicLine(_ row: Int, _ column: Int, _ channel: Int, _ dx: Double) -> Double {
    cubic(
      at(row, column - 1, channel), at(row, column, channel), at(row, column + 1, channel),
      at(row, column + 2, channel), dx)
  }

  private func cubic(_ v1: Double, _ v2: Double, _ v3: Double, _ v4: Double, _ d: Double) -> Double {
    let p2 = v3 - v1
    let p3 = 2 * (v1 - v2) + v3 - v4
    let p4 = v2 - v1 - v3 + v4
    return v2 + d * (p2 + d * (p3 + d * p4))
  }

  private func at(_ row: Int, _ column: Int, _ channel: Int) -> Double {
    let y = min(max(row, 0), height - 1)
    let x = min(max(column, 0), width - 1)
    return Double(samples[(y * width + x) * channels + channel])
  }
}
