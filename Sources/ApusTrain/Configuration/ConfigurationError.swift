/// What is wrong with a configuration: where, what, and what to do.
public struct ConfigurationError: Error, Hashable, Sendable {
  /// The path of the file; nil for an option of the command line.
  public var file: String?
  /// Counted from 1.
  public var line: Int?
  public var column: Int?
  public var reason: String

  public init(_ reason: String, file: String? = nil, line: Int? = nil, column: Int? = nil) {
    self.file = file
    self.line = line
    self.column = column
    self.reason = reason
  }
}

extension ConfigurationError: CustomStringConvertible {
  public var description: String {
    let place = [file, line.map(String.init), column.map(String.init)].compactMap { $0 }
    return place.isEmpty ? reason : place.joined(separator: ":") + ": " + reason
  }
}
