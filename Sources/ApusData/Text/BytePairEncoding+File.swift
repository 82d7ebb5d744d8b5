import ApusFormats
import Foundation

extension BytePairEncoding {
  /// What a file holds: special tokens, and the pairs in GPT-2's spelling, parted by a blank.
  private struct Contents: Codable {
    var format = "apus.bpe"
    var version = 1
    var specials: [String]
    var merges: [String]
  }

  /// Larger than any vocabulary in use.
  private static var maximumFileBytes: Int { 1 << 28 }
  /// Merges may double a token's length each, so a small file could ask for any amount of memory.
  private static var maximumTokenBytes: Int { 1 << 12 }

  /// Writes the encoding as JSON.
  public func write(to path: String) throws {
    let merges = merges.map { "\(spelling($0.left)) \(spelling($0.right))" }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let data = try encoder.encode(Contents(specials: specials, merges: merges))
    try AtomicFile.write([UInt8](data) + [0x0A], to: path)
  }

  /// Reads what ``write(to:)`` wrote. Throws `FormatError` for anything else.
  public init(path: String) throws {
    let data = Data(try ByteSource(path: path).readAll(limit: BytePairEncoding.maximumFileBytes))
    guard let contents = try? JSONDecoder().decode(Contents.self, from: data),
      contents.format == "apus.bpe", contents.version == 1
    else { throw FormatError(.malformed, path, "it is no byte-pair encoding of version 1 written by Apus.") }
    var bytes = contents.specials.map { Array($0.utf8) } + ByteSpelling.order.map { [$0] }
    var numbers = Dictionary(uniqueKeysWithValues: zip(ByteSpelling.order.map { [$0] }, contents.specials.count...))
    let merges = try contents.merges.map { line in
      let merge = try BytePairEncoding.merge(line, numbers, path)
      let joined = bytes[merge.left] + bytes[merge.right]
      guard joined.count <= BytePairEncoding.maximumTokenBytes else {
        throw FormatError(.tooLarge, path, "'\(line)' makes a token of more than \(BytePairEncoding.maximumTokenBytes) bytes.")
      }
      numbers[joined] = bytes.count
      bytes.append(joined)
      return merge
    }
    let names = Dictionary(zip(contents.specials, contents.specials.indices)) { first, _ in first }
    guard let encoding = BytePairEncoding(bytes: bytes, merges: merges, specials: names) else {
      throw FormatError(.malformed, path, "two of its merges make the same token.")
    }
    self = encoding
  }

  /// Reads the two files that OpenAI published with GPT-2, and others in their format.
  ///
  /// - Parameters:
  ///   - vocabulary: `encoder.json` or `vocab.json`: numbers by spelling.
  ///   - merges: `vocab.bpe` or `merges.txt`: one pair a line below a line with the version.
  public init(vocabulary: String, merges: String) throws {
    let data = Data(try ByteSource(path: vocabulary).readAll(limit: BytePairEncoding.maximumFileBytes))
    guard let table = try? JSONDecoder().decode([String: Int].self, from: data) else {
      throw FormatError(.malformed, vocabulary, "it is no JSON object of numbers by token.")
    }
    guard Set(table.values) == Set(0..<table.count) else {
      throw FormatError(.malformed, vocabulary, "its numbers are not those from 0 to \(table.count - 1), each once.")
    }
    var bytes = [[UInt8]](repeating: [], count: table.count)
    var numbers: [[UInt8]: Int] = [:]
    var specials: [String: Int] = [:]
    for (text, number) in table {
      // Specials are written as they are.
      if text.hasPrefix("<|"), text.hasSuffix("|>") {
        specials[text] = number
        bytes[number] = Array(text.utf8)
      } else if let spelled = ByteSpelling.bytes(text) {
        bytes[number] = spelled
        numbers[spelled] = number
      } else {
        throw FormatError(.malformed, vocabulary, "the token '\(text)' is not in the spelling of GPT-2.")
      }
    }
    let lines = try TextLines(path: merges).collected().samples
    let pairs = try lines.filter { !$0.isEmpty && !$0.hasPrefix("#version") }
      .map { try BytePairEncoding.merge($0, numbers, merges) }
    guard let encoding = BytePairEncoding(bytes: bytes, merges: pairs, specials: specials) else {
      throw FormatError(.malformed, vocabulary, "it lacks a token for a single byte or for one of the merges.")
    }
    self = encoding
  }

  private static func merge(
    _ line: String, _ numbers: [[UInt8]: Int], _ path: String
  ) throws -> (left: Int, right: Int) {
    let parts = line.split(separator: " ", omittingEmptySubsequences: false)
    guard parts.count == 2, let left = ByteSpelling.bytes(parts[0]).flatMap({ numbers[$0] }),
      let right = ByteSpelling.bytes(parts[1]).flatMap({ numbers[$0] })
    else { throw FormatError(.malformed, path, "'\(line)' is no pair of tokens.") }
    return (left, right)
  }
}
