/// What a key takes: one declaration for decoding, checking, documentation and writing.
indirect enum ValueType: Sendable {
  /// A whole number of 64 bits from 0 on.
  case natural
  case integer(ClosedRange<Int>)
  case number(NumberRange)
  case flag
  case text
  case choice([String])
  /// A whole number, or a list of two: height and width.
  case extents(ClosedRange<Int>)
  case list(ValueType, count: ClosedRange<Int>)
  case either(ValueType, ValueType)
  /// Keys of its own; a value that is no mapping is that of the first key.
  case section([ConfigurationOption])
  /// A name, or a mapping with `name` and options.
  case component(@Sendable () -> ComponentTable)
  /// A list of names, `name: options`, or `name: first option`.
  case components(@Sendable () -> ComponentTable)
  /// Keys of its own, of which one is the name of an entry, and its first option. A value that is no mapping is that
  /// of the first entry.
  case variants(@Sendable () -> ComponentTable)
}

/// Numbers between two bounds, the lower of which may be left out itself. All are finite.
struct NumberRange: Sendable {
  var low = -Double.greatestFiniteMagnitude
  var high = Double.greatestFiniteMagnitude
  var isOpen = false

  static let any = NumberRange()
  static let positive = NumberRange(low: 0, isOpen: true)
  static let nonNegative = NumberRange(low: 0)
  static let share = NumberRange(low: 0, high: 1)
  static func from(_ low: Double, to high: Double) -> NumberRange { NumberRange(low: low, high: high) }

  func contains(_ value: Double) -> Bool {
    value.isFinite && value <= high && (isOpen ? value > low : value >= low)
  }

  /// What a value must be; nil where all finite numbers are taken.
  var text: String? {
    let hasHigh = high < Double.greatestFiniteMagnitude
    guard low > -Double.greatestFiniteMagnitude else {
      return hasHigh ? "at most \(withoutZeros(high))" : nil
    }
    let (from, to) = (withoutZeros(low), withoutZeros(high))
    if isOpen { return "greater than \(from)" + (hasHigh ? ", at most \(to)" : "") }
    return hasHigh ? "from \(from) to \(to)" : "\(from) or greater"
  }
}

/// A number without ".0".
func withoutZeros(_ value: Double) -> String {
  value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
}

/// One key: its name, what it takes, what it is when left out, what it means.
struct ConfigurationOption: Sendable {
  var name: String
  var type: ValueType
  var fallback: OptionValue?
  var isRequired = false
  var meaning = ""

  init(
    _ name: String, _ type: ValueType, _ fallback: OptionValue? = nil, required: Bool = false,
    _ meaning: String = ""
  ) {
    self.name = name
    self.type = type
    self.fallback = fallback
    isRequired = required
    self.meaning = meaning
  }

  /// A whole number with a default.
  static func integer(
    _ name: String, _ range: ClosedRange<Int>, _ fallback: Int? = nil, required: Bool = false,
    _ meaning: String = ""
  ) -> ConfigurationOption {
    ConfigurationOption(name, .integer(range), fallback.map(OptionValue.integer), required: required, meaning)
  }

  static func number(
    _ name: String, _ range: NumberRange, _ fallback: Double? = nil, required: Bool = false,
    _ meaning: String = ""
  ) -> ConfigurationOption {
    ConfigurationOption(name, .number(range), fallback.map(OptionValue.number), required: required, meaning)
  }

  static func flag(_ name: String, _ fallback: Bool, _ meaning: String = "") -> ConfigurationOption {
    ConfigurationOption(name, .flag, .flag(fallback), meaning)
  }

  static func choice(
    _ name: String, _ names: [String], _ fallback: String, _ meaning: String = ""
  ) -> ConfigurationOption {
    ConfigurationOption(name, .choice(names), .text(fallback), meaning)
  }

  static func extents(
    _ name: String, _ range: ClosedRange<Int>, _ fallback: Int? = nil, required: Bool = false,
    _ meaning: String = ""
  ) -> ConfigurationOption {
    ConfigurationOption(name, .extents(range), fallback.map(OptionValue.integer), required: required, meaning)
  }

  /// Two numbers, the lower first.
  static func range(
    _ name: String, _ range: NumberRange, _ low: Double, _ high: Double, _ meaning: String = ""
  ) -> ConfigurationOption {
    ConfigurationOption(
      name, .list(.number(range), count: 2...2), .list([.number(low), .number(high)]), meaning)
  }
}

/// Things that a configuration chooses by name.
struct ComponentTable: Sendable {
  struct Entry: Sendable {
    var name: String
    var options: [ConfigurationOption]
    var meaning: String
  }

  /// What one of them is called, `a layer`.
  var kind: String
  var entries: [Entry]
  /// The one that is meant where `name` is left out; nil where it must be given.
  var fallback: String?

  var names: [String] { entries.map(\.name) }

  subscript(name: String) -> Entry? { entries.first { $0.name == name } }
}

/// A table with what makes the things of it.
struct Catalog<Product>: Sendable {
  typealias Maker = @Sendable (Arguments) throws -> Product

  struct Entry: Sendable {
    var name: String
    var options: [ConfigurationOption]
    var meaning: String
    var make: Maker

    init(
      _ name: String, _ options: [ConfigurationOption] = [], _ meaning: String = "",
      _ make: @escaping Maker
    ) {
      (self.name, self.options, self.meaning, self.make) = (name, options, meaning, make)
    }
  }

  let table: ComponentTable
  private let makers: [String: Maker]

  /// - Parameter common: options that all of them have.
  init(
    _ kind: String, fallback: String? = nil, common: [ConfigurationOption] = [], _ entries: [Entry]
  ) {
    table = ComponentTable(
      kind: kind,
      entries: entries.map { .init(name: $0.name, options: $0.options + common, meaning: $0.meaning) },
      fallback: fallback)
    makers = Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0.make) })
  }

  func arguments(_ component: Component) throws -> Arguments {
    guard let entry = table[component.name] else {
      throw component.place.error(
        "there is no \(table.kind) '\(component.name)'." + nearest(component.name, table.names)
          + " Known are \(table.names.joined(separator: ", ")).")
    }
    return Arguments(component, entry.options)
  }

  func make(_ component: Component) throws -> Product {
    let arguments = try arguments(component)
    return try makers[component.name]!(arguments)
  }
}

/// " Did you mean …?", or nothing where no name is near.
func nearest(_ name: String, _ known: [String]) -> String {
  let lower = String(name.lowercased().prefix(64))
  let near = known.map { other in
    // Of equally near ones that which begins alike.
    let alike = zip(other.lowercased(), lower).prefix { $0 == $1 }.count
    return (name: other, distance: editDistance(other.lowercased(), lower), alike: alike)
  }
  let best = near.min { ($0.distance, -$0.alike) < ($1.distance, -$1.alike) }
  guard let best, best.distance <= 2 else { return "" }
  return " Did you mean '\(best.name)'?"
}
