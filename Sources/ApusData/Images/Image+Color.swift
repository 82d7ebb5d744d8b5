import ApusFormats

/// Pillow's changes of colour, number for number (`ImageEnhance`, `ImageOps`).
extension Image {
  /// Grey in as many channels as the image has.
  public var grayscale: Image { converted(toChannels: 1).converted(toChannels: channels) }

  /// Brighter for a factor above 1, black for 0.
  public func brightness(_ factor: Double) -> Image {
    blended(from: { _ in 0 }, factor)
  }

  /// More contrast for a factor above 1, the mean grey for 0.
  public func contrast(_ factor: Double) -> Image {
    let gray = converted(toChannels: 1).pixels
    let sum = gray.reduce(0) { $0 + Int($1) }
    let mean = UInt8(Double(sum) / Double(max(gray.count, 1)) + 0.5)
    return blended(from: { _ in mean }, factor)
  }

  /// More colourful for a factor above 1, grey for 0.
  public func saturation(_ factor: Double) -> Image {
    channels == 1 ? self : blended(from: grayscale, factor)
  }

  /// Sharper for a factor above 1, smoothed for 0.
  public func sharpness(_ factor: Double) -> Image { blended(from: smoothed(), factor) }

  /// The hues turned by a share of the colour circle, -0.5 to 0.5; grey images stay.
  public func hue(_ turn: Double) -> Image {
    precondition((-0.5...0.5).contains(turn), "hues turn by -0.5 to 0.5, not \(turn)")
    guard channels == 3 else { return self }
    let shift = UInt8(truncatingIfNeeded: Int(turn * 255))
    return mapped { old, new in
      for index in stride(from: 0, to: pixels.count, by: 3) {
        var color = HSV(red: old[index], green: old[index + 1], blue: old[index + 2])
        color.hue &+= shift
        (new[index], new[index + 1], new[index + 2]) = color.rgb
      }
    }
  }

  /// Each sample with only its highest `bits` bits.
  public func posterized(bits: Int) -> Image {
    precondition((0...8).contains(bits), "a sample has 0 to 8 bits, not \(bits)")
    let mask = UInt8(truncatingIfNeeded: 0xFF << (8 - bits))
    return mapped(through: (0...255).map { UInt8($0) & mask })
  }

  /// Samples from `threshold` on inverted.
  public func solarized(threshold: Double) -> Image {
    mapped(through: (0...255).map { Double($0) < threshold ? UInt8($0) : UInt8(255 - $0) })
  }

  /// Every sample as far from white as it was from black.
  public func inverted() -> Image { solarized(threshold: 0) }

  /// Each channel stretched so that its darkest sample is 0 and its lightest 255.
  public func autoContrasted() -> Image {
    mapped(
      through: histograms().flatMap { histogram in
        let low = histogram.firstIndex { $0 > 0 } ?? 0
        let high = histogram.lastIndex { $0 > 0 } ?? 0
        guard high > low else { return (0...255).map { UInt8($0) } }
        let scale = 255 / Double(high - low)
        return (0...255).map { UInt8(clamping: Int(Double($0) * scale - Double(low) * scale)) }
      })
  }

  /// Each channel changed so that all values are about as frequent.
  public func equalized() -> Image {
    mapped(
      through: histograms().flatMap { histogram in
        let used = histogram.filter { $0 > 0 }
        let step = (used.reduce(0, +) - (used.last ?? 0)) / 255
        guard used.count > 1 && step > 0 else { return (0...255).map { UInt8($0) } }
        var sum = step / 2
        return histogram.map { count in
          defer { sum += count }
          return UInt8(clamping: sum / step)
        }
      })
  }

  // MARK: - Parts

  /// From `base` (factor 0) over this image (factor 1) and beyond.
  private func blended(from base: Image, _ factor: Double) -> Image {
    base.withSamples { base in blend(base, factor) }
  }

