/// The tokeniser of mteval-v13a, by which BLEU is usually counted; sacrebleu's `13a`.
///
/// Punctuation stands by itself, except for points and commas between digits; nothing is lowercased.
public struct Tokenizer13a: Tokenizer {
  public init() {}

  public func tokens(_ text: String) -> [String] {
    var text = text.replacing("<skipped>", with: "").replacing("-\n", with: "").replacing("\n", with: " ")
    if text.contains("&") {
      for (entity, character) in Tokenizer13a.entities { text = text.replacing(entity, with: character) }
    }
    var scalars = Array(" \(text) ".unicodeScalars)
    scalars = scalars.flatMap { Tokenizer13a.isSymbol($0) ? [" ", $0, " "] : [$0] }
    // A point or comma is apart unless a digit comes before, then unless one comes after; a hyphen after a digit.
    scalars = Tokenizer13a.rewriting(scalars) { a, b in
      !a.isDigit && (b == "." || b == ",") ? [a, " ", b, " "] : nil
    }
    scalars = Tokenizer13a.rewriting(scalars) { a, b in
      (a == "." || a == ",") && !b.isDigit ? [" ", a, " ", b] : nil
    }
    scalars = Tokenizer13a.rewriting(scalars) { a, b in a.isDigit && b == "-" ? [a, " ", b, " "] : nil }
    return scalars.split { $0.properties.isWhitespace }.map { String(String.UnicodeScalarView($0)) }
  }

  private static let entities = [("&quot;", "\""), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">")]

  private static func isSymbol(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "{"..."~", "["..."`", " "..."&", "("..."+", ":"..."@", "/": true
    default: false
    }
  }

  /// Replaces pairs from left to right; what was replaced is not looked at again.
  private static func rewriting(
    _ scalars: [Unicode.Scalar], _ rule: (Unicode.Scalar, Unicode.Scalar) -> [Unicode.Scalar]?
  ) -> [Unicode.Scalar] {
    var result: [Unicode.Scalar] = []
    result.reserveCapacity(scalars.count)
    var index = 0
    while index < scalars.count {
      if index + 1 < scalars.count, let replacement = rule(scalars[index], scalars[index + 1]) {
        result += replacement
        index += 2
      } else {
        result.append(scalars[index])
        index += 1
      }
    }
    return result
  }
}

extension Unicode.Scalar {
  fileprivate var isDigit: Bool { ("0"..."9").contains(self) }
}
