extension BytePairEncoding {
  /// Cuts a text where GPT-2 does; the parts joined are the text. The regular expression is
  /// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`.
  static func words(_ text: String) -> [Substring] {
    var words: [Substring] = []
    let scalars = text.unicodeScalars
    var position = scalars.startIndex
    while position < scalars.endIndex {
      let end = endOfWord(scalars, position)
      words.append(Substring(scalars[position..<end]))
      position = end
    }
    return words
  }

  private enum Kind { case letter, number, space, other }

  private static func kind(_ scalar: Unicode.Scalar) -> Kind {
    if scalar.isLetter { return .letter }
    if scalar.isNumber { return .number }
    return scalar.properties.isWhitespace ? .space : .other
  }

  private static let contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"]

  private static func endOfWord(
    _ scalars: String.UnicodeScalarView, _ start: String.Index
  ) -> String.Index {
    let first = scalars[start]
    if first == "'" {
      let rest = scalars[start...].prefix(3)
      for contraction in contractions where rest.starts(with: contraction.unicodeScalars) {
        return scalars.index(start, offsetBy: contraction.unicodeScalars.count)
      }
    }
    var runStart = start
    var runKind = kind(first)
    if first == " " {
      let next = scalars.index(after: start)
      if next < scalars.endIndex, kind(scalars[next]) != .space {
        runStart = next
        runKind = kind(scalars[next])
      }
    }
    var end = runStart
    var last = runStart
    while end < scalars.endIndex, kind(scalars[end]) == runKind {
      last = end
      end = scalars.index(after: end)
    }
    // White space before a word leaves its last character to the word.
    if runKind == .space, end < scalars.endIndex, last > start { return last }
    return end
  }
}
