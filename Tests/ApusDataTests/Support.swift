import Apus
import ApusFormats
import Foundation
import Testing

/// A file beside the tests, made by a script in `scripts/golden`.
func resource(_ name: String) -> String {
  URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Resources/" + name).path
}

/// A folder of real data, which not every machine has.
func sharedData(_ name: String) -> String {
  URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../../shared/data/" + name).standardizedFileURL.path
}

func isPresent(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

/// Runs `body` with a folder that is gone afterwards.
func withTemporaryFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
  let folder = NSTemporaryDirectory() + "apus-data-\(UUID().uuidString)"
  try AtomicFile.createFolder(folder)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  return try await body(folder)
}

/// The sentence of what `body` throws.
func sentence<Result>(_ body: () throws -> Result) -> String {
  do {
    _ = try body()
    return "no error"
  } catch {
    return "\(error)"
  }
}

/// The greatest difference, in parts of the greatest expected magnitude; infinite where the shapes differ.
func difference(_ actual: Tensor, _ expected: Tensor) -> Double {
  guard actual.shape == expected.shape else { return .infinity }
  let (a, b) = (actual.array(of: Double.self), expected.array(of: Double.self))
  let scale = b.map { abs($0) }.max() ?? 1
  return zip(a, b).map { abs($0 - $1) / scale }.max() ?? 0
}

/// A file of a tar archive: header, bytes and padding.
func tarFile(
  _ name: String, _ bytes: [UInt8], type: Character = "0", prefix: String = "", size: Int? = nil
) -> [UInt8] {
  var header = [UInt8](repeating: 0, count: 512)
  func put(_ text: String, _ offset: Int) { for (index, byte) in text.utf8.enumerated() { header[offset + index] = byte } }
  put(String(name.prefix(100)), 0)
  put("0000644", 100)
  let octal = String(size ?? bytes.count, radix: 8)
  put(String(repeating: "0", count: 11 - octal.count) + octal, 124)
  put("00000000000", 136)
  header[156] = type.asciiValue ?? 48
  put("ustar", 257)
  put("00", 263)
  put(prefix, 345)
  put("        ", 148)
  let sum = String(header.reduce(0) { $0 + Int($1) }, radix: 8)
  put(String(repeating: "0", count: 6 - sum.count) + sum + "\0 ", 148)
  return header + bytes + [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512)
}
