import ApusFormats
import ApusIR
import Foundation
import Testing

@Suite("bundle.json") struct BundleTests {
  static let digits = BundleDescription(
    name: "digits", architecture: "cnn",
    signature: BundleSignature(
      inputs: [.init(name: "image", dtype: .u8, shape: [.batch, 8, 8, 1])],
      outputs: [.init(name: "logits", dtype: .f32, shape: [.batch, 2])]),
    input: .image(height: 8, width: 8, channels: 1),
    labels: ["0", "1"],
    preprocessing: [
      .resize(height: 8, width: 8), .invert(maximum: 255), .scale(factor: 0.0625),
      .normalize(mean: [0.5], standardDeviation: [0.25]),
    ],
    training: TrainingRecord(
      apusVersion: "0.1.0", seed: .max, data: "digits", epochs: 3,
      metrics: ["accuracy": 0.98, "loss": .infinity], date: Date(timeIntervalSince1970: 0)))

  static let json = """
    {
      "architecture" : "cnn",
      "formatVersion" : 1,
      "input" : {
        "channels" : 1,
        "height" : 8,
        "kind" : "image",
        "width" : 8
      },
      "labels" : [
        "0",
        "1"
      ],
      "name" : "digits",
      "preprocessing" : [
        {
          "height" : 8,
          "step" : "resize",
          "width" : 8
        },
        {
          "maximum" : 255,
          "step" : "invert"
        },
        {
          "factor" : 0.0625,
          "step" : "scale"
        },
        {
          "mean" : [
            0.5
          ],
          "standardDeviation" : [
            0.25
          ],
          "step" : "normalize"
        }
      ],
      "signature" : {
        "inputs" : [
          {
            "dtype" : "u8",
            "name" : "image",
            "shape" : [
              "batch",
              8,
              8,
              1
            ]
          }
        ],
        "outputs" : [
          {
            "dtype" : "f32",
            "name" : "logits",
            "shape" : [
              "batch",
              2
            ]
          }
        ]
      },
      "training" : {
        "apusVersion" : "0.1.0",
        "data" : "digits",
        "date" : "1970-01-01T00:00:00Z",
        "epochs" : 3,
        "metrics" : {
          "accuracy" : 0.98,
          "loss" : "inf"
        },
        "seed" : 18446744073709551615
      }
    }

    """

  @Test("is written as documented and comes back")
  func roundTrip() throws {
    #expect(String(decoding: try Self.digits.json(), as: UTF8.self) == Self.json)
    #expect(try BundleDescription(json: Array(Self.json.utf8), file: "x") == Self.digits)
  }

  @Test("a free extent may be null")
  func freeExtent() throws {
    let json = Self.json.replacingOccurrences(of: "\"batch\"", with: "null")
    #expect(try BundleDescription(json: Array(json.utf8), file: "x") == Self.digits)
  }

  static let lies: [(old: String, new: String, kind: FormatError.Kind, text: String)] = [
    ("\"formatVersion\" : 1", "\"formatVersion\" : 2", .unsupported, "reads up to 1. Use a newer Apus."),
    ("\"formatVersion\" : 1", "\"formatVersion\" : \"1\"", .malformed, "'formatVersion' has a value of the wrong type"),
    ("\"formatVersion\" : 1,", "", .malformed, "the key 'formatVersion' is missing"),
    ("\"name\" : \"digits\",", "", .malformed, "the key 'name' is missing"),
    ("\"dtype\" : \"u8\",", "", .malformed, "the key 'signature.inputs[0].dtype' is missing"),
    ("\"u8\"", "\"u9\"", .malformed, "'signature.inputs[0].dtype' has a wrong value: 'u9' is no dtype"),
    ("\"batch\"", "-1", .malformed, "an extent is a whole number"),
    ("\"batch\"", "1.5", .malformed, "an extent is a whole number"),
    ("\"image\",\n    \"width\"", "\"sound\",\n    \"width\"", .malformed, "'sound' is no kind of input"),
    ("\"channels\" : 1", "\"channels\" : 2", .malformed, "an image has 1 or 3"),
    ("\"height\" : 8,\n    \"kind\"", "\"height\" : 0,\n    \"kind\"", .malformed, "0 is not a positive number"),
    ("\"resize\"", "\"twist\"", .malformed, "'twist' is no step"),
    ("0.25", "0", .malformed, "no zero"),
    ("\"0\",", "", .malformed, "1 labels, but the model's output has 2 classes"),
    ("1970-01-01T00:00:00Z", "yesterday", .malformed, "Expected date string to be ISO8601-formatted."),
    ("}\n}", "}", .malformed, "not valid JSON"),
  ]

  @Test("what is wrong is named by its key", arguments: lies.indices)
  func wrong(_ index: Int) {
    let lie = Self.lies[index]
    let json = Self.json.replacingOccurrences(of: lie.old, with: lie.new)
    #expect(json != Self.json)
    expectError(lie.kind, lie.text) { try BundleDescription(json: Array(json.utf8), file: "bad") }
  }

  @Test("a folder without a file of the bundle is refused, and which is missing is said")
  func folder() throws {
    try withTemporaryFolder { folder in
      expectError(.notFound, "it is no Apus bundle", file: folder) { try BundleDescription(folder: folder) }
      try AtomicFile.write(Self.json, to: "\(folder)/bundle.json")
      expectError(.notFound, "model.onnx is missing", file: folder) { try BundleDescription(folder: folder) }
      try AtomicFile.write("", to: "\(folder)/model.onnx")
      expectError(.notFound, "weights.safetensors is missing", file: folder) { try BundleDescription(folder: folder) }
      try AtomicFile.write("", to: "\(folder)/weights.safetensors")
      #expect(try BundleDescription(folder: folder) == Self.digits)
    }
  }

  @Test("every truncation is refused and no damage traps")
  func hostile() {
    let json = Array(Self.json.utf8)
    checkHostile(json, rounds: 500, allowsPrefix: { $0 == json.count - 1 }) {
      try BundleDescription(json: $0, file: "bad")
    }
  }
}
