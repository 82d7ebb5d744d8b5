import ApusFormats
import Foundation
import Testing

/// A file that scripts/generate-format-goldens wrote.
func goldenPath(_ name: String) -> String {
  let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  return folder.appendingPathComponent("Resources/\(name)").path
}

func golden(_ name: String) throws -> [UInt8] { try ByteSource(path: goldenPath(name)).readAll() }

/// A folder of its own for one test, removed afterwards.
func withTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
    "apus-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder.path)
}

/// Checks that `body` throws a `FormatError` of this kind which names the file and says `text`.
/// (Foundation's `contains` finds no empty text.)
func expectError<Result>(
  _ kind: FormatError.Kind, _ text: String = "", file: String = "bad",
  sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Result
) {
  do {
    _ = try body()
    Issue.record("nothing was thrown", sourceLocation: sourceLocation)
  } catch let error as FormatError {
    #expect(error.kind == kind, "\(error)", sourceLocation: sourceLocation)
    #expect(text.isEmpty || error.description.contains(text), sourceLocation: sourceLocation)
    #expect(file.isEmpty || error.description.contains(file), sourceLocation: sourceLocation)
  } catch {
    Issue.record("not a FormatError: \(error)", sourceLocation: sourceLocation)
  }
}

/// What every reader must do with files that are not what they should be.
///
/// - Every proper prefix of `bytes` is refused with a `FormatError`, unless `allowsPrefix`.
/// - Random damage never traps: it is refused with a `FormatError`, or read as something else.
func checkHostile(
  _ bytes: [UInt8], rounds: Int = 300, allowsPrefix: (Int) -> Bool = { _ in false },
  sourceLocation: SourceLocation = #_sourceLocation, read: ([UInt8]) throws -> Any
) {
  for count in 0..<bytes.count where !allowsPrefix(count) {
    do {
      _ = try read(Array(bytes.prefix(count)))
      Issue.record("the first \(count) of \(bytes.count) bytes were accepted", sourceLocation: sourceLocation)
    } catch is FormatError {
    } catch {
      Issue.record("not a FormatError: \(error)", sourceLocation: sourceLocation)
    }
  }
  let seed = ProcessInfo.processInfo.environment["APUS_FUZZ_SEED"].flatMap(UInt64.init) ?? 1
  var random = SplitMix(state: seed)
  for round in 0..<rounds {
    var damaged = bytes
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      switch Int.random(in: 0..<4, using: &random) {
      case 0: damaged[Int.random(in: 0..<damaged.count, using: &random)] = .random(in: 0...255, using: &random)
      case 1: damaged[Int.random(in: 0..<damaged.count, using: &random)] ^= UInt8(1) << UInt8.random(in: 0..<8, using: &random)
      case 2: damaged.insert(.random(in: 0...255, using: &random), at: .random(in: 0...damaged.count, using: &random))
      default: damaged.remove(at: .random(in: 0..<damaged.count, using: &random))
      }
    }
    do {
      _ = try read(damaged)
    } catch is FormatError {
    } catch {
      Issue.record(
        "APUS_FUZZ_SEED=\(seed), round \(round): not a FormatError: \(error)",
        sourceLocation: sourceLocation)
    }
  }
}

/// A small generator with a seed (Steele, Lea and Flood, 2014), so that a failure can be repeated.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// The elements of an array, little-endian as they lie there.
func elements<Element: BitwiseCopyable>(_ array: RawArray, as type: Element.Type) -> [Element] {
  array.bytes.withUnsafeBytes { bytes in
    (0..<bytes.count / MemoryLayout<Element>.size).map {
      bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Element>.size, as: type)
    }
  }
}

func bytes<Element: BitwiseCopyable>(_ elements: [Element]) -> [UInt8] {
  elements.withUnsafeBytes { Array($0) }
}

/// The shared data beside a checkout, or nil. Set APUS_DATA to have it elsewhere.
func sharedData(_ name: String) -> String? {
  let environment = ProcessInfo.processInfo.environment["APUS_DATA"]
  let repository = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  let folder = environment ?? repository.appendingPathComponent("../shared/data").standardized.path
  let path = "\(folder)/\(name)"
  return FileManager.default.fileExists(atPath: path) ? path : nil
}
