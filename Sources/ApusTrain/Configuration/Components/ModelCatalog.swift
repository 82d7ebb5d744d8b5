import Apus
import ApusModels

/// Makes a model, which is of one of these kinds.
enum ModelMaker: Sendable {
  case images(@Sendable (Scope, ImageClassifierShape) throws -> any Layer)
  case autoencoder(@Sendable (Scope, ImageShape) throws -> ImageAutoencoder)
  case table(@Sendable (Scope, TabularShape) throws -> any TabularModel)
  case text(@Sendable (Scope, TextShape) throws -> LanguageModel)
  case texts(@Sendable (_ scope: Scope, _ shape: TextShape, _ classes: Int) throws -> TextClassifier)
  case series(@Sendable (_ scope: Scope, _ history: Int, _ horizon: Int) throws -> any Layer)
  /// Layers in order, whatever they take.
  case layers(@Sendable (_ scope: Scope, _ input: [Int], _ target: PredictionTarget) throws -> LayerList)
}

/// The models that a configuration can name.
enum ModelCatalog {
  typealias Entry = Catalog<ModelMaker>.Entry
  typealias Option = ConfigurationOption

  /// The name of a model that is a list of layers.
  static let layers = "layers"

  static let catalog = Catalog<ModelMaker>(
    "model", fallback: layers,
    ModelRegistry.names.map(entry) + [listed] + autoencoders + tabular + languageModels + textClassifiers
      + forecasters)

  /// The names of the models that suit a kind of data.
  static func names(for kind: DataKind) -> [String] {
    switch kind {
    case .images: ModelRegistry.names + [layers] + autoencoders.map(\.name)
    case .table: tabular.map(\.name) + [layers]
    case .text: languageModels.map(\.name)
    case .texts: textClassifiers.map(\.name)
    case .series: forecasters.map(\.name)
    }
  }

  static func check(_ model: Component, for kind: DataKind) throws {
    guard names(for: kind).contains(model.name) else { throw unsuitable(model, for: kind) }
  }

  static func unsuitable(_ model: Component, for kind: DataKind) -> ConfigurationError {
    let names = names(for: kind)
    return model.place.error(
      "'model' must be one of \(names.joined(separator: ", ")) where the data is \(kind.noun), not '\(model.name)'."
        + nearest(model.name, names))
  }

  /// The classifier of images that a configuration names.
  static func classifier(_ definition: Component, _ scope: Scope, _ shape: ImageClassifierShape) throws -> any Layer {
    switch try catalog.make(definition) {
    case .images(let make): return try make(scope, shape)
    case .layers(let make): return try make(scope, [shape.height, shape.width, shape.channels], .classes(shape.classes))
    default: throw definition.place.error("'model': \(definition.name) is no classifier of images.")
    }
  }

  private static let width = Option.number("widthMultiplier", .from(0.05, to: 16), 1)

  private static func images(
    _ name: String, _ options: [Option] = [], _ meaning: String = "",
    _ make: @escaping @Sendable (Arguments) -> @Sendable (Scope, ImageClassifierShape) throws -> any Layer
  ) -> Entry {
    Entry(name, options, meaning) { .images(make($0)) }
  }

  private static func entry(_ name: String) -> Entry {
    switch name {
    case "mlp":
      images(name, [.integer("width", 1...1_000_000, 128)]) { a in
        { MLP($0, $1, width: a.integer("width")) }
      }
    case "squeezenet1_1":
      images(name, [.number("dropout", .share, 0.5)]) { a in
        { SqueezeNet($0, $1, dropout: a.number("dropout")) }
      }
    case "mobilenet_v1":
      images(name, [width]) { a in
        { MobileNetV1($0, .init($1, widthMultiplier: a.number("widthMultiplier"))) }
      }
    case "mobilenet_v2":
      images(name, [width, .number("dropout", .share, 0.2)]) { a in
        {
          MobileNetV2(
            $0, .init($1, widthMultiplier: a.number("widthMultiplier"), dropout: a.number("dropout")))
        }
      }
    case "vit_tiny": transformer(name) { .tiny($0) }
    case "vit_b_16": transformer(name) { .base($0) }
    default: images(name) { _ in { ModelRegistry.maker(name)!($0, $1) } }
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
    return images(name, options, "left out: as published") { a in
      { scope, shape in
        var configuration = preset(shape)
        if a.isGiven("patch") { configuration.patch = a.integer("patch") }
        if a.isGiven("depth") { configuration.depth = a.integer("depth") }
        if a.isGiven("heads") { configuration.heads = a.integer("heads") }
        if a.isGiven("width") { configuration.width = a.integer("width") }
        if a.isGiven("hidden") { configuration.hidden = a.integer("hidden") }
        configuration.dropout = a.number("dropout")
        try a.checkHeads(configuration.heads, width: configuration.width)
        return VisionTransformer(scope, configuration)
      }
    }
  }

  private static let listed = Entry(
    layers,
    [Option("layers", .components { LayerCatalog.catalog.table }, required: true, "in order")],
    "meant where there is no `name`"
  ) { a in
    .layers { scope, input, target in
      let list = try LayerList(a.components("layers"), scope, input: input, outputs: target.outputs)
      guard list.output == [target.outputs] else {
        let (wanted, last) =
          switch target {
          case .classes(let count):
            ("a classifier gives one number for each of \(count) classes", "classes")
          case .numbers: ("one number is predicted", "outputs")
          }
        let flattening = input.count > 1 ? "'flatten' or a global pooling, and " : ""
        throw a.error(
          "they end with \(list.output) for each example, but \(wanted); end with \(flattening)'linear: \(last)'.")
      }
      return list
    }
  }
}

extension Arguments {
  func checkHeads(_ heads: Int, width: Int) throws {
    guard width % heads == 0 else { throw error("'width' \(width) cannot be split among \(heads) 'heads'.") }
  }
}
