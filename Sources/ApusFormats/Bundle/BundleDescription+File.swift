import Foundation

extension BundleDescription {
  /// Reads `bundle.json` of a folder and checks that the files it stands for are there.
  ///
  /// Throws ``FormatError``: no bundle, a newer version of the format, JSON that is damaged or lacks
  /// something, a missing file.
  public init(folder: String) throws {
    let path = "\(folder)/\(BundleDescription.descriptionFile)"
    let source: ByteSource
    do {
      source = try ByteSource(path: path)
    } catch let error as FormatError where error.kind == .notFound {
      throw FormatError(
        .notFound, folder,
        "it is no Apus bundle: it has no \(BundleDescription.descriptionFile). "
          + "Give the folder that 'apus train --output' wrote.")
    }
    try self.init(json: source.readAll(limit: 1 << 26), file: path)
    for name in [BundleDescription.modelFile, BundleDescription.weightsFile] {
      guard FileManager.default.fileExists(atPath: "\(folder)/\(name)") else {
        throw FormatError(.notFound, folder, "the bundle is incomplete: \(name) is missing.")
      }
    }
  }

  /// Reads the text of a `bundle.json`; `file` is its path for error messages.
  public init(json: [UInt8], file: String) throws {
    struct Version: Decodable { let formatVersion: Int }
    let decoder = JSONDecoder()
    decoder.dateDecodingStrategy = .iso8601
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    do {
      let data = Data(json)
      let version = try decoder.decode(Version.self, from: data).formatVersion
      guard version >= 1, version <= BundleDescription.currentFormatVersion else {
        throw FormatError(
          .unsupported, file,
          "it has version \(version) of the bundle format; this Apus reads up to "
            + "\(BundleDescription.currentFormatVersion). Use a newer Apus.")
      }
      self = try decoder.decode(BundleDescription.self, from: data)
    } catch let error as DecodingError {
      throw FormatError(.malformed, file, BundleDescription.sentence(error))
    }
    try check(file: file)
  }

  /// The text of `bundle.json`, its keys sorted: the same description gives the same bytes.
  public func json() throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.dateEncodingStrategy = .iso8601
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return Array(try encoder.encode(self)) + [UInt8(ascii: "\n")]
  }

  private func check(file: String) throws {
    func fail(_ reason: String) -> FormatError { FormatError(.malformed, file, reason) }
    guard !signature.inputs.isEmpty else { throw fail("signature.inputs is empty.") }
    guard !signature.outputs.isEmpty else { throw fail("signature.outputs is empty.") }
    for values in [signature.inputs, signature.outputs] {
      guard Set(values.map(\.name)).count == values.count else {
        throw fail("two tensors of the signature have the same name.")
      }
    }
    if let classes = signature.outputs[0].shape.last, case .fixed(let count) = classes,
      !labels.isEmpty, labels.count != count
    {
      throw fail("it has \(labels.count) labels, but the model's output has \(count) classes.")
    }
    if case .image(_, _, let channels) = input, channels != 1, channels != 3 {
      throw fail("input.channels is \(channels); an image has 1 or 3.")
    }
  }

  /// What a decoder found, as a sentence with the path of the key.
  private static func sentence(_ error: DecodingError) -> String {
    func place(_ path: [any CodingKey]) -> String {
      path.map { $0.intValue.map { "[\($0)]" } ?? ".\($0.stringValue)" }.joined()
        .replacing(/^\./, with: "")
    }
    // Foundation's texts end with a period, ours do not.
    func text(_ context: DecodingError.Context) -> String {
      context.debugDescription.hasSuffix(".") ? context.debugDescription : context.debugDescription + "."
    }
    switch error {
    case .keyNotFound(let key, let context):
      return "the key '\(place(context.codingPath + [key]))' is missing."
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      return "'\(place(context.codingPath))' has a value of the wrong type: \(text(context))"
    case .dataCorrupted(let context) where context.codingPath.isEmpty:
      return "it is not valid JSON."
    case .dataCorrupted(let context):
      return "'\(place(context.codingPath))' has a wrong value: \(text(context))"
    @unknown default:
      return "it could not be read: \(error)."
    }
  }
}
