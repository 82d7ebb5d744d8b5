import ApusFormats
import Yams

extension TrainingConfiguration {
  /// Reads a configuration file; keys that are left out keep their defaults.
  ///
  /// - Throws: `FormatError` for a file that cannot be read, ``ConfigurationError`` with line and
  ///   column for one that is no YAML, has unknown keys or values of a wrong type or range.
  public init(path: String) throws {
    let bytes = try ByteSource(path: path).readAll(limit: 1 << 20)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw ConfigurationError("it is not a text in UTF-8.", file: path)
    }
    try self.init(yaml: text, file: path)
  }

  /// Reads the text of a configuration file; `file` is its path for error messages.
  public init(yaml: String, file: String) throws {
    self.init()
    guard let node = try TrainingConfiguration.parse(yaml, file: file) else { return }
    guard let mapping = node.mapping else {
      throw ConfigurationError.at(node, file, "a list of 'key: value' lines is expected here.")
    }
    for (key, value) in mapping {
      guard let name = key.string, let set = TrainingConfiguration.setters[name] else {
        throw ConfigurationError.at(key, file, TrainingConfiguration.unknown(key.string ?? "?"))
      }
      if let wanted = set(&self, value) {
        throw ConfigurationError.at(
          value, file, "'\(name)' must be \(wanted), not \(value.summary).")
      }
      if let rule = TrainingConfiguration.rules[name], !rule.isMet(self) {
        throw ConfigurationError.at(
          value, file, "'\(name)' must be \(rule.text), not \(value.summary).")
      }
    }
  }

  /// The text of a configuration file with all keys.
  public func yaml() throws -> String {
    // Yams would round numbers; Swift's own text of a number reads back as the same number.
    var pairs: [(String, String)] = [
      ("data", data), ("model", model), ("epochs", "\(epochs)"), ("batchSize", "\(batchSize)"),
      ("learningRate", "\(learningRate)"), ("weightDecay", "\(weightDecay)"), ("shift", "\(shift)"),
    ]
    if let imageSize { pairs.append(("imageSize", "\(imageSize)")) }
    pairs.append(("seed", "\(seed)"))
    return try serialize(node: Node(pairs.map { (Node($0.0), Node($0.1)) }))
  }

  private static func parse(_ yaml: String, file: String) throws -> Node? {
    do {
      return try compose(yaml: yaml)
    } catch let error as YamlError {
      switch error {
      case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
        .composer(_, let problem, let mark, _):
        throw ConfigurationError(
          "this is not valid YAML: \(problem).", file: file, line: mark.line, column: mark.column)
      case .duplicatedKeysInMapping(let duplicates, let context):
        let names = duplicates.map { "'\($0)'" }.sorted().joined(separator: ", ")
        throw ConfigurationError(
          "\(names) occurs twice.", file: file, line: context.mark.line, column: context.mark.column)
      default:
        throw ConfigurationError("this is not valid YAML: \(error).", file: file)
      }
    }
  }

  /// Sets a property from a node; returns what kind of value is wanted where it is another one.
  private typealias Setter = @Sendable (inout TrainingConfiguration, Node) -> String?

  private static let setters: [String: Setter] = [
    "data": text(\.data),
    "model": text(\.model),
    "epochs": whole(\.epochs),
    "batchSize": whole(\.batchSize),
    "learningRate": number(\.learningRate),
    "weightDecay": number(\.weightDecay),
    "shift": whole(\.shift),
    "imageSize": { configuration, node in
      guard let value = node.plainInteger(Int.self) else { return "a whole number" }
      configuration.imageSize = value
      return nil
    },
    "seed": { configuration, node in
      guard let value = node.plainInteger(UInt64.self) else { return "a whole number from 0 on" }
      configuration.seed = value
      return nil
    },
  ]

  private typealias Path<Value> = WritableKeyPath<TrainingConfiguration, Value> & Sendable

  private static func text(_ path: Path<String>) -> Setter {
    { configuration, node in
      guard let scalar = node.scalar, !scalar.string.isEmpty else { return "a text" }
      configuration[keyPath: path] = scalar.string
      return nil
    }
  }

  private static func whole(_ path: Path<Int>) -> Setter {
    { configuration, node in
      guard let value = node.plainInteger(Int.self) else { return "a whole number" }
      configuration[keyPath: path] = value
      return nil
    }
  }

  private static func number(_ path: Path<Double>) -> Setter {
    { configuration, node in
      guard let scalar = node.scalar, scalar.style == .plain, let value = Double(scalar.string) else {
        return "a number"
      }
      configuration[keyPath: path] = value
      return nil
    }
  }

  private static func unknown(_ name: String) -> String {
    let known = setters.keys.sorted()
    let near = known.filter { editDistance($0.lowercased(), name.lowercased()) <= 2 }
    let guess = near.first.map { " Did you mean '\($0)'?" } ?? ""
    return "there is no key '\(name)'.\(guess) Known keys: \(known.joined(separator: ", "))."
  }
}

extension ConfigurationError {
  fileprivate static func at(_ node: Node, _ file: String, _ reason: String) -> ConfigurationError {
    ConfigurationError(reason, file: file, line: node.mark?.line, column: node.mark?.column)
  }
}

extension Node {
  /// The number, where this is an unquoted whole number.
  fileprivate func plainInteger<Value: FixedWidthInteger>(_ type: Value.Type) -> Value? {
    guard let scalar, scalar.style == .plain else { return nil }
    return Value(scalar.string)
  }

  /// The value as an error message shows it.
  fileprivate var summary: String {
    switch self {
    case .scalar(let scalar): scalar.string.isEmpty ? "nothing" : "'\(scalar.string.prefix(40))'"
    case .mapping: "a mapping"
    case .sequence: "a list"
    default: "an alias"
    }
  }
}
