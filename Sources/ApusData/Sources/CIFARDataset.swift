import ApusFormats
import Foundation

/// CIFAR-10 as it is published in binary form: an archive of five files to train on and one held out. A picture is
/// a byte for its class, then 32 × 32 bytes of red, of green, of blue.
enum CIFARDataset {
  static let archive = "cifar-10-binary.tar.gz"
  private static let size = ImageSize(height: 32, width: 32, channels: 3)
  private static let maximumEntryBytes = 1 << 26

  /// The archive's path where `name` is the archive or a folder that has it.
  static func path(at name: String) -> String? {
    let path = name.hasSuffix(archive) ? name : "\(name)/\(archive)"
    return FileManager.default.fileExists(atPath: path) ? path : nil
  }

  private struct Part {
    var pixels: [UInt8] = []
    var labels: [Int] = []
  }

  static func read(path: String) throws -> ImageDataset {
    let reader = TarReader(try ByteStream(path: path), maximumEntryBytes: maximumEntryBytes)
    var parts: [String: Part] = [:]
    var classNames: [String] = []
    while let entry = try reader.next() {
      let name = String(entry.name.split(separator: "/").last ?? "")
      if name == "batches.meta.txt" {
        classNames = String(decoding: entry.bytes, as: UTF8.self).split(whereSeparator: \.isNewline).map(String.init)
      } else if name == "test_batch.bin" || (name.hasPrefix("data_batch_") && name.hasSuffix(".bin")) {
        parts[name] = try part(entry.bytes, "\(path):\(entry.name)")
      }
    }
    let training = parts.keys.filter { $0.hasPrefix("data") }.sorted().compactMap { parts[$0] }
    guard let heldOut = parts["test_batch.bin"], !training.isEmpty, !classNames.isEmpty else {
      throw FormatError(.missing, path, "it needs data_batch_1.bin …, test_batch.bin and batches.meta.txt.")
    }
    func images(_ parts: [Part]) throws -> LabeledImages {
      let labels = parts.flatMap(\.labels)
      if let strange = labels.first(where: { $0 >= classNames.count }) {
        throw FormatError(.malformed, path, "a picture is of class \(strange), but there are \(classNames.count).")
      }
      return LabeledImages(size: size, pixels: parts.flatMap(\.pixels), labels: labels, classNames: classNames)
    }
    return ImageDataset(name: path, training: try images(training), heldOut: try images([heldOut]))
  }

  private static func part(_ bytes: [UInt8], _ file: String) throws -> Part {
    let plane = size.height * size.width
    let record = 1 + size.sampleCount
    guard !bytes.isEmpty, bytes.count % record == 0 else {
      throw FormatError(.malformed, file, "it has \(bytes.count) bytes, no multiple of a picture's \(record).")
    }
    var part = Part()
    part.pixels.reserveCapacity(bytes.count)
    for start in stride(from: 0, to: bytes.count, by: record) {
      part.labels.append(Int(bytes[start]))
      for place in start + 1..<start + 1 + plane {
        part.pixels.append(bytes[place])
        part.pixels.append(bytes[place + plane])
        part.pixels.append(bytes[place + 2 * plane])
      }
    }
    return part
  }
}