  private func blended(from value: (Int) -> UInt8, _ factor: Double) -> Image {
    // The new value depends on the old one alone.
    let alpha = Float(factor)
    return mapped(
      through: (0...255).map { sample in
        Image.blend(Float(value(sample)), Float(sample), alpha)
      })
  }

  private func blend(_ base: UnsafePointer<UInt8>, _ factor: Double) -> Image {
    let (alpha, count) = (Float(factor), pixels.count)
    return mapped { old, new in
      for index in 0..<count { new[index] = Image.blend(Float(base[index]), Float(old[index]), alpha) }
    }
  }

  private static func blend(_ base: Float, _ sample: Float, _ alpha: Float) -> UInt8 {
    UInt8(min(max(base + alpha * (sample - base), 0), 255))
  }

  /// A mean over 3 × 3 pixels in which the middle counts five times; the edge stays.
  private func smoothed() -> Image {
    guard height > 2 && width > 2 else { return self }
    let (rowLength, channels) = (width * channels, channels)
    return mapped { old, new in
      new.initialize(from: old, count: pixels.count)
      for y in 1..<height - 1 {
        let middle = old + y * rowLength
        let (above, below) = (middle - rowLength, middle + rowLength)
        let target = new + y * rowLength
        for x in channels..<rowLength - channels {
          let (left, right) = (x - channels, x + channels)
          var sum = Int32(above[left]) + Int32(above[x]) + Int32(above[right])
          sum += Int32(middle[left]) + 5 * Int32(middle[x]) + Int32(middle[right])
          sum += Int32(below[left]) + Int32(below[x]) + Int32(below[right])
          target[x] = UInt8((2 * sum + 13) / 26)
        }
      }
    }
  }

  /// How often each value is in each channel.
  private func histograms() -> [[Int]] {
    (0..<channels).map { channel in
      [Int](unsafeUninitializedCapacity: 256) { counts, initialized in
        counts.initialize(repeating: 0)
        initialized = 256
        withSamples { samples in
          for index in stride(from: channel, to: pixels.count, by: channels) {
            counts[Int(samples[index])] += 1
          }
        }
      }
    }
  }
}

/// Hue, saturation and value with 8 bits each, as Pillow converts them.
private struct HSV {
  var hue: UInt8
  var saturation: UInt8
  var value: UInt8

  init(red: UInt8, green: UInt8, blue: UInt8) {
    let (highest, lowest) = (max(red, green, blue), min(red, green, blue))
    value = highest
    guard highest > lowest else {
      (hue, saturation) = (0, 0)
      return
    }
    let range = Float(highest - lowest)
    let r = Float(highest - red) / range
    let g = Float(highest - green) / range
    let b = Float(highest - blue) / range
    var sector: Float
    if red == highest {
      sector = b - g
    } else if green == highest {
      sector = Float(2 + Double(r) - Double(b))
    } else {
      sector = Float(4 + Double(g) - Double(r))
    }
    let turns = Double(sector) / 6 + 1
    sector = Float(turns - turns.rounded(.down))
    hue = UInt8(clamping: Int(Double(sector) * 255))
    saturation = UInt8(clamping: Int(Double(range / Float(highest)) * 255))
  }

  var rgb: (UInt8, UInt8, UInt8) {
    guard saturation > 0 else { return (value, value, value) }
    let sixths = Float(hue) * 6 / 255
    let sector = Int(sixths.rounded(.down))
    let fraction = Double(sixths - Float(sector))
    let (share, full) = (Double(Float(saturation) / 255), Double(value))
    let p = HSV.sample(full * (1 - share))
    let q = HSV.sample(full * (1 - share * fraction))
    let t = HSV.sample(full * (1 - share * (1 - fraction)))
    switch sector % 6 {
    case 0: return (value, t, p)
    case 1: return (q, value, p)
    case 2: return (p, value, t)
    case 3: return (p, q, value)
    case 4: return (t, p, value)
    default: return (value, p, q)
    }
  }

  private static func sample(_ value: Double) -> UInt8 {
    UInt8(clamping: Int(value.rounded(.toNearestOrAwayFromZero)))
  }
}
