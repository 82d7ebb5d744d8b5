import Apus
import ApusModels

/// The classifiers of images that a configuration can name.
enum ModelCatalog {
  typealias Make = @Sendable (Scope, ImageClassifierShape) throws -> any Layer
  typealias Entry = Catalog<Make>.Entry
  typealias Option = ConfigurationOption

  /// The name of a model that is a list of layers.
  static let layers = "layers"

  static let catalog = Catalog<Make>(
    "model", fallback: layers, ModelRegistry.names.map(entry) + [listed])

  private static let width = Option.number("widthMultiplier", .from(0.05, to: 16), 1)

  private static func entry(_ name: String) -> Entry {
    switch name {
    case "mlp":
      Entry(name, [.integer("width", 1...1_000_000, 128)]) { a in
        { MLP($0, $1, width: a.integer("width")) }
      }
    case "squeezenet1_1":
      Entry(name, [.number("dropout", .share, 0.5)]) { a in
        { SqueezeNet($0, $1, dropout: a.number("dropout")) }
      }
    case "mobilenet_v1":
      Entry(name, [width]) { a in
        { MobileNetV1($0, .init($1, widthMultiplier: a.number("widthMultiplier"))) }
      }
    case "mobilenet_v2":
      Entry(name, [width, .number("dropout", .share, 0.2)]) { a in
        {
          MobileNetV2(
            $0, .init($1, widthMultiplier: a.number("widthMultiplier"), dropout: a.number("dropout")))
        }
      }
    case "vit_tiny": transformer(name) { .tiny($0) }
    case "vit_b_16": transformer(name) { .base($0) }
    default: Entry(name) { _ in { ModelRegistry.maker(name)!($0, $1) } }
    }
  }

  private static func transformer(
    _ name: String,
    _ preset: @escaping @Sendable (ImageClassifierShape) -> VisionTransformer.Configuration
  ) -> Entry {
    let options: [Option] = [
      .integer("patch", 1...4096, nil, "4 below 64 pixels, else 16"), .integer("depth", 1...1024),
      .integer("heads", 1...1024), .integer("width", 1...65_536), .integer("hidden", 1...262_144),
      .number("dropout", .share, 0),
    ]
    return Entry(name, options, "left out: as published") { a in
      { scope, shape in
        var configuration = preset(shape)
        if a.isGiven("patch") { configuration.patch = a.integer("patch") }
        if a.isGiven("depth") { configuration.depth = a.integer("depth") }
        if a.isGiven("heads") { configuration.heads = a.integer("heads") }
        if a.isGiven("width") { configuration.width = a.integer("width") }
        if a.isGiven("hidden") { configuration.hidden = a.integer("hidden") }
        configuration.dropout = a.number("dropout")
        guard configuration.width % configuration.heads == 0 else {
          throw a.error(
            "'width' \(configuration.width) cannot be split among \(configuration.heads) 'heads'.")
        }
        return VisionTransformer(scope, configuration)
      }
    }
  }

  private static let listed = Entry(
    layers,
    [Option("layers", .components { LayerCatalog.catalog.table }, required: true, "in order")],
    "meant where there is no `name`"
  ) { a in
    { scope, shape in
      let list = try LayerList(
        a.components("layers"), scope, input: [shape.height, shape.width, shape.channels],
        classes: shape.classes)
      guard list.output == [shape.classes] else {
        throw a.error(
          "they end with \(list.output) for each example, but a classifier gives one number for each of "
            + "\(shape.classes) classes; end with 'flatten' or a global pooling, and 'linear: classes'.")
      }
      return list
    }
  }
}
