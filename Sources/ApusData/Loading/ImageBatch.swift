import Apus

/// Some images with their classes, as tensors.
public struct ImageBatch: Sendable {
  /// `u8[batch, height, width, channel]`, 0 to 255.
  public let x: Tensor
  /// `i64[batch]`, the class of each image.
  public let y: Tensor
  /// Where the images stand in the data set.
  public let indices: [Int]

  /// The images at `indices`. With `shifts`, image `i` is moved by `shifts[i]` rows and columns, and
  /// black comes in at the edge.
  public init(_ images: LabeledImages, _ indices: [Int], shifts: [(rows: Int, columns: Int)]? = nil) {
    let size = images.size
    var pixels = [UInt8](repeating: 0, count: indices.count * size.sampleCount)
    for (place, index) in indices.enumerated() {
      let target = place * size.sampleCount
      let source = images.pixels(of: index)
      if let shift = shifts?[place] {
        ImageBatch.copy(source, size, shift, into: &pixels, at: target)
      } else {
        pixels.replaceSubrange(target..<target + size.sampleCount, with: source)
      }
    }
    x = Tensor(pixels, shape: [indices.count, size.height, size.width, size.channels])
    y = Tensor(indices.map { Int64(images.labels[$0]) })
    self.indices = indices
  }

  public var count: Int { indices.count }

  private static func copy(
    _ source: ArraySlice<UInt8>, _ size: ImageSize, _ shift: (rows: Int, columns: Int),
    into pixels: inout [UInt8], at target: Int
  ) {
    let rowLength = size.width * size.channels
    let rows = max(0, shift.rows)..<(size.height + min(0, shift.rows))
    let columns = max(0, shift.columns)..<(size.width + min(0, shift.columns))
    guard !rows.isEmpty, !columns.isEmpty else { return }
    for row in rows {
      let from = source.startIndex + (row - shift.rows) * rowLength
      let offset = (columns.lowerBound - shift.columns) * size.channels
      let length = columns.count * size.channels
      let to = target + row * rowLength + columns.lowerBound * size.channels
      pixels.replaceSubrange(to..<to + length, with: source[(from + offset)..<(from + offset + length)])
    }
  }
}
