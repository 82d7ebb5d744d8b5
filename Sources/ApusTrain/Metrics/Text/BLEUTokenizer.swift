/// How BLEU splits a text into words. Figures of different tokenizers cannot be compared.
public enum BLEUTokenizer: String, CaseIterable, Sendable {
  /// That of the reference script `mteval-v13a.pl`, for languages in Latin letters; sacrebleu's default.
  case v13a = "13a"
  /// At white space only, for text that is tokenized already.
  case none

  func callAsFunction(_ text: String) -> [[Unicode.Scalar]] {
    var line = Array(text.unicodeScalars)
    while let last = line.last, isSpace(last) { line.removeLast() }
    if self == .none { return words(line) }
    for (old, new) in BLEUTokenizer.replacements { line = line.replacing(old, with: new) }
    line = [" "] + line + [" "]
    line = line.flatMap { BLEUTokenizer.isSymbol($0) ? [" ", $0, " "] : [$0] }
    line = replacingPairs(line) { !isDigit($0) && isPoint($1) } by: { [$0, " ", $1, " "] }
    line = replacingPairs(line) { isPoint($0) && !isDigit($1) } by: { [" ", $0, " ", $1] }
    line = replacingPairs(line) { isDigit($0) && $1 == "-" } by: { [$0, " ", $1, " "] }
    return words(line)
  }

  /// In this order, as `&amp;lt;` shows.
  private static let replacements: [([Unicode.Scalar], [Unicode.Scalar])] = [
    ("<skipped>", ""), ("-\n", ""), ("\n", " "), ("&quot;", "\""), ("&amp;", "&"), ("&lt;", "<"),
    ("&gt;", ">"),
  ].map { (Array($0.0.unicodeScalars), Array($0.1.unicodeScalars)) }

  /// ASCII's punctuation but apostrophe, comma, dash and full stop; and the space.
  private static func isSymbol(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "{"..."~", "["..."`", " "..."&", "("..."+", ":"..."@", "/": true
    default: false
    }
  }
}

private func isDigit(_ scalar: Unicode.Scalar) -> Bool { "0"..."9" ~= scalar }
private func isPoint(_ scalar: Unicode.Scalar) -> Bool { scalar == "." || scalar == "," }

/// Pairs of neighbours replaced from left to right; none overlaps another.
private func replacingPairs(
  _ line: [Unicode.Scalar], _ matches: (Unicode.Scalar, Unicode.Scalar) -> Bool,
  by replacement: (Unicode.Scalar, Unicode.Scalar) -> [Unicode.Scalar]
) -> [Unicode.Scalar] {
  var result: [Unicode.Scalar] = []
  result.reserveCapacity(line.count)
  var index = 0
  while index < line.count {
    if index + 1 < line.count, matches(line[index], line[index + 1]) {
      result += replacement(line[index], line[index + 1])
      index += 2
    } else {
      result.append(line[index])
      index += 1
    }
  }
  return result
}
