import Apus
import ApusFormats
import Testing

@testable import ApusData

/// Sound: files, and features with the numbers of torchaudio and librosa.
@Suite struct AudioTests {
  private func golden(_ name: String) throws -> Tensor {
    let array = try SafetensorsFile(path: resource("audio.safetensors")).read(name)
    return array.bytes.withUnsafeBytes { Tensor(bytes: $0, shape: Shape(array.shape), dtype: array.dtype) }
  }

  @Test func transformIsPyTorchs() throws {
    let spectrogram = Spectrogram(fftLength: 256, hopLength: 100, window: hammingWindow(200))
    let (real, imaginary) = spectrogram.transform(try golden("stereo"))
    #expect(difference(real[.all, .stride(by: 4)], try golden("stft.real")) < 1e-6)
    #expect(difference(imaginary[.all, .stride(by: 4)], try golden("stft.imaginary")) < 1e-6)
  }

  /// Against the peers' formulas in double precision. A transform by sums of 256 products in `f32`, in NumPy too,
  /// is 1.1e-6 off, where an FFT is 0.2e-6; the filters' own rounding is 0.06e-6.
  @Test func melSpectraAndCepstraAreThePeers() throws {
    let sound = try golden("sound")
    let spectrogram = Spectrogram(fftLength: 256, hopLength: 100)
    let htk = MelSpectrogram(sampleRate: 8000, bands: 20, spectrogram: spectrogram)
    #expect(difference(htk(sound), try golden("mel.htk")) < 1.5e-6)
    #expect(difference(MFCC(htk, coefficients: 13)(sound), try golden("mfcc.torchaudio")) < 1e-6)
    let slaney = MelSpectrogram(
      sampleRate: 8000, bands: 20, spectrogram: spectrogram, scale: .slaney, isNormalized: true)
    #expect(difference(slaney(sound), try golden("mel.slaney")) < 1.5e-6)
    #expect(difference(MFCC(slaney, coefficients: 13)(sound), try golden("mfcc.librosa")) < 1e-6)
    let filters = MelScale.slaney.filterBank(10, sampleRate: 22050, fftLength: 256, isNormalized: true)
    #expect(difference(filters, try golden("filters.slaney")) < 1e-6)
  }

  /// Features are part of a model, so they must have gradients.
  @Test func featuresHaveGradients() throws {
    let sound = try golden("sound")
    let mel = MelSpectrogram(sampleRate: 8000, bands: 8, spectrogram: Spectrogram(fftLength: 64, hopLength: 32))
    let gradient = try gradients(of: mel.logarithmic(sound).sum(), for: [sound])[0]
    let isUseful = gradient.shape == sound.shape && gradient.array(of: Float.self).contains { $0 != 0 && $0.isFinite }
    #expect(isUseful)
  }

  @Test(arguments: [(8000, 11025, "resampled.up"), (8000, 3000, "resampled.down")])
  func resamplingIsTorchaudios(from: Int, to: Int, name: String) throws {
    let sound = Sound(sampleRate: from, samples: try golden("sound").array(of: Float.self))
    let resampled = sound.resampled(to: to)
    #expect(resampled.sampleRate == to)
    #expect(difference(Tensor(resampled.samples), try golden(name)) < 1e-6)
  }

  @Test func framesOverlap() {
    let frames = framed(Tensor.arange(10), length: 4, hop: 3)
    #expect(frames.shape == [3, 4])
    #expect(frames.array(of: Int.self) == [0, 1, 2, 3, 3, 4, 5, 6, 6, 7, 8, 9])
    #expect(framed(Tensor.arange(7), length: 3, hop: 3).array(of: Int.self) == [0, 1, 2, 3, 4, 5])
    #expect(sentence { try withTensorErrors { _ = framed(Tensor.arange(3), length: 4, hop: 1) } }.contains("do not fit"))
  }

  private func wav(_ tag: Int, bits: Int, channels: Int = 1, data: [UInt8], extensible: Bool = false) -> [UInt8] {
    func number(_ value: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(value >> (8 * $0) & 255) } }
    let width = channels * bits / 8
    var format = number(extensible ? 0xFFFE : tag, 2) + number(channels, 2) + number(8000, 4)
    format += number(8000 * width, 4) + number(width, 2) + number(bits, 2)
    if extensible { format += number(22, 2) + number(bits, 2) + number(0, 4) + number(tag, 2) + number(0, 14) }
    let note = Array("LIST".utf8) + number(3, 4) + [1, 2, 3, 0]
    let body = Array("WAVEfmt ".utf8) + number(format.count, 4) + format + note
      + Array("data".utf8) + number(data.count, 4) + data
    return Array("RIFF".utf8) + number(body.count, 4) + body
  }

  @Test func wavFilesOfAllEncodings() throws {
    let cases: [(bytes: [UInt8], samples: [Float])] = [
      (wav(1, bits: 8, data: [0, 128, 255]), [-1, 0, 127.0 / 128]),
      (wav(1, bits: 16, data: [0, 0x80, 0, 0, 0xFF, 0x7F]), [-1, 0, 32767.0 / 32768]),
      (wav(1, bits: 24, data: [0, 0, 0x80, 0, 0, 0x40], extensible: true), [-1, 0.5]),
      (wav(1, bits: 32, data: [0, 0, 0, 0x80, 0, 0, 0, 0x20]), [-1, 0.25]),
      (wav(3, bits: 32, data: [0, 0, 0x80, 0x3F, 0, 0, 0, 0xBF]), [1, -0.5]),
      (wav(3, bits: 64, data: [0, 0, 0, 0, 0, 0, 0xE0, 0x3F]), [0.5]),
    ]
    for (bytes, samples) in cases { #expect(try WAVFile.read(bytes, file: "a.wav").samples == samples) }
    let stereo = try WAVFile.read(wav(1, bits: 8, channels: 2, data: [0, 128, 128, 192]), file: "s.wav")
    #expect(stereo.channelCount == 2 && stereo.frameCount == 2 && stereo.mono.samples == [-0.5, 0.25])
    let sound = Sound(sampleRate: 8000, samples: [0, 0.5, -1, 32767.0 / 32768])
    #expect(try WAVFile.read(WAVFile.encode(sound), file: "b.wav") == sound)
  }

  @Test func damagedWavFilesAreSentences() {
    let whole = wav(1, bits: 16, data: [1, 2, 3, 4])
    for count in 0..<whole.count { #expect(throws: FormatError.self) { try WAVFile.read(Array(whole.prefix(count)), file: "a.wav") } }
    #expect(sentence { try WAVFile.read(wav(2, bits: 4, data: []), file: "a.wav") }.hasPrefix("a.wav: "))
    #expect(sentence { try WAVFile.read(wav(7, bits: 8, data: []), file: "a.wav") }
      == "a.wav: its samples have encoding 7 with 8 bits; convert it to 16-bit PCM.")
    #expect(sentence { try WAVFile.read(wav(1, bits: 16, data: [1]), file: "a.wav") }.contains("no whole number of moments"))
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<2000 {
      var bytes = whole
      for _ in 0..<3 { bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator) }
      _ = try? WAVFile.read(bytes, file: "a.wav")
    }
  }
}
