import ApusFormats

/// What stands beyond the edge of an image (torchvision's `padding_mode`).
public enum ImagePadding: Hashable, Sendable {
  /// One value in all channels.
  case constant(UInt8)
  /// The pixel at the edge.
  case edge
  /// The image mirrored at the pixels of the edge, which do not come twice.
  case reflect
  /// The image mirrored at its edge: the pixels there come twice.
  case symmetric

  /// Where the sample at `index`, which may be outside, is taken from; nil for a constant.
  func source(_ index: Int, _ count: Int) -> Int? {
    if index >= 0 && index < count { return index }
    switch self {
    case .constant: return nil
    case .edge: return min(max(index, 0), count - 1)
    case .reflect:
      guard count > 1 else { return 0 }
      let place = modulo(index, 2 * count - 2)
      return min(place, 2 * count - 2 - place)
    case .symmetric:
      let place = modulo(index, 2 * count)
      return min(place, 2 * count - 1 - place)
    }
  }

  private func modulo(_ a: Int, _ b: Int) -> Int { (a % b + b) % b }
}

extension Image {
  /// The part of the image that begins at (`top`, `left`), which may reach beyond its edges.
  public func cropped(
    top: Int, left: Int, height newHeight: Int, width newWidth: Int,
    padding: ImagePadding = .constant(0)
  ) -> Image {
    let columns = (0..<newWidth).map { padding.source(left + $0, width) }
    var fill: UInt8 = 0
    if case .constant(let value) = padding { fill = value }
    // Columns first..<last are inside and stand side by side.
    let first = min(max(0, -left), newWidth)
    let last = max(first, min(newWidth, width - left))
    return Image.make(height: newHeight, width: newWidth, channels: channels) { new in
      withSamples { old in
        for y in 0..<newHeight {
          let target = new + y * newWidth * channels
          guard let row = padding.source(top + y, height) else {
            target.initialize(repeating: fill, count: newWidth * channels)
            continue
          }
          let source = old + row * width * channels
          if last > first {
            (target + first * channels).initialize(
              from: source + (left + first) * channels, count: (last - first) * channels)
          }
          for range in [0..<first, last..<newWidth] {
            for x in range {
              for c in 0..<channels {
                target[x * channels + c] = columns[x].map { source[$0 * channels + c] } ?? fill
              }
            }
          }
        }
      }
    }
  }

  /// The image with left and right exchanged.
  public func flippedHorizontally() -> Image {
    let (rowLength, channels) = (width * channels, channels)
    return mapped { old, new in
      for y in 0..<height {
        let (source, target) = (old + y * rowLength, new + y * rowLength)
        for x in 0..<width {
          let mirrored = (width - 1 - x) * channels
          for c in 0..<channels { target[x * channels + c] = source[mirrored + c] }
        }
      }
    }
  }

  /// The image with top and bottom exchanged.
  public func flippedVertically() -> Image {
    let rowLength = width * channels
    return mapped { old, new in
      for y in 0..<height {
        (new + y * rowLength).initialize(from: old + (height - 1 - y) * rowLength, count: rowLength)
      }
    }
  }

  /// The image with a rectangle, where it lies inside, in one value.
  func erased(top: Int, left: Int, height: Int, width: Int, value: UInt8) -> Image {
    var pixels = pixels
    let rows = max(top, 0)..<max(top, 0, min(top + height, self.height))
    let columns = max(left, 0)..<max(left, 0, min(left + width, self.width))
    for y in rows {
      let row = y * self.width * channels
      for index in row + columns.lowerBound * channels..<row + columns.upperBound * channels {
        pixels[index] = value
      }
    }
    return Image(height: self.height, width: self.width, channels: channels, pixels: pixels)
  }
}
