extension Digits {
  /// The name of this data set on the command line.
  public static let name = "digits"

  /// The digits as a task: 1,437 images to train on, 360 held out, ink 255 on paper 0.
  public static let dataset: ImageDataset = {
    let all = LabeledImages(
      size: ImageSize(height: height, width: width, channels: 1),
      pixels: images.map { UInt8((Int($0) * 255 + Int(maximum) / 2) / Int(maximum)) },
      labels: labels.map(Int.init), classNames: classNames)
    return ImageDataset(
      name: name, training: all.subset(trainIndices), heldOut: all.subset(testIndices))
  }()
}
