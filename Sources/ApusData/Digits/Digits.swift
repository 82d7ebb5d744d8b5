/// The 1,797 handwritten digits of the UCI repository, 8 × 8 pixels, embedded in the program.
///
/// E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning
/// Repository, 1998, <https://doi.org/10.24432/C50P49>, CC BY 4.0: the test part of the original,
/// which is also what scikit-learn's `load_digits` returns, in the same order.
public enum Digits {
  /// Samples in all.
  public static let count = 1797
  /// Rows of one image.
  public static let height = 8
  /// Columns of one image.
  public static let width = 8
  /// The value of full ink; 0 is paper. Divide by it to get pixels from 0 to 1.
  public static let maximum: UInt8 = 16
  /// Names of the classes, in the order of the labels: "0" to "9".
  public static let classNames = (0..<10).map(String.init)

  /// The pixels, `[1797, 8, 8]`, row by row, 0 to ``maximum``.
  public static let images: [UInt8] = decoded.images
  /// The digit that each image shows, `[1797]`, 0 to 9.
  public static let labels: [UInt8] = decoded.labels

  /// The 1,437 samples to train on, in ascending order.
  public static let trainIndices: [Int] = split.train
  /// The 360 held-out samples, in ascending order.
  public static let testIndices: [Int] = split.test

  /// Each sample is a line: the label as a digit, then 64 letters.
  private static let decoded: (images: [UInt8], labels: [UInt8]) = {
    let pixels = height * width
    var images: [UInt8] = []
    var labels: [UInt8] = []
    images.reserveCapacity(count * pixels)
    labels.reserveCapacity(count)
    samples.withUTF8Buffer { text in
      for line in text.split(separator: UInt8(ascii: "\n")) {
        labels.append(line.first! - UInt8(ascii: "0"))
        for letter in line.dropFirst() { images.append(letter - UInt8(ascii: "a")) }
      }
    }
    precondition(labels.count == count && images.count == count * pixels)
    return (images, labels)
  }()

  /// The fixed split: with the samples ordered by label (and by position within a label), 360 of the
  /// 1,797 places, evenly spaced, are held out. So each class gives its share to within one sample,
  /// the same samples on every machine, whatever the seed.
  private static let split: (train: [Int], test: [Int]) = {
    let heldOut = 360
    let byLabel = labels.indices.sorted { (labels[$0], $0) < (labels[$1], $1) }
    var train: [Int] = []
    var test: [Int] = []
    for (place, index) in byLabel.enumerated() {
      let isHeldOut = (place + 1) * heldOut / count > place * heldOut / count
      if isHeldOut { test.append(index) } else { train.append(index) }
    }
    return (train.sorted(), test.sorted())
  }()
}
