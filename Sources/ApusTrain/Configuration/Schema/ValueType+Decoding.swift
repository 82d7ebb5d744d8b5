extension ValueType {
  /// Reads the value of a key.
  ///
  /// - Parameter key: named in messages.
  /// - Throws: ``ConfigurationError`` with the place, what was found and what is taken.
  func decode(_ node: ConfigurationNode, _ key: String) throws -> OptionValue {
    if let value = try structure(node, key) { return value }
    guard let value = scalar(node) else {
      throw node.place.error("'\(key)' must be \(noun), not \(node.summary).\(hint(node))")
    }
    if let rule = brokenRule(value) {
      throw node.place.error("'\(key)' must be \(rule), not \(node.summary).\(hint(node))")
    }
    return value
  }

  /// What is wrong with a value that came from elsewhere than a file; nil where nothing is.
  func brokenRule(_ value: OptionValue) -> String? {
    switch (self, value) {
    case (.integer(let range), .integer(let number)):
      return range.contains(number) ? nil : ValueType.text(range, number)
    case (.extents(let range), .integer(let number)):
      return range.contains(number) ? nil : ValueType.text(range, number)
    case (.number(let range), .number(let number)):
      return range.contains(number) ? nil : range.text ?? "finite"
    case (.choice(let names), .text(let name)):
      return names.contains(name) ? nil : "one of \(names.joined(separator: ", "))"
    case (.text, .text(let text)):
      return text.isEmpty ? "a text" : nil
    case (.component(let table), .component(let component)):
      let names = table().names
      return names.contains(component.name) ? nil : "one of \(names.joined(separator: ", "))"
    case (.section(let options), _):
      if case .section = value { return nil }
      return options[0].type.brokenRule(value)
    case (.variants(let table), .component(let component)):
      guard let option = table()[component.name]?.options.first, let value = component.options[option.name]
      else { return "one of \(table().names.joined(separator: ", "))" }
      return option.type.brokenRule(value)
    default: return nil
    }
  }

  /// "at least 1", for a number outside of a range.
  private static func text(_ range: ClosedRange<Int>, _ number: Int) -> String {
    guard range.upperBound >= 1_000_000 else {
      return "from \(range.lowerBound) to \(range.upperBound)"
    }
    if number > range.upperBound { return "at most \(range.upperBound)" }
    return range.lowerBound == 0 ? "0 or greater" : "at least \(range.lowerBound)"
  }

  /// What is wanted, in general.
  var noun: String {
    switch self {
    case .natural: "a whole number from 0 on"
    case .integer: "a whole number"
    case .number: "a number"
    case .flag: "true or false"
    case .text: "a text"
    case .choice(let names): "one of \(names.joined(separator: ", "))"
    case .extents: "a whole number or a list of two"
    case .list(let type, let count):
      count.lowerBound == count.upperBound
        ? "a list of \(count.lowerBound), each \(type.noun)" : "a list, each \(type.noun)"
    case .either(let a, let b): "\(a.noun) or \(b.noun)"
    case .section(let options): "\(options[0].type.noun), or keys and values"
    case .component(let table): "the name of a \(table().kind), or 'name' and options"
    case .components(let table): "a list in which each is a \(table().kind)"
    case .variants(let table): "\(table().entries[0].options[0].type.noun), or keys and values"
    }
  }

  private func hint(_ node: ConfigurationNode) -> String {
    guard let text = node.text else { return "" }
    switch self {
    case .choice(let names): return nearest(text, names)
    case .component(let table): return nearest(text, table().names)
    default: return ""
    }
  }

  private func scalar(_ node: ConfigurationNode) -> OptionValue? {
    switch self {
    case .natural: node.plain.flatMap(UInt64.init).map(OptionValue.natural)
    case .integer, .extents: node.plain.flatMap(Int.init).map(OptionValue.integer)
    case .number: ValueType.number(node).map(OptionValue.number)
    case .flag:
      switch node.plain {
      case "true": .flag(true)
      case "false": .flag(false)
      default: nil
      }
    case .text: node.text.flatMap { $0.isEmpty ? nil : .text($0) }
    case .choice: node.text.flatMap { $0.isEmpty ? nil : .text($0) }
    case .component:
      node.text.flatMap { text in
        var component = Component(text)
        component.place = node.place
        return text.isEmpty ? nil : .component(component)
      }
    default: nil
    }
  }

  private static func number(_ node: ConfigurationNode) -> Double? {
    // Swift takes hexadecimal numbers and "nan" too; a configuration has no use for them.
    guard let text = node.plain, text.count <= 64, text.allSatisfy({ "0123456789+-.eE".contains($0) })
    else { return nil }
    return Double(text)
  }

  // MARK: - What has parts

  /// Reads what has parts; nil where this is a plain value.
  private func structure(_ node: ConfigurationNode, _ key: String) throws -> OptionValue? {
    switch (self, node.content) {
    case (.extents(let range), .list(let nodes)):
      return try ValueType.list(.integer(range), count: 2...2).elements(nodes, node, key)
    case (.list, .list(let nodes)):
      return try elements(nodes, node, key)
    case (.either(let a, let b), _):
      if let first = try? a.decode(node, key) { return first }
      // What looks like the first kind is reported as such: a number out of range is no misspelt word.
      if let value = a.scalar(node), let rule = a.brokenRule(value) {
        throw node.place.error("'\(key)' must be \(rule), not \(node.summary).")
      }
      if let second = try? b.decode(node, key) { return second }
      throw node.place.error("'\(key)' must be \(noun), not \(node.summary).")
    case (.section(let options), .mapping(let pairs)):
      return .section(try ValueType.options(pairs, options, node, in: "'\(key)'"))
    case (.section(let options), _):
      if case .list = node.content, case .list = options[0].type {
      } else if case .list = node.content {
        return nil
      }
      return .section([options[0].name: try options[0].type.decode(node, key)])
    case (.component(let table), .mapping(let pairs)):
      return .component(try ValueType.named(pairs, table(), node, key))
    case (.components(let table), .list(let nodes)):
      let table = table()
      return .list(try nodes.map { .component(try ValueType.item($0, table, key)) })
    case (.variants(let table), .mapping(let pairs)):
      return .component(try ValueType.variant(pairs, table(), node, key))
    case (.variants(let table), .scalar):
      let entry = table().entries[0]
      var component = Component(entry.name, [entry.name: try entry.options[0].type.decode(node, key)])
      component.place = node.place
      return .component(component)
    default: return nil
    }
  }

  private func elements(
    _ nodes: [ConfigurationNode], _ node: ConfigurationNode, _ key: String
  ) throws -> OptionValue {
    guard case .list(let type, let count) = self else { return .list([]) }
    guard count.contains(nodes.count) else {
      throw node.place.error("'\(key)' must be \(noun), not a list of \(nodes.count).")
    }
    return .list(try nodes.map { try type.decode($0, key) })
  }

  /// The options of a mapping; each known, none twice, none missing.
  static func options(
    _ pairs: [(key: ConfigurationNode, value: ConfigurationNode)],
    _ declared: [ConfigurationOption], _ node: ConfigurationNode, in owner: String
  ) throws -> [String: OptionValue] {
    var values: [String: OptionValue] = [:]
    for (key, value) in pairs {
      let name = key.text ?? "?"
      guard let option = declared.first(where: { $0.name == name }) else {
        throw unknown(key, declared.map(\.name), in: owner)
      }
      guard values[name] == nil else { throw key.place.error("'\(name)' occurs twice.") }
      values[name] = try option.type.decode(value, name)
    }
    if let missing = declared.first(where: { $0.isRequired && values[$0.name] == nil }) {
      throw node.place.error("\(owner) needs '\(missing.name)', \(missing.type.noun).")
    }
    return values
  }

  static func unknown(
    _ key: ConfigurationNode, _ known: [String], in owner: String?
  ) -> ConfigurationError {
    let name = key.text ?? "?"
    let place = owner.map { " in \($0)" } ?? ""
    let list = known.isEmpty ? "It takes none." : "Known keys: \(known.sorted().joined(separator: ", "))."
    return key.place.error(
      "there is no key '\(name.prefix(40))'\(place).\(nearest(name, known)) \(list)")
  }

  /// A mapping with `name` and options.
  private static func named(
    _ pairs: [(key: ConfigurationNode, value: ConfigurationNode)], _ table: ComponentTable,
    _ node: ConfigurationNode, _ key: String
  ) throws -> Component {
    let named = pairs.first { $0.key.text == "name" }
    guard let name = named.map({ $0.value.text ?? "" }) ?? table.fallback else {
      throw node.place.error("'\(key)' needs 'name', one of \(table.names.joined(separator: ", ")).")
    }
    guard let entry = table[name] else {
      let place = named?.value ?? node
      throw place.place.error(
        "'name' must be one of \(table.names.joined(separator: ", ")), not \(place.summary)."
          + nearest(name, table.names))
    }
    let declared = [ConfigurationOption("name", .text)] + entry.options
    var options = try options(pairs, declared, node, in: "'\(key)' (\(name))")
    options["name"] = nil
    var component = Component(name, options)
    component.place = node.place
    return component
  }

  /// A mapping whose keys are those of the one entry whose name is among them.
  private static func variant(
    _ pairs: [(key: ConfigurationNode, value: ConfigurationNode)], _ table: ComponentTable,
    _ node: ConfigurationNode, _ key: String
  ) throws -> Component {
    let found = table.entries.filter { entry in pairs.contains { $0.key.text == entry.name } }
    guard let entry = found.first, found.count == 1 else {
      if found.count > 1 {
        throw node.place.error("'\(key)' is of one kind: give '\(found[0].name)' or '\(found[1].name)'.")
      }
      let known = Set(table.entries.flatMap { $0.options.map(\.name) })
      if let stranger = pairs.first(where: { !known.contains($0.key.text ?? "") }) {
        throw unknown(stranger.key, table.names, in: "'\(key)'")
      }
      throw node.place.error("'\(key)' needs one of \(table.names.joined(separator: ", ")), which says where it is.")
    }
    var component = Component(entry.name, try options(pairs, entry.options, node, in: "'\(key)' (\(entry.name))"))
    component.place = node.place
    return component
  }

  /// `name`, `name: options` or `name: first option`.
  private static func item(
    _ node: ConfigurationNode, _ table: ComponentTable, _ key: String
  ) throws -> Component {
    var name = node
    var value: ConfigurationNode?
    if case .mapping(let pairs) = node.content {
      guard pairs.count == 1 else {
        throw node.place.error(
          "each of '\(key)' is one \(table.kind), as '- name: {options}'; this has \(pairs.count) keys. "
            + "Options are indented further, or stand in braces.")
      }
      (name, value) = pairs[0]
    }
    guard let text = name.text, let entry = table[text] else {
      throw name.place.error(
        "there is no \(table.kind) \(name.summary)." + nearest(name.text ?? "", table.names)
          + " Known are \(table.names.joined(separator: ", ")).")
    }
    var component = Component(text)
    component.place = name.place
    switch value?.content {
    case nil, .scalar("", isPlain: true)?:
      if let missing = entry.options.first(where: \.isRequired) {
        throw name.place.error("'\(text)' needs '\(missing.name)', \(missing.type.noun).")
      }
    case .mapping(let pairs)?:
      component.options = try options(pairs, entry.options, value!, in: "'\(text)'")
    default:
      guard let first = entry.options.first else {
        throw value!.place.error("'\(text)' takes no options, but \(value!.summary) was found.")
      }
      let missing = entry.options.dropFirst().first(where: \.isRequired)
      if let missing { throw name.place.error("'\(text)' needs '\(missing.name)', \(missing.type.noun).") }
      component.options = [first.name: try first.type.decode(value!, first.name)]
    }
    return component
  }
}
