import Apus
import ApusFormats
import Foundation
import Testing

@testable import ApusData

/// Archives, NumPy files, encoders of tables, and where data is found.
@Suite struct SmallSourceTests {
  private func entries(_ bytes: [UInt8], limit: Int = 1 << 20) throws -> [TarEntry] {
    let reader = TarReader(try ByteStream(ByteSource(bytes: bytes, name: "t.tar")), maximumEntryBytes: limit)
    var entries: [TarEntry] = []
    while let entry = try reader.next() { entries.append(entry) }
    return entries
  }

  /// An archive gives what a folder of the same files would, in order of names, whatever the order within.
  @Test func archivesOfImagesAreDatasets() throws {
    func picture(_ value: UInt8, side: Int = 4) -> [UInt8] {
      PNG.encode(Image(height: side, width: side, channels: 1, pixels: Array(repeating: value, count: side * side)))
    }
    func open(_ tar: [UInt8]) throws -> ImageDataset {
      let path = NSTemporaryDirectory() + "apus-\(UUID().uuidString).tar"
      defer { try? FileManager.default.removeItem(atPath: path) }
      try AtomicFile.write(tar + [UInt8](repeating: 0, count: 1024), to: path)
      return try ImageDataset.open(path)
    }
    let training = tarFile("train/dog/2.png", picture(3)) + tarFile("train/dog/1.png", picture(2))
      + tarFile("train/cat/1.png", picture(1)) + tarFile("README", [1])
    let heldOut = tarFile("test/cat/9.png", picture(8)) + tarFile("test/dog/9.png", picture(9))
    let dataset = try open(heldOut + training)
    #expect(dataset.classNames == ["cat", "dog"])
    #expect(dataset.training.labels == [0, 1, 1] && dataset.heldOut.labels == [0, 1])
    #expect((0..<3).map { dataset.training.pixels(of: $0).first } == [1, 2, 3])
    for wrong in [
      training, heldOut, training + tarFile("test/cow/1.png", picture(1)),
      training + heldOut + tarFile("train/cat/3.png", picture(1, side: 5)),
      training + heldOut + tarFile("train/cat/3.png", [1, 2, 3]),
    ] {
      #expect(throws: FormatError.self) { try open(wrong) }
    }
  }

