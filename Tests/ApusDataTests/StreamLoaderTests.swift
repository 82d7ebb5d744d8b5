import Apus
import ApusFormats
import Testing

@testable import ApusData

/// Streams as batches: order, resuming, and each kind of source on its way to training.
@Suite struct StreamLoaderTests {
  private func numbers(_ count: Int) -> TextLines {
    TextLines(ByteSource(bytes: Array((0..<count).map { "\($0)\n" }.joined().utf8), name: "n.txt"))
  }

  private func loader(
    _ count: Int, batchSize: Int = 10, buffer: Int = 16, dropsLast: Bool = false, ahead: Int = 2
  ) throws -> StreamLoader<Tensor> {
    try StreamLoader(
      numbers(count), batchSize: batchSize, shuffleBuffer: buffer, seed: 3, dropsLast: dropsLast,
      prefetchFactor: ahead,
      augment: { line, random in "\(line).\(random.integer(below: 10))" },
      collate: { lines in Tensor(lines.map { Float($0) ?? -1 }) })
  }

  private func values(_ loader: StreamLoader<Tensor>, _ epoch: Int, from start: Int = 0) async throws -> [[Float]] {
    var batches: [[Float]] = []
    for try await batch in loader.epoch(epoch, from: start) { batches.append(batch.array(of: Float.self)) }
    return batches
  }

  @Test func anEpochHasEveryRecordOnceInAnOrderOfItsOwn() async throws {
    let loader = try loader(105)
    let (first, second) = (try await values(loader, 0), try await values(loader, 1))
    #expect(loader.count == 105 && loader.batchCount == 11 && first.map(\.count) == [Int](repeating: 10, count: 10) + [5])
    let order = first.joined().map { Int($0) }
    #expect(order.sorted() == Array(0..<105) && order != Array(0..<105))
    #expect(order != second.joined().map { Int($0) })
    // A record cannot come earlier than the buffer reaches.
    #expect(order.enumerated().allSatisfy { place, record in record < place + 16 })
    let inOrder = try await values(try self.loader(25, buffer: 1), 0)
    #expect(inOrder.joined().map { Int($0) } == Array(0..<25))
    let whole = try await values(try self.loader(105, dropsLast: true), 0)
    #expect(whole == Array(first.prefix(10)))
  }

  /// Training that starts again sees what it would have seen, whatever is made ahead.
  @Test func resumingIsExact() async throws {
    let all = try await values(try loader(105), 2)
    for start in [1, 4, 10, 11] {
      #expect(try await values(try loader(105), 2, from: start) == Array(all.dropFirst(start)))
    }
    #expect(try await values(try loader(105, ahead: 0), 2) == all)
    #expect(try await values(try loader(105, ahead: 7), 2, from: 3) == Array(all.dropFirst(3)))
  }

