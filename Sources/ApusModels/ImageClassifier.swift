import Apus

/// What a model for images is made for.
public struct ImageClassifierShape: Hashable, Sendable {
  public var height: Int
  public var width: Int
  public var channels: Int
  public var classes: Int

  public init(height: Int, width: Int, channels: Int, classes: Int) {
    self.height = height
    self.width = width
    self.channels = channels
    self.classes = classes
  }

  /// Colour images of 224 × 224 and 1,000 classes, what the published weights are for.
  public static let imageNet = ImageClassifierShape(
    height: 224, width: 224, channels: 3, classes: 1_000)

  /// Whether the images are below 64 pixels. The first strides of networks that were made for
  /// 224 × 224 would leave nothing of them, so they are left out.
  public var isSmall: Bool { min(height, width) < 64 }
}

/// The models by name.
public enum ModelRegistry {
  /// Makes a model for images: `f32[batch, height, width, channel]` to logits `[batch, class]`.
  public typealias Maker = @Sendable (Scope, ImageClassifierShape) -> any Layer

  /// Name and maker of each, in the order in which they are listed. The names are torchvision's
  /// where it has the model.
  private static let models: [(name: String, make: Maker)] = [
    ("cnn", { CNN($0, $1) }),
    ("mlp", { MLP($0, $1) }),
    ("lenet", { LeNet($0, $1) }),
    ("resnet10_x0_5", { ResNet($0, .resNet10($1, width: 32)) }),
    ("resnet18", { ResNet($0, .resNet18($1)) }),
    ("resnet34", { ResNet($0, .resNet34($1)) }),
    ("resnet50", { ResNet($0, .resNet50($1)) }),
    ("squeezenet1_1", { SqueezeNet($0, $1) }),
    ("mobilenet_v1", { MobileNetV1($0, .init($1)) }),
    ("mobilenet_v2", { MobileNetV2($0, .init($1)) }),
    ("shufflenet_v2_x0_5", { ShuffleNetV2($0, .x0_5($1)) }),
    ("shufflenet_v2_x1_0", { ShuffleNetV2($0, .x1_0($1)) }),
    ("vit_tiny", { VisionTransformer($0, .tiny($1)) }),
    ("vit_b_16", { VisionTransformer($0, .base($1)) }),
  ]

  public static let names = models.map(\.name)

  /// The maker of a model, or nil where there is none of this name.
  public static func maker(_ name: String) -> Maker? {
    models.first { $0.name == name }?.make
  }
}
