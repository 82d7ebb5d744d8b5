import ApusFormats
import Yams

extension TrainingConfiguration {
  /// Reads a configuration file; keys that are left out keep their defaults.
  ///
  /// - Throws: `FormatError` for a file that cannot be read, ``ConfigurationError`` with line and
  ///   column for one that is no YAML, has unknown keys or values of a wrong type or range.
  public init(path: String) throws {
    let bytes = try ByteSource(path: path).readAll(limit: ConfigurationNode.maximumByteCount)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw ConfigurationError("it is not a text in UTF-8.", file: path)
    }
    try self.init(yaml: text, file: path)
  }

  /// Reads the text of a configuration file; `file` is its path for error messages.
  public init(yaml: String, file: String) throws {
    self.init()
    guard let node = try ConfigurationNode.parse(yaml, file: file) else { return }
    guard case .mapping(let pairs) = node.content else {
      throw node.place.error("a list of 'key: value' lines is expected here.")
    }
    for (key, value) in pairs {
      guard let name = key.text, let known = TrainingConfiguration.keys.first(where: { $0.option.name == name })
      else {
        throw ValueType.unknown(key, TrainingConfiguration.keys.map(\.option.name), in: nil)
      }
      places[name] = key.place
      let decoded = try known.option.type.decode(value, name)
      if name == "data", case .component(let source) = decoded, source.options["imageSize"] != nil {
        places["data.imageSize"] = value.place
      }
      known.set(&self, decoded)
    }
    if places["model"] == nil { model = kind.model }
    try settle()
  }

  /// What two keys say together.
  private mutating func settle() throws {
    if let place = places["imageSize"], places["data.imageSize"] != nil {
      throw place.error("'imageSize' is given twice, here and in 'data'.")
    }
    if kind != .images, let place = places["shift"] {
      throw place.error("'shift' is for images; the data is \(kind.noun).")
    }
    if transforms != nil, let place = places["shift"] {
      throw place.error("'shift' is not used where there are 'transforms'; give 'randomCrop' a 'padding' there.")
    }
    if optimizer != nil, let place = places["weightDecay"] {
      throw place.error("'weightDecay' belongs into 'optimizer', which has its own.")
    }
    // One place for the learning rate, so that an option of the command line changes it.
    if case .number(let rate)? = optimizer?.options["learningRate"] {
      if let place = places["learningRate"] {
        throw place.error("'learningRate' is given twice, here and in 'optimizer'.")
      }
      learningRate = rate
      optimizer?.options["learningRate"] = nil
    }
    try places.filled { try validate() }
  }

  /// Keys and values, for a report.
  var settings: [(String, String)] {
    TrainingConfiguration.keys.compactMap { key in
      key.get(self).map { (key.option.name, $0.summary) }
    }
  }

  /// The text of a configuration file that gives the same configuration.
  public func yaml() throws -> String {
    let pairs = TrainingConfiguration.keys.compactMap { key in
      key.get(self).map { (Node(key.option.name), key.written($0)) }
    }
    return try serialize(node: Node(pairs))
  }
}

extension TrainingKey {
  /// A section with its first key alone is written as the value of that.
  fileprivate func written(_ value: OptionValue) -> Node {
    if case .section(let options) = option.type, case .section(let values) = value, values.count == 1,
      let only = values[options[0].name]
    {
      return options[0].type.write(only)
    }
    return option.type.write(value)
  }
}

extension Component {
  /// The text of a model in a bundle, from which ``init(model:file:)`` makes it again.
  func modelText() throws -> String {
    try serialize(node: ValueType.component { ModelCatalog.catalog.table }.write(.component(self)))
  }

  init(model text: String, file: String) throws {
    let type = ValueType.component { ModelCatalog.catalog.table }
    guard let node = try ConfigurationNode.parse(text, file: file),
      case .component(let component) = try type.decode(node, "model")
    else { throw ConfigurationError("its model has no definition.", file: file) }
    self = component
  }
}
