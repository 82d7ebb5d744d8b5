import Apus
import ApusFormats
import Foundation
import Testing

@testable import ApusData

/// Text: lines, tokens, vocabularies and encodings.
@Suite struct TextTests {
  private func lines(_ bytes: [UInt8], _ invalid: TextLines.InvalidUTF8 = .refuse, limit: Int = 100) throws -> [String] {
    try TextLines(ByteSource(bytes: bytes, name: "t.txt"), invalid: invalid, maximumLineBytes: limit).collected().samples
  }

  @Test func linesEndWithLineFeedOrBoth() throws {
    #expect(try lines(Array("a\r\nb\n\nc".utf8)) == ["a", "b", "", "c"])
    #expect(try lines([]) == [])
    #expect(try lines([0x0A]) == [""])
    #expect(try lines(Gzip.compress(Array("x\ny\n".utf8))) == ["x", "y"])
    let long = [UInt8](repeating: 0x61, count: 600_000)
    #expect(try lines(long + [0x0A] + long, limit: 600_000).map(\.count) == [600_000, 600_000])
    #expect(sentence { try lines(long, limit: 599_999) }.contains("line 1 has more than 599999 bytes"))
  }

  /// TREC.train has one byte of ISO-8859-1.
  @Test func linesThatAreNotUTF8() throws {
    let bytes = Array("ENTY:pl What caf".utf8) + [0xE9] + Array(" ?\nDESC:def é\n".utf8)
    #expect(sentence { try lines(bytes) }
      == "t.txt: line 1 is not UTF-8 (byte 17 is 0xe9); convert the file, or read it with 'invalid: .latin1' or '.replace'.")
    #expect(try lines(bytes, .latin1) == ["ENTY:pl What café ?", "DESC:def é"])
    #expect(try lines(bytes, .replace) == ["ENTY:pl What caf\u{FFFD} ?", "DESC:def é"])
  }

  @Test(.enabled(if: isPresent(sharedData("trec/TREC.train")), "the TREC questions are not on this machine"))
  func trecIsRead() async throws {
    let path = sharedData("trec/TREC.train")
    #expect(throws: FormatError.self) { try TextLines(path: path).collected() }
    var count = 0
    for try await line in try TextLines(path: path, invalid: .latin1) where line.contains(":") { count += 1 }
    #expect(count == 5452)
  }

  @Test func jsonLines() throws {
    struct Record: Codable, Hashable { var id: Int; var name: String? }
    func read(_ text: String) throws -> [Record] {
      var reader = try JSONLines(ByteSource(bytes: Array(text.utf8), name: "t.jsonl"), of: Record.self).makeReader()
      var records: [Record] = []
      while let record = try reader.next() { records.append(record) }
      return records
    }
    #expect(try read("{\"id\":1,\"name\":\"a\"}\n\n {\"id\": 2}\r\n") == [Record(id: 1, name: "a"), Record(id: 2)])
    #expect(sentence { try read("{\"id\":1}\n{\"name\":\"x\"}") } == "t.jsonl: line 2: the key 'id' is missing.")
    #expect(sentence { try read("{\"id\":\"x\"}") } == "t.jsonl: line 1: 'id' is no Int.")
    #expect(sentence { try read("{") } == "t.jsonl: line 1: it is not JSON.")
    let deep = String(repeating: "[", count: 100_000)
    #expect(sentence { try read("{\"id\":1,\"x\":\(deep)") }.contains("more than 64 levels of nesting"))
  }

  @Test func tokenizers() {
    #expect(WhitespaceTokenizer().tokens(" a  b\tc\n") == ["a", "b", "c"])
    #expect(WordTokenizer().tokens("Don't stop, Äpfel_2!") == ["don", "'", "t", "stop", ",", "äpfel_2", "!"])
    #expect(WordTokenizer(lowercases: false).tokens("A.B") == ["A", ".", "B"])
    #expect(CharacterTokenizer().tokens("né 🇩🇪") == ["n", "é", " ", "🇩🇪"])
  }

  @Test func tokens13aAreSacrebleus() throws {
    struct Case: Decodable { var line: String; var tokens: [String] }
    let data = try Data(contentsOf: URL(fileURLWithPath: resource("13a.json")))
    for item in try JSONDecoder().decode([Case].self, from: data) {
      #expect(Tokenizer13a().tokens(item.line) == item.tokens)
    }
  }

  @Test func vocabulary() async throws {
    let texts = [["b", "a", "b"], ["c", "a", "b", "<pad>"]]
    let vocabulary = Vocabulary(counting: texts)
    #expect(vocabulary.tokens == ["<pad>", "<unk>", "<bos>", "<eos>", "b", "a", "c"])
    #expect(vocabulary.encode(["a", "x", "c"]) == [5, 1, 6])
    #expect(vocabulary.decode([4, 99]) == ["b", "<unk>"])
    #expect(Vocabulary(counting: texts, minFrequency: 2, specials: []).tokens == ["b", "a"])
    #expect(Vocabulary(counting: texts, maximumSize: 5).tokens.last == "b")
    #expect(Vocabulary(counting: texts, specials: []).encode(["x", "c"]) == [3])
    try await withTemporaryFolder { folder in
      try vocabulary.write(to: folder + "/v.txt")
      #expect(try Vocabulary(path: folder + "/v.txt").tokens == vocabulary.tokens)
      #expect(throws: FormatError.self) { try Vocabulary(tokens: ["a\n"]).write(to: folder + "/w.txt") }
    }
  }

  @Test func sequencesArePadded() {
    let batch = Collate.padded([[1, 2, 3], [4]], value: 9)
    #expect(batch.values.array(of: Int.self) == [1, 2, 3, 4, 9, 9])
    #expect(batch.mask.array(of: Bool.self) == [true, true, true, true, false, false])
    #expect(batch.lengths.array(of: Int.self) == [3, 1])
    let cut = Collate.padded([[1, 2, 3], []], value: 0, limit: 2)
    #expect(cut.values.array(of: Int.self) == [1, 2, 0, 0] && cut.lengths.array(of: Int.self) == [2, 0])
  }

  // MARK: Byte-pair encoding

  private let corpus = ["low low low low low lower lower newest newest newest newest newest newest widest widest widest"]

  /// The example of Sennrich et al.; the blank before a word belongs to it.
  @Test func pairsAreLearnedInOrderOfFrequency() {
    let encoding = BytePairEncoding(learning: corpus, vocabularySize: 270, specials: [])
    #expect(encoding.merges.prefix(3).map { encoding.spelling($0.left) + encoding.spelling($0.right) } == ["es", "est", "lo"])
    #expect(encoding.tokens(" newest low") == ["Ġnewest", "Ġlow"])
    #expect(encoding.count == 270 || encoding.merges.count < 14)
  }

  @Test func everyTextComesBack() async throws {
    let encoding = BytePairEncoding(learning: corpus + ["Grüße, “Welt”!"], vocabularySize: 300)
    var generator = SystemRandomNumberGenerator()
    let alphabet = Array("low newest\n\t'sé漢🙂 12.,  ")
    for _ in 0..<300 {
      let text = String((0..<Int.random(in: 0...40, using: &generator)).map { _ in alphabet.randomElement(using: &generator) ?? " " })
      if encoding.decode(encoding.encode(text)) != text { Issue.record("'\(text)' changed") }
      if encoding.encode([text])[0] != encoding.encode(text) { Issue.record("'\(text)' is remembered wrongly") }
    }
    #expect(encoding.decode([encoding.number(ofSpecial: "<bos>") ?? -1, 99_999]) == "")
    // A word of a million letters takes no square of that.
    #expect(encoding.encode(String(repeating: "low", count: 100_000)).count == 100_000)
    try await withTemporaryFolder { folder in
      try encoding.write(to: folder + "/bpe.json")
      let again = try BytePairEncoding(path: folder + "/bpe.json")
      #expect(again.encode(" lowest Grüße") == encoding.encode(" lowest Grüße") && again.specials == Vocabulary.specials)
      try AtomicFile.write("{\"format\":\"apus.bpe\",\"version\":1,\"specials\":[],\"merges\":[\"a b c\"]}", to: folder + "/bad.json")
      #expect(sentence { try BytePairEncoding(path: folder + "/bad.json") }.hasSuffix("'a b c' is no pair of tokens."))
      // Tokens that double with each merge must not fill the memory.
      let names = (0..<40).map { String(repeating: "a", count: 1 << min($0, 14)) }
      let merges = names.map { "\"\($0) \($0)\"" }.joined(separator: ",")
      try AtomicFile.write("{\"format\":\"apus.bpe\",\"version\":1,\"specials\":[],\"merges\":[\(merges)]}", to: folder + "/bomb.json")
      #expect(throws: FormatError.self) { try BytePairEncoding(path: folder + "/bomb.json") }
    }
  }

  @Test func wordsAreCutAsGPT2Does() {
    let words = BytePairEncoding.words("I'm here,  they'll\n\n go 12a'x ").map { String($0) }
    #expect(words == ["I", "'m", " here", ",", " ", " they", "'ll", "\n\n", " go", " 12", "a", "'", "x", " "])
  }

  @Test(.enabled(if: isPresent(sharedData("tokenizers/gpt2")), "GPT-2's files are not on this machine"))
  func gpt2IsReproduced() throws {
    let encoding = try BytePairEncoding(
      vocabulary: sharedData("tokenizers/gpt2/encoder.json"), merges: sharedData("tokenizers/gpt2/vocab.bpe"))
    #expect(encoding.count == 50257 && encoding.number(ofSpecial: "<|endoftext|>") == 50256)
    let data = try Data(contentsOf: URL(fileURLWithPath: sharedData("tokenizers/conformance/gpt2-encoded_tokens.json")))
    let object = try JSONSerialization.jsonObject(with: data) as? [String: Any]
    let text = try #require(object?["text"] as? String)
    #expect(encoding.encode(text) == object?["token_ids"] as? [Int])
  }

  @Test func wordPieces() throws {
    let vocabulary = Vocabulary(tokens: ["[UNK]", "un", "##aff", "##able", "!", "cafe", "漢"])
    let pieces = try WordPiece(vocabulary)
    #expect(pieces.tokens("Unaffable! CAFÉ 漢unx") == ["un", "##aff", "##able", "!", "cafe", "漢", "[UNK]"])
    #expect(pieces.encode("un!") == [1, 4])
    #expect(throws: FormatError.self) { try WordPiece(Vocabulary(tokens: ["a"])) }
  }

  @Test(.enabled(if: isPresent(sharedData("tokenizers/bert-base-uncased")), "BERT's vocabulary is not on this machine"))
  func bertIsReproduced() throws {
    let pieces = try WordPiece(path: sharedData("tokenizers/bert-base-uncased/vocab.txt"))
    func read(_ name: String) throws -> Any {
      let path = sharedData("tokenizers/conformance/bert-\(name).json")
      return try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path)))
    }
    let questions = try #require(try read("question_tokens") as? [Any])
    let ids = try #require(try read("tokenized_questions") as? [[Int]])
    #expect(questions.count == ids.count)
    for (question, expected) in zip(questions, ids).prefix(2000) {
      guard let text = (question as? [String: Any])?["original"] as? String else {
        Issue.record("unknown form of question: \(question)")
        return
      }
      if pieces.encode(text) != expected { Issue.record("\(text)") }
    }
  }
}
