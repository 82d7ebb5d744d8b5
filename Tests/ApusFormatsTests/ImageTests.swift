import ApusFormats
import ApusIR
import Foundation
import Testing

@Suite("images") struct ImageTests {
  /// What Pillow decodes is beside each file. JPEG decoders may differ by rounding.
  @Test(
    "decodes as Pillow does",
    arguments: ["rgb.png", "grey.png", "bits.png", "palette.png", "rgb.jpg", "grey.jpg"])
  func decodes(_ name: String) throws {
    let image = try ImageFile.read(path: goldenPath(name))
    let expected = try NumPyFile.read(path: goldenPath("\(name).npy"))
    #expect([image.height, image.width, image.channels] == expected.shape)
    let tolerance = name.hasSuffix(".jpg") ? 2 : 0
    #expect(zip(image.pixels, expected.bytes).allSatisfy { abs(Int($0) - Int($1)) <= tolerance })
  }

  @Test("16 bits become 8 without a change of brightness")
  func sixteenBits() throws {
    #expect(try ImageFile.read(path: goldenPath("grey16.png")) == ImageFile.read(path: goldenPath("grey.png")))
  }

  @Test("transparent pixels show white paper")
  func alpha() throws {
    let image = try ImageFile.read(path: goldenPath("alpha.png"))
    let opaque = try ImageFile.read(path: goldenPath("rgb.png"))
    #expect(image.channels == 3)
    for pixel in 0..<20 {
      let alpha = Double(pixel % 5 * 63) / 255
      for channel in 0..<3 {
        let expected = Double(opaque.pixels[pixel * 3 + channel]) * alpha + 255 * (1 - alpha)
        #expect(abs(Double(image.pixels[pixel * 3 + channel]) - expected) <= 1)
      }
    }
  }

  @Test("colour becomes grey as in Pillow, and grey becomes three equal channels")
  func channels() throws {
    let grey = try ImageFile.read(path: goldenPath("rgb.png"), channels: 1)
    #expect(grey.pixels == (try NumPyFile.read(path: goldenPath("luma.npy")).bytes))
    let colour = grey.converted(toChannels: 3)
    #expect(colour.channels == 3 && colour.converted(toChannels: 1) == grey)
    #expect(colour.array.shape == [4, 5, 3])
  }

  @Test("PNG: what is encoded comes back", arguments: [1, 3], [(1, 1), (7, 3), (64, 100)])
  func roundTrip(_ channels: Int, _ size: (Int, Int)) throws {
    let pixels = (0..<size.0 * size.1 * channels).map { UInt8(truncatingIfNeeded: $0 &* $0) }
    let image = Image(height: size.0, width: size.1, channels: channels, pixels: pixels)
    #expect(try PNG.decode(PNG.encode(image), file: "x") == image)
  }

  @Test("what is not an image is said so")
  func otherKinds() {
    expectError(.truncated, "empty") { try ImageFile.decode([], file: "bad") }
    expectError(.unsupported, "neither a PNG nor a JPEG") { try ImageFile.decode(Array("GIF89a".utf8), file: "bad") }
    expectError(.unsupported, "CMYK", file: "cmyk.jpg") { try ImageFile.read(path: goldenPath("cmyk.jpg")) }
    expectError(.malformed, "transfer as text") {
      try PNG.decode([0x89, 0x50, 0x4E, 0x47, 0x0A, 0x1A, 0x0A], file: "bad")
    }
  }

  @Test("a huge image is refused before memory is taken for it")
  func huge() throws {
    // The extents of the header with its checksum made right again.
    var png = try golden("rgb.png")
    for i in [16, 17, 20, 21] { png[i] = 0 }
    for i in [18, 19, 22, 23] { png[i] = 0xFF }
    let sum = crc32(png[12..<29])
    for i in 0..<4 { png[29 + i] = UInt8(truncatingIfNeeded: sum >> (24 - 8 * i)) }
    expectError(.tooLarge, "65535 × 65535 pixels") { try PNG.decode(png, file: "bad") }

    var jpeg = try golden("rgb.jpg")
    let frame = try #require(jpeg.indices.first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xC0 })
    for (i, byte) in [0xFD, 0xE8, 0xFD, 0xE8].enumerated() { jpeg[frame + 5 + i] = UInt8(byte) }
    expectError(.tooLarge, "65000 × 65000 pixels") { try JPEG.decode(jpeg, file: "bad") }
  }

  /// The end marker carries no pixels, so a decoder may do without it.
  @Test(
    "every truncation is refused and no damage traps",
    arguments: [("rgb.png", 0), ("grey.png", 0), ("palette.png", 0), ("alpha.png", 0), ("rgb.jpg", 2), ("grey.jpg", 2)])
  func hostile(_ name: String, _ spare: Int) throws {
    let bytes = try golden(name)
    let ending = name.hasSuffix(".png") ? 12 : spare
    checkHostile(bytes, rounds: 500, allowsPrefix: { $0 >= bytes.count - ending }) {
      try ImageFile.decode($0, file: "bad")
    }
  }

  /// The checksum of PNG, bit by bit.
  private func crc32(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    var sum = ~UInt32(0)
    for byte in bytes {
      sum ^= UInt32(byte)
      for _ in 0..<8 { sum = (sum & 1 == 1) ? (sum >> 1) ^ 0xEDB8_8320 : sum >> 1 }
    }
    return ~sum
  }
}

@Suite("folders of images") struct ImageFolderTests {
  private func make(_ files: [String], in folder: String) throws {
    for file in files {
      let path = "\(folder)/\(file)"
      try AtomicFile.createFolder(String(path[..<path.lastIndex(of: "/")!]))
      try AtomicFile.write("", to: path)
    }
  }

  @Test("classes and files come in ascending order, whatever the file system says")
  func lists() throws {
    try withTemporaryFolder { folder in
      try make(
        ["b/2.png", "b/10.JPG", "b/notes.txt", "b/.hidden.png", "a/deep/x.jpeg", "a/y.png", "README", ".git/z.png"],
        in: folder)
      let images = try ImageFolder(path: folder)
      #expect(images.classNames == ["a", "b"])
      #expect(images.samples.map(\.label) == [0, 0, 1, 1])
      #expect(
        images.samples.map { $0.path.dropFirst(folder.count + 1) }
          == ["a/deep/x.jpeg", "a/y.png", "b/10.JPG", "b/2.png"])
    }
  }

  @Test("a folder that is missing, empty, a file, or has an empty class is named")
  func errors() throws {
    try withTemporaryFolder { folder in
      expectError(.notFound, "no such folder", file: "\(folder)/no") { try ImageFolder(path: "\(folder)/no") }
      expectError(.malformed, "no folders", file: folder) { try ImageFolder(path: folder) }
      try make(["file", "a/1.png", "b/notes.txt"], in: folder)
      expectError(.unreadable, "a folder is expected", file: "\(folder)/file") { try ImageFolder(path: "\(folder)/file") }
      expectError(.malformed, "the class 'b' has no images", file: "\(folder)/b") { try ImageFolder(path: folder) }
    }
  }
}