  @Test func aStreamThatIsShorterThanSaidIsAnError() async throws {
    let loader = try StreamLoader(numbers(7), sampleCount: 12, batchSize: 5) { Tensor($0.map { Float($0) ?? -1 }) }
    let error = await #expect(throws: FormatError.self) { for try await _ in loader.epoch(0) {} }
    #expect(error?.reason == "the stream ends after 7 records, but 12 were expected; count them anew.")
    let less = try StreamLoader(numbers(7), sampleCount: 5, batchSize: 5, shuffleBuffer: 1) {
      Tensor($0.map { Float($0) ?? -1 })
    }
    for try await batch in less.epoch(0) { #expect(batch.array(of: Int.self) == [0, 1, 2, 3, 4]) }
  }

  /// Shapes of the batches of an epoch.
  private func shapes(_ source: some BatchSource<Batch>) async throws -> [String] {
    var shapes: [String] = []
    for try await batch in source.epoch(0) { shapes.append("\(batch.x.shape) \(batch.y.shape)") }
    return shapes
  }

  // MARK: Every kind of source, as Docs/DataSources.md shows it

  @Test func tablesReachALoader() async throws {
    let text = "age,city,rich\n" + (0..<10).map { "\($0),\($0 % 2 == 0 ? "Rome" : "Oslo"),\($0 % 2)\n" }.joined()
    let file = try CSVFile(text: text, CSVOptions { $0.types["city"] = .categorical; $0.chunkRows = 4 })
    // In memory.
    let table = try file.table()
    let encoder = try TableEncoder(fitting: table, numeric: ["age"], categorical: ["city"])
    let loader = Loader(sampleCount: table.rowCount, batchSize: 4) { request in
      let rows = table.subset(request.indices)
      return Batch(x: try encoder.numbers(rows), y: try rows.tensor(["rich"]))
    }
    #expect(try await shapes(loader) == ["[4, 1] [4, 1]", "[4, 1] [4, 1]", "[2, 1] [2, 1]"])
    // As a stream: the same categories, though a chunk may not have all of them.
    let stream = try StreamLoader(file.rows, batchSize: 4, shuffleBuffer: 8) { rows in
      let table = Table(rows)
      return Batch(x: try encoder.categories(table), y: try table.tensor(["rich"]))
    }
    var pairs: [Int] = []
    for try await batch in stream.epoch(0) {
      pairs += zip(batch.x.array(of: Int.self), batch.y.array(of: Int.self)).map { $0 * 10 + $1 }
    }
    #expect(pairs.sorted() == [11, 11, 11, 11, 11, 20, 20, 20, 20, 20])
  }

  @Test func textReachesALoader() async throws {
    struct Line: Decodable, Sendable { var text: String, label: Int }
    let json = "{\"text\":\"a b c\",\"label\":1}\n{\"text\":\"a\",\"label\":0}\n"
    let lines = JSONLines(ByteSource(bytes: Array(json.utf8), name: "x.jsonl"), of: Line.self)
    let vocabulary = Vocabulary(counting: [["a", "b", "c"]])
    let collate: @Sendable ([Line]) throws -> PaddedBatch = { lines in
      Collate.padded(lines.map { vocabulary.encode(WhitespaceTokenizer().tokens($0.text)) }, value: 0)
    }
    for source in [
      try StreamLoader(lines, batchSize: 2, collate: collate) as any BatchSource<PaddedBatch>,
      Loader(try lines.collected(), batchSize: 2, collate: collate),
    ] {
      for try await batch in source.epoch(0) {
        #expect(batch.values.shape == [2, 3] && batch.lengths.array(of: Int.self).sorted() == [1, 3])
      }
    }
  }

  @Test func archivesAndSoundReachALoader() async throws {
    let wav = WAVFile.encode(Sound(sampleRate: 8000, samples: [Float](repeating: 0.5, count: 160)))
    let tar = (0..<6).flatMap { tarFile("s/\($0).wav", wav) + tarFile("s/\($0).cls", Array("\($0 % 3)".utf8)) }
    let shards = TarShards([ByteSource(bytes: tar, name: "0.tar")])
    let stream = try StreamLoader(shards, batchSize: 3) { samples in
      let sounds = try samples.map { try WAVFile.read($0.parts["wav"] ?? [], file: $0.key) }
      let labels = samples.map { Int64(String(decoding: $0.parts["cls"] ?? [], as: UTF8.self)) ?? -1 }
      return Batch(x: try Collate.stack(sounds.map { Tensor($0.samples) }), y: Tensor(labels))
    }
    #expect(try await shapes(stream) == ["[3, 160] [3]", "[3, 160] [3]"])
    try await withTemporaryFolder { folder in
      for name in ["0_a_0", "1_a_0"] { try AtomicFile.write(wav, to: "\(folder)/\(name).wav") }
      let files = try FileDataset(folder: folder, endings: ["wav"])
      #expect(files.paths == ["\(folder)/0_a_0.wav", "\(folder)/1_a_0.wav"])
      let sounds = Loader(files, batchSize: 2, sampler: .inOrder) { files in
        let sounds = try files.map { try WAVFile.read($0.bytes, file: $0.path) }
        let labels = files.map { Int64($0.name.prefix(1)) ?? -1 }
        return Batch(x: try Collate.stack(sounds.map { Tensor($0.samples) }), y: Tensor(labels))
      }
      #expect(try await shapes(sounds) == ["[2, 160] [2]"])
    }
  }

  @Test func arraysReachALoader() async throws {
    let x = try NumPyDataset(RawArray(.f32, [5, 2], [UInt8](repeating: 0, count: 40)), name: "x.npy")
    let y = try NumPyDataset(RawArray(.u8, [5], [0, 1, 2, 3, 4]), name: "y.npy")
    let loader = Loader(x.zipped(with: y), batchSize: 5, sampler: .inOrder) { try Collate.pairs($0.map { (x: $0.0, y: $0.1) }) }
    #expect(try await shapes(loader) == ["[5, 2] [5]"])
  }
}
