import ApusFormats
import Foundation

/// The recordings of the Free Spoken Digit Dataset, files `<digit>_<speaker>_<n>.wav` in an archive.
struct SpokenDigitRecordings {
  struct Recording {
    var digit: Int
    var speaker: String
    var number: Int
    var samples: [Float]
  }

  /// Samples a second.
  static let sampleRate = 8_000

  let recordings: [Recording]

  var speakers: [String] { Set(recordings.map(\.speaker)).sorted() }

  /// The whole as `apus data get fsdd` fetches it, or the first half of the recordings.
  private static let archives = ["free-spoken-digit-dataset-1.0.9.tar.gz", "recordings-00-24.tar.gz"]

  /// Reads the first archive that the folder has.
  init(folder: String) throws {
    let paths = SpokenDigitRecordings.archives.map { "\(folder)/\($0)" }
    let path = paths.first(where: FileManager.default.fileExists(atPath:)) ?? paths[0]
    let reader = TarReader(try ByteStream(path: path), maximumEntryBytes: 1 << 24)
    var recordings: [Recording] = []
    while let entry = try reader.next() {
      let name = String(entry.name.split(separator: "/").last ?? "")
      guard name.hasSuffix(".wav") else { continue }
      let parts = name.dropLast(4).split(separator: "_")
      guard parts.count == 3, let digit = Int(parts[0]), (0...9).contains(digit), let number = Int(parts[2]) else {
        throw FormatError(
          .malformed, path, "'\(name)' is not named digit_speaker_number.wav, such as 7_jackson_3.wav.")
      }
      let sound = try WAVFile.read(entry.bytes, file: "\(path): \(name)").mono
      guard sound.sampleRate == SpokenDigitRecordings.sampleRate, !sound.samples.isEmpty else {
        throw FormatError(
          .unsupported, path, "'\(name)' has \(sound.samples.count) samples at \(sound.sampleRate) Hz, not 8000 Hz.")
      }
      recordings.append(
        Recording(digit: digit, speaker: String(parts[1]), number: number, samples: sound.samples))
    }
    guard !recordings.isEmpty else { throw FormatError(.missing, path, "it has no WAV files.") }
    // The order of the archive decides nothing.
    self.recordings = recordings.sorted {
      ($0.digit, $0.speaker, $0.number) < ($1.digit, $1.speaker, $1.number)
    }
  }
}
