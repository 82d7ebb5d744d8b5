import Apus
import ApusData

extension Example {
  /// The pictures of `--data`, which may be `digits`, or of the data set's own folder.
  func pictures() throws -> ImageDataset {
    try ImageDataset.open(options.data == Digits.name ? Digits.name : dataPath())
  }
}

extension LabeledImages {
  /// Pictures `[picture, height, width, channel]`, elements from 0 to 1, with their classes.
  init(_ x: Tensor, labels: [Int], classNames: [String]) {
    let bytes = round(x * 255).clamped(0, 255).to(.u8)
    self.init(
      size: ImageSize(height: x.shape[1], width: x.shape[2], channels: x.shape[3]),
      pixels: bytes.array(of: UInt8.self), labels: labels, classNames: classNames)
  }
}
