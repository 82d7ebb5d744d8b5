import Yams

extension ValueType {
  /// The value as it stands in a file.
  func write(_ value: OptionValue) -> Node {
    switch (self, value) {
    case (_, .natural(let number)): return Node("\(number)")
    case (_, .integer(let number)): return Node("\(number)")
    // Yams would round numbers; Swift's own text of a number reads back as the same number.
    case (_, .number(let number)): return Node("\(number)")
    case (_, .flag(let flag)): return Node("\(flag)")
    case (_, .text(let text)):
      // What reads as a number or a truth value is one unless it is quoted; only texts are.
      return Node(text)
    case (.list(let type, _), .list(let values)):
      return ValueType.flow(values.map(type.write))
    case (.extents, .list(let values)):
      return ValueType.flow(values.map(self.write))
    case (.either(let a, let b), _):
      return a.accepts(value) ? a.write(value) : b.write(value)
    case (.section(let options), .section(let values)):
      return ValueType.mapping(options, values)
    case (.component(let table), .component(let component)):
      guard let entry = table()[component.name], !component.options.isEmpty else {
        return Node(component.name)
      }
      let pairs = ValueType.pairs(entry.options, component.options)
      return Node([(Node("name"), Node(component.name))] + pairs)
    case (.components(let table), .list(let values)):
      let table = table()
      return Node(
        values.map { value in
          guard case .component(let component) = value else { return Node("") }
          guard let entry = table[component.name], !component.options.isEmpty else {
            return Node(component.name)
          }
          return Node([(Node(component.name), ValueType.mapping(entry.options, component.options))])
        })
    case (.variants(let table), .component(let component)):
      guard let entry = table()[component.name] else { return Node("") }
      // The first kind with nothing but its place is written as that.
      if entry.name == table().entries[0].name, component.options.count == 1, let only = component.options[entry.name] {
        return entry.options[0].type.write(only)
      }
      return ValueType.mapping(entry.options, component.options)
    default: return Node("")
    }
  }

  private static func flow(_ nodes: [Node]) -> Node {
    .sequence(Node.Sequence(nodes, .implicit, .flow))
  }

  private static func pairs(
    _ options: [ConfigurationOption], _ values: [String: OptionValue]
  ) -> [(Node, Node)] {
    options.compactMap { option in
      values[option.name].map { (Node(option.name), option.type.write($0)) }
    }
  }

  private static func mapping(
    _ options: [ConfigurationOption], _ values: [String: OptionValue]
  ) -> Node { Node(pairs(options, values)) }

  /// Whether a value is of this kind.
  private func accepts(_ value: OptionValue) -> Bool {
    switch (self, value) {
    case (.integer, .integer), (.extents, .integer), (.extents, .list), (.number, .number),
      (.flag, .flag), (.list, .list), (.section, .section):
      true
    case (.choice(let names), .text(let text)): names.contains(text)
    case (.text, .text): true
    default: false
    }
  }

  // MARK: - Documentation

  /// What a key takes, in a table of the documentation.
  var summary: String {
    switch self {
    case .natural: "whole number, 0 or greater"
    case .integer(let range):
      range.upperBound >= 1_000_000
        ? "whole number, \(range.lowerBound) or greater"
        : "whole number, \(range.lowerBound) to \(range.upperBound)"
    case .number(let range): range.text.map { "number, \($0)" } ?? "number"
    case .flag: "`true`, `false`"
    case .text: "text"
    case .choice(let names): names.map { "`\($0)`" }.joined(separator: ", ")
    case .extents(let range): "\(ValueType.integer(range).summary), or two of them"
    case .list(let type, let count):
      count.lowerBound == count.upperBound
        ? "\(count.lowerBound) of: \(type.summary)" : "list of: \(type.summary)"
    case .either(let a, let b): "\(a.summary), or \(b.summary)"
    case .section(let options):
      options[0].type.summary + "; or keys " + options.map { "`\($0.name)`" }.joined(separator: ", ")
    case .component(let table): withArticle(table().kind)
    case .components(let table): "list, each a \(table().kind)"
    case .variants(let table):
      "text; or keys, with one of " + table().names.map { "`\($0)`" }.joined(separator: ", ")
    }
  }
}

extension OptionValue {
  /// For a table.
  var summary: String {
    switch self {
    case .natural(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .number(let value): withoutZeros(value)
    case .flag(let value): "\(value)"
    case .text(let value): value
    case .list(let values): "[" + values.map(\.summary).joined(separator: ", ") + "]"
    case .section(let values): OptionValue.summary(values)
    case .component(let component):
      component.options.isEmpty
        ? component.name : "\(component.name)(\(OptionValue.summary(component.options)))"
    }
  }

  private static func summary(_ values: [String: OptionValue]) -> String {
    values.map { "\($0.key): \($0.value.summary)" }.sorted().joined(separator: ", ")
  }
}

/// The noun with its indefinite article.
private func withArticle(_ noun: String) -> String {
  noun.first.map("aeiou".contains) == true ? "an \(noun)" : "a \(noun)"
}
