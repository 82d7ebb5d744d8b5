/// A value of a configuration that a ``ValueType`` has let pass.
public indirect enum OptionValue: Hashable, Sendable {
  case natural(UInt64)
  case integer(Int)
  case number(Double)
  case flag(Bool)
  case text(String)
  case list([OptionValue])
  case section([String: OptionValue])
  case component(Component)
}

/// One of the things that configurations choose by name, a layer or an optimizer for instance, with the
/// options it was given. Those left out have their defaults.
public struct Component: Hashable, Sendable {
  public var name: String
  public var options: [String: OptionValue]
  var place = ConfigurationPlace()

  public init(_ name: String, _ options: [String: OptionValue] = [:]) {
    self.name = name
    self.options = options
  }
}

extension Component: ExpressibleByStringLiteral {
  public init(stringLiteral value: String) { self.init(value) }
}

extension Component: CustomStringConvertible {
  public var description: String { name }
}

/// Options with the defaults of those left out. To ask for one that is not declared, or for another
/// type, is a mistake in the program.
struct Arguments {
  let place: ConfigurationPlace
  private let name: String
  private let given: [String: OptionValue]
  private let declared: [ConfigurationOption]

  init(_ component: Component, _ declared: [ConfigurationOption]) {
    place = component.place
    name = component.name
    given = component.options
    self.declared = declared
  }

  subscript(name: String) -> OptionValue? {
    if let value = given[name] { return value }
    guard let option = declared.first(where: { $0.name == name }) else {
      preconditionFailure("'\(self.name)' has no option '\(name)'")
    }
    return option.fallback
  }

  func isGiven(_ name: String) -> Bool { given[name] != nil }

  func error(_ reason: String) -> ConfigurationError { place.error("\(name): \(reason)") }

  func integer(_ name: String) -> Int {
    if case .integer(let value)? = self[name] { value } else { 0 }
  }

  func number(_ name: String) -> Double { optionalNumber(name) ?? 0 }

  func optionalNumber(_ name: String) -> Double? {
    if case .number(let value)? = self[name] { value } else { nil }
  }

  func flag(_ name: String) -> Bool { self[name] == .flag(true) }

  func text(_ name: String) -> String {
    if case .text(let value)? = self[name] { value } else { "" }
  }

  func integers(_ name: String) -> [Int] {
    switch self[name] {
    case .integer(let value)?: [value]
    case .list(let values)?: values.compactMap { if case .integer(let n) = $0 { n } else { nil } }
    default: []
    }
  }

  func numbers(_ name: String) -> [Double] {
    guard case .list(let values)? = self[name] else { return [] }
    return values.compactMap { if case .number(let n) = $0 { n } else { nil } }
  }

  /// Nil where it is left out.
  func texts(_ name: String) -> [String]? {
    guard case .list(let values)? = self[name] else { return nil }
    return values.compactMap { if case .text(let text) = $0 { text } else { nil } }
  }

  func optionalText(_ name: String) -> String? {
    if case .text(let value)? = self[name] { value } else { nil }
  }

  func components(_ name: String) -> [Component] {
    guard case .list(let values)? = self[name] else { return [] }
    return values.compactMap { if case .component(let c) = $0 { c } else { nil } }
  }

  /// The options of a section, without defaults.
  func section(_ name: String) -> [String: OptionValue]? {
    if case .section(let values)? = self[name] { values } else { nil }
  }
}
