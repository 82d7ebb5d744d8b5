import ApusData
import ApusFormats

/// Pictures of one size side by side, with lines between them.
enum PictureGrid {
  /// - Parameters:
  ///   - columns: the pictures of a row.
  ///   - scale: how many pixels wide and high each pixel is drawn.
  static func image(_ pictures: LabeledImages, columns: Int, scale: Int = 2) -> Image {
    let size = pictures.size
    let rows = (pictures.count + columns - 1) / columns
    let (cellHeight, cellWidth) = (size.height * scale + 1, size.width * scale + 1)
    let (height, width) = (rows * cellHeight + 1, columns * cellWidth + 1)
    var pixels = [UInt8](repeating: 128, count: height * width * size.channels)
    for index in 0..<pictures.count {
      let source = Array(pictures.pixels(of: index))
      let (top, left) = (index / columns * cellHeight + 1, index % columns * cellWidth + 1)
      for row in 0..<size.height * scale {
        let line = (row / scale) * size.width * size.channels
        let target = ((top + row) * width + left) * size.channels
        for sample in 0..<size.width * scale * size.channels {
          let (column, channel) = (sample / size.channels / scale, sample % size.channels)
          pixels[target + sample] = source[line + column * size.channels + channel]
        }
      }
    }
    return Image(height: height, width: width, channels: size.channels, pixels: pixels)
  }
}
