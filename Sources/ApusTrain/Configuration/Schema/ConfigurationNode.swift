import Yams

/// A place in a configuration file, for messages. All places are equal: a configuration read back from
/// what it has written is the same one.
public struct ConfigurationPlace: Hashable, Sendable {
  var file: String?
  var line: Int?
  var column: Int?

  public static func == (a: ConfigurationPlace, b: ConfigurationPlace) -> Bool { true }
  public func hash(into hasher: inout Hasher) {}

  func error(_ reason: String) -> ConfigurationError {
    ConfigurationError(reason, file: file, line: line, column: column)
  }
}

/// The places of a file's keys by name, for messages about what concerns several, or the data. All are equal.
struct KeyPlaces: Hashable, Sendable {
  private var places: [String: ConfigurationPlace] = [:]

  static func == (a: KeyPlaces, b: KeyPlaces) -> Bool { true }
  func hash(into hasher: inout Hasher) {}

  subscript(key: String) -> ConfigurationPlace? {
    get { places[key] }
    set { places[key] = newValue }
  }

  /// Errors that begin with a key, as in `'metrics': …`, and have no place get that of the key.
  func filled<Result>(_ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch var error as ConfigurationError where error.file == nil && error.reason.hasPrefix("'") {
      let key = error.reason.split(separator: "'").first.map { String($0) } ?? ""
      let place = places[key]
      (error.file, error.line, error.column) = (place?.file, place?.line, place?.column)
      throw error
    }
  }
}

/// A value of a configuration file with its place.
struct ConfigurationNode {
  enum Content {
    case scalar(String, isPlain: Bool)
    case list([ConfigurationNode])
    case mapping([(key: ConfigurationNode, value: ConfigurationNode)])
  }

  let content: Content
  let place: ConfigurationPlace

  static let maximumByteCount = 1 << 18
  private static let maximumDepth = 32

  /// Reads a text; nil where it holds nothing.
  ///
  /// - Throws: ``ConfigurationError`` for what is no YAML, and for what no configuration needs: aliases,
  ///   more than 32 levels, more than 256 KiB.
  static func parse(_ yaml: String, file: String) throws -> ConfigurationNode? {
    guard yaml.utf8.count <= maximumByteCount else {
      throw ConfigurationError("it is longer than \(maximumByteCount) bytes.", file: file)
    }
    if let name = alias(in: yaml) {
      throw ConfigurationError(
        "aliases ('*\(name)') are not taken; write the values out.", file: file)
    }
    do {
      return try compose(yaml: yaml).map { try ConfigurationNode($0, file: file, depth: 0) }
    } catch let error as YamlError {
      throw ConfigurationError(error, file: file)
    }
  }

  private init(_ node: Node, file: String, depth: Int) throws {
    place = ConfigurationPlace(file: file, line: node.mark?.line, column: node.mark?.column)
    guard depth < ConfigurationNode.maximumDepth else {
      throw place.error("values lie in each other more than \(ConfigurationNode.maximumDepth) deep.")
    }
    switch node {
    case .scalar(let scalar):
      content = .scalar(scalar.string, isPlain: scalar.style == .plain)
    case .sequence(let nodes):
      content = .list(try nodes.map { try ConfigurationNode($0, file: file, depth: depth + 1) })
    case .mapping(let pairs):
      content = .mapping(
        try pairs.map { key, value in
          (
            key: try ConfigurationNode(key, file: file, depth: depth + 1),
            value: try ConfigurationNode(value, file: file, depth: depth + 1)
          )
        })
    case .alias:
      throw place.error("aliases are not taken; write the values out.")
    }
  }

  /// A name that stands behind `&` and behind `*`, as an anchor and its alias do, whatever is quoted:
  /// without one nothing grows when it is read.
  private static func alias(in yaml: String) -> String? {
    var anchors: Set<String> = []
    var aliases: Set<String> = []
    let bytes = Array(yaml.utf8)
    for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: "&") || byte == UInt8(ascii: "*") {
      let name = String(decoding: bytes[(index + 1)...].prefix(64).prefix(while: isNamePart), as: UTF8.self)
      guard !name.isEmpty else { continue }
      if byte == UInt8(ascii: "&") { anchors.insert(name) } else { aliases.insert(name) }
    }
    return anchors.intersection(aliases).min()
  }

  private static func isNamePart(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"), UInt8(ascii: "-"):
      true
    default: false
    }
  }

  /// The text of a scalar; nil for others.
  var text: String? {
    if case .scalar(let text, _) = content { text } else { nil }
  }

  /// The text of a scalar without quotes; nil for others.
  var plain: String? {
    if case .scalar(let text, isPlain: true) = content { text } else { nil }
  }

  /// The value as an error message shows it.
  var summary: String {
    switch content {
    case .scalar(let text, _): text.isEmpty ? "nothing" : "'\(text.prefix(40))'"
    case .mapping: "a mapping"
    case .list: "a list"
    }
  }
}

extension ConfigurationError {
  fileprivate init(_ error: YamlError, file: String) {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      let isDeep = problem.hasPrefix("Maximum nesting")
      self.init(
        isDeep ? "values lie in each other too deep." : "this is not valid YAML: \(problem).", file: file, line: mark.line, column: mark.column)
    case .duplicatedKeysInMapping(let duplicates, let context):
      let names = duplicates.map { "'\($0)'" }.sorted().joined(separator: ", ")
      self.init(
        "\(names) occurs twice.", file: file, line: context.mark.line, column: context.mark.column)
    default:
      self.init("this is not valid YAML: \(error).", file: file)
    }
  }
}
