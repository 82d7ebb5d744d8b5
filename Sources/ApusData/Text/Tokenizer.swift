/// Cuts text into tokens.
public protocol Tokenizer: Sendable {
  func tokens(_ text: String) -> [String]
}

/// What stands between white space.
public struct WhitespaceTokenizer: Tokenizer {
  public init() {}

  public func tokens(_ text: String) -> [String] {
    text.unicodeScalars.split { $0.properties.isWhitespace }.map { String($0) }
  }
}

/// One token for each character as a reader sees it (an extended grapheme cluster).
public struct CharacterTokenizer: Tokenizer {
  public init() {}

  public func tokens(_ text: String) -> [String] { text.map { String($0) } }
}

/// Words, and each other character that is no white space by itself: the regular expression
/// `\w+|[^\w\s]`, where a word's characters are letters, marks, digits and the low line.
public struct WordTokenizer: Tokenizer {
  public let lowercases: Bool

  public init(lowercases: Bool = true) { self.lowercases = lowercases }

  public func tokens(_ text: String) -> [String] {
    let text = lowercases ? text.lowercased() : text
    var tokens: [String] = []
    var word = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      if scalar.isWordCharacter {
        word.append(scalar)
        continue
      }
      if !word.isEmpty { tokens.append(String(word)) }
      word.removeAll(keepingCapacity: true)
      if !scalar.properties.isWhitespace { tokens.append(String(scalar)) }
    }
    if !word.isEmpty { tokens.append(String(word)) }
    return tokens
  }
}

extension Unicode.Scalar {
  var isLetter: Bool {
    if value < 0x80 { return (value | 0x20) &- 0x61 < 26 }
    switch properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: return true
    default: return false
    }
  }

  /// A digit, a Roman numeral, a fraction: Unicode's category N.
  var isNumber: Bool {
    if value < 0x80 { return value &- 0x30 < 10 }
    switch properties.generalCategory {
    case .decimalNumber, .letterNumber, .otherNumber: return true
    default: return false
    }
  }

  fileprivate var isWordCharacter: Bool {
    if isLetter || isNumber || self == "_" { return true }
    if value < 0x80 { return false }
    switch properties.generalCategory {
    case .nonspacingMark, .spacingMark, .enclosingMark: return true
    default: return false
    }
  }
}
