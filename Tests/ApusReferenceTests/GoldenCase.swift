import ApusFormats
import ApusIR
import Foundation
import Testing

/// One operation with operands and the results it must give, from `scripts/golden/primitives.py`.
struct GoldenCase: Sendable, CustomTestStringConvertible {
  let name: String
  let primitive: Primitive
  let operands: [RawArray]
  let results: [RawArray]
  /// How far a floating result may be off, in units of the last place.
  let ulps: Int64

  var testDescription: String { name }

  /// The files by family of operations.
  static let families = [
    "elementwise", "sources", "movement", "reductions", "contractions", "windows", "indexing",
    "control",
  ]

  /// The cases of one family, by name.
  static func load(_ family: String) throws -> [GoldenCase] {
    let url = try #require(
      Bundle.module.url(
        forResource: family, withExtension: "safetensors", subdirectory: "Resources"))
    let file = try SafetensorsFile(path: url.path)
    return try file.metadata.sorted { $0.key < $1.key }.map { name, text in
      try GoldenCase(name: name, GoldenAttributes(text), file)
    }
  }

  private init(name: String, _ json: GoldenAttributes, _ file: SafetensorsFile) throws {
    self.name = name
    let operands = try json.integers("operands").map { try file.read("\($0)") }
    self.operands = operands
    results = try json.integers("results").map { try file.read("\($0)") }
    ulps = json.has("ulps") ? Int64(try json.integer("ulps")) : 0
    primitive = try json.object("primitive").primitive()
  }
}
