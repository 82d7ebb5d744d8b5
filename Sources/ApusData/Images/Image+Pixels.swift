import ApusFormats

extension Image {
  /// The extents.
  public var size: ImageSize { ImageSize(height: height, width: width, channels: channels) }

  /// An image whose samples `fill` writes, every one of them.
  static func make(
    height: Int, width: Int, channels: Int, _ fill: (UnsafeMutablePointer<UInt8>) -> Void
  ) -> Image {
    precondition(height > 0 && width > 0, "an image has pixels, not \(height) × \(width)")
    let count = height * width * channels
    let pixels = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      if let base = buffer.baseAddress { fill(base) }
      initialized = count
    }
    return Image(height: height, width: width, channels: channels, pixels: pixels)
  }

  /// An image of the same size made from the samples of this one.
  func mapped(
    _ fill: (_ old: UnsafePointer<UInt8>, _ new: UnsafeMutablePointer<UInt8>) -> Void
  ) -> Image {
    Image.make(height: height, width: width, channels: channels) { new in
      withSamples { fill($0, new) }
    }
  }

  func withSamples<Result>(_ body: (UnsafePointer<UInt8>) -> Result) -> Result {
    precondition(!pixels.isEmpty, "the image has no pixels")
    return pixels.withUnsafeBufferPointer { body($0.baseAddress.unsafelyUnwrapped) }
  }

  /// Each sample replaced by its entry in the table of its channel, of 256 entries each; a single
  /// table serves all channels.
  func mapped(through tables: [UInt8]) -> Image {
    precondition(tables.count == 256 || tables.count == 256 * channels, "a table has 256 entries")
    let step = tables.count == 256 ? 0 : 256
    let (count, channels) = (height * width, channels)
    return tables.withUnsafeBufferPointer { tables in
      mapped { old, new in
        for channel in 0..<channels {
          let offset = channel * step
          for index in stride(from: channel, to: count * channels, by: channels) {
            new[index] = tables[offset + Int(old[index])]
          }
        }
      }
    }
  }
}
