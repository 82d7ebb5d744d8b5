import Apus

extension LabeledImages {
  /// The images at `indices` with their classes: `x` is `u8[batch, height, width, channel]`, 0 to 255,
  /// `y` is `i64[batch]`.
  ///
  /// With `shifts`, image `i` is moved by `shifts[i]` rows and columns; zeros come in at the edge.
  public func batch(_ indices: [Int], shifts: [(rows: Int, columns: Int)]? = nil) -> Batch {
    var batch = [UInt8](repeating: 0, count: indices.count * size.sampleCount)
    for (place, index) in indices.enumerated() {
      let target = place * size.sampleCount
      if let shift = shifts?[place] {
        copy(index, shift, into: &batch, at: target)
      } else {
        batch.replaceSubrange(target..<target + size.sampleCount, with: pixels(of: index))
      }
    }
    let shape = Shape([indices.count, size.height, size.width, size.channels])
    return Batch(
      x: Tensor(batch, shape: shape), y: Tensor(indices.map { Int64(labels[$0]) }))
  }

  private func copy(
    _ index: Int, _ shift: (rows: Int, columns: Int), into batch: inout [UInt8], at target: Int
  ) {
    let source = pixels(of: index)
    let rows = max(0, shift.rows)..<max(0, shift.rows, size.height + min(0, shift.rows))
    let first = max(0, shift.columns)
    let length = (size.width - abs(shift.columns)) * size.channels
    guard length > 0 else { return }
    for row in rows where row - shift.rows < size.height {
      let from = source.startIndex + ((row - shift.rows) * size.width + first - shift.columns) * size.channels
      let to = target + (row * size.width + first) * size.channels
      batch.replaceSubrange(to..<to + length, with: source[from..<from + length])
    }
  }
}
