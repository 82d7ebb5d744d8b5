import Apus

/// What images a model makes.
public struct ImageShape: Hashable, Sendable {
  public var height: Int
  public var width: Int
  public var channels: Int

  public init(height: Int, width: Int, channels: Int) {
    self.height = height
    self.width = width
    self.channels = channels
  }

  /// How often both extents can be halved while they are 8 at least: 28 × 28 twice, 32 × 32 three times.
  var halvings: Int {
    var count = 0
    while height % (2 << count) == 0, width % (2 << count) == 0, min(height, width) >> count >= 8 {
      count += 1
    }
    return count
  }

  /// Height and width after all halvings.
  var smallest: [Int] { [height >> halvings, width >> halvings] }
}