  /// Red, green and blue lie one behind the other in the file, side by side in memory.
  @Test func cifarArchivesAreImages() throws {
    let folder = NSTemporaryDirectory() + "apus-\(UUID().uuidString)"
    let path = "\(folder)/cifar-10-binary.tar.gz"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    func picture(_ label: UInt8, _ color: UInt8) -> [UInt8] {
      [label] + (0..<3).flatMap { [UInt8](repeating: color + UInt8($0), count: 1024) }
    }
    func open(_ training: [UInt8], _ test: [UInt8]) throws -> ImageDataset {
      let files = [("data_batch_1.bin", training), ("test_batch.bin", test), ("batches.meta.txt", Array("cat\ndog\n\n".utf8))]
      let tar = files.flatMap { tarFile("cifar-10-batches-bin/" + $0, $1) } + [UInt8](repeating: 0, count: 1024)
      try AtomicFile.createFolder(folder)
      try AtomicFile.write(Gzip.compress(tar), to: path)
      return try ImageDataset.open(folder)
    }
    let dataset = try open(picture(1, 10) + picture(0, 20), picture(1, 30))
    #expect(dataset.classNames == ["cat", "dog"] && dataset.training.labels == [1, 0] && dataset.heldOut.labels == [1])
    #expect(Array(dataset.training.pixels(of: 1).prefix(4)) == [20, 21, 22, 20])
    #expect(dataset.size == ImageSize(height: 32, width: 32, channels: 3))
    #expect(
      sentence { try open(picture(2, 1), picture(0, 1)) }
        == "\(path): a picture is of class 2, but there are 2.")
    #expect(
      sentence { try open([1, 2], picture(0, 1)) }
        == "\(path):cifar-10-batches-bin/data_batch_1.bin: it has 2 bytes, no multiple of a picture's 3073.")
  }

  @Test func archivesOfAllForms() throws {
    let long = String(repeating: "d/", count: 80) + "file.txt"
    let attribute = " path=\(long)x\n"
    let length = attribute.utf8.count + 3
    var tar = tarFile("folder/", [], type: "5") + tarFile("a.txt", [1, 2, 3])
    tar += tarFile("name", [4], prefix: "some/prefix") + tarFile("link", [], type: "2", size: 99)
    tar += tarFile("././@LongLink", Array(long.utf8) + [0], type: "L") + tarFile("cut", [5])
    tar += tarFile("pax", Array("\(length)\(attribute)".utf8), type: "x") + tarFile("cut", [6]) + tarFile("last", [])
    tar += [UInt8](repeating: 0, count: 1024)
    let expected = [
      TarEntry(name: "a.txt", bytes: [1, 2, 3]), TarEntry(name: "some/prefix/name", bytes: [4]),
      TarEntry(name: long, bytes: [5]), TarEntry(name: long + "x", bytes: [6]), TarEntry(name: "last", bytes: []),
    ]
    #expect(try entries(tar) == expected)
    #expect(try entries(Gzip.compress(tar)) == expected)
    #expect(try entries([]) == [])
  }

  @Test func damagedArchivesAreSentences() throws {
    let tar = tarFile("a.txt", [UInt8](repeating: 7, count: 700)) + tarFile("b", [1])
    #expect(sentence { try entries(Array(tar.prefix(600))) } == "t.tar: the archive ends inside the file 'a.txt'; it is incomplete.")
    #expect(sentence { try entries(Array(tar.prefix(100))) } == "t.tar: the archive ends inside a header; it is incomplete.")
    #expect(sentence { try entries(tar, limit: 100) } == "t.tar: the file 'a.txt' has 700 bytes; at most 100 are read.")
    #expect(sentence { try entries(tarFile("x", [1], size: 1 << 32), limit: 1 << 40) }.contains("ends inside the file 'x'"))
    #expect(sentence { try entries(tarFile("x", Array("9 path".utf8), type: "x")) }.contains("is no list of attributes"))
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<2000 {
      var bytes = tar
      for _ in 0..<2 { bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator) }
      // A header with the right checksum gets further.
      let sum = bytes[0..<512].reduce(0) { $0 + Int($1) } - bytes[148..<156].reduce(0) { $0 + Int($1) } + 256
      let octal = String(sum, radix: 8)
      bytes.replaceSubrange(148..<156, with: Array(String(repeating: "0", count: 6 - octal.count).utf8) + Array(octal.utf8) + [0, 32])
      _ = try? entries(bytes)
    }
  }

  @Test func neighboursOfOneNameMakeASample() async throws {
    let one = tarFile("s/1.jpg", [1]) + tarFile("s/1.cls", [9]) + tarFile("s/2.seg.png", [2])
    let two = tarFile("s/2.cls", [3])
    let shards = TarShards([ByteSource(bytes: one, name: "0.tar"), ByteSource(bytes: Gzip.compress(two), name: "1.tar.gz")])
    var found: [String] = []
    for try await sample in shards { found.append(sample.key + sample.parts.keys.sorted().joined()) }
    #expect(found == ["s/1clsjpg", "s/2seg.png", "s/2cls"])
  }

  @Test func arraysAreDatasets() throws {
    let array = RawArray(.u8, [3, 2], [1, 2, 3, 4, 5, 6])
    let dataset = try NumPyDataset(array, name: "a.npy")
    #expect(dataset.count == 3 && dataset[1].array(of: Int.self) == [3, 4])
    #expect(throws: FormatError.self) { try NumPyDataset(RawArray(.u8, [], [1]), name: "a.npy") }
  }

  @Test func tablesAreEncoded() throws {
    let text = "age,city,id\n20,Paris,a\n40,Rome,b\n,Paris,c\n"
    let options = CSVOptions { $0.types = ["city": .categorical, "id": .text] }
    let table = try CSVFile(text: text, options).table()
    let encoder = try TableEncoder(
      fitting: table, numeric: ["age"], categorical: ["city"], hashed: [("id", 8)])
    #expect(encoder.numeric[0].mean == 30 && encoder.numeric[0].deviation == 10)
    #expect(try encoder.numbers(table).array(of: Float.self) == [-1, 1, 0])
    let later = try CSVFile(text: "age,city,id\n30,Oslo,a\n50,Rome,z\n", options).table()
    #expect(try encoder.numbers(later).array(of: Float.self) == [0, 2])
    let numbers = try encoder.categories(later).array(of: Int.self)
    let first = try encoder.categories(table).array(of: Int.self)
    #expect(numbers[0] == 0 && numbers[2] == 2 && first[0] == 1)
    #expect(numbers[1] == first[1] && (1...8).contains(numbers[3]) && encoder.categorical.map(\.count) == [3, 9])
    let copy = try JSONDecoder().decode(TableEncoder.self, from: JSONEncoder().encode(encoder))
    #expect(copy == encoder)
    #expect(sentence { try TableEncoder(fitting: table, numeric: ["city"]) }.contains("has categorical values, not numbers"))
    #expect(sentence { try table.column("x") } == "CSV: there is no column 'x'; there are age, city, id.")
    #expect(try table.subset([2, 0]).column("city").texts("t") == ["Paris", "Paris"])
  }

  @Test func dataIsFound() async throws {
    try await withTemporaryFolder { folder in
      try AtomicFile.createFolder(folder + "/mine/mnist")
      try AtomicFile.createFolder(folder + "/cache/apus/data/trec")
      let environment = ["APUS_DATA": folder + "/mine", "XDG_CACHE_HOME": folder + "/cache"]
      #expect(try DataFolder.find("mnist", environment: environment) == folder + "/mine/mnist")
      #expect(try DataFolder.find("trec", environment: environment) == folder + "/cache/apus/data/trec")
      #expect(try DataFolder.find("mnist", option: folder, environment: environment) == folder)
      #expect(sentence { try DataFolder.find("mnist", option: "/nowhere") }.hasPrefix("/nowhere: there is no such file"))
      let missing = sentence { try DataFolder.find("adult", environment: environment) }
      #expect(missing.hasPrefix("adult: the data set is not at \(folder)/mine/adult; fetch it with 'apus data get adult', give --data"))
      let unknown = sentence { try DataFolder.find("mine", environment: environment) }
      #expect(unknown.hasPrefix("mine: the data set is not at \(folder)/mine/mine; put it there, give --data"))
      #expect(DataFolder.cache(environment: ["HOME": "/h"]) == "/h/.cache/apus/data")
    }
  }
}
