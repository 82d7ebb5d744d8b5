import Apus
import Foundation
import Testing

/// What PyTorch gives, made by the scripts in `scripts/golden`.
struct Golden: Decodable {
  struct Output: Decodable {
    let shape: [Int]
    let values: [Float]
  }

  /// Names and shapes of the state dictionary in order.
  let keys: [Key]?
  let outputs: [Output]?

  struct Key: Decodable, Equatable {
    let name: String
    let shape: [Int]

    init(name: String, shape: [Int]) { (self.name, self.shape) = (name, shape) }

    init(from decoder: any Decoder) throws {
      var parts = try decoder.unkeyedContainer()
      name = try parts.decode(String.self)
      shape = try parts.decode([Int].self)
    }
  }

  static func load(_ name: String = "models") throws -> [String: Golden] {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Resources/\(name).json")
    return try JSONDecoder().decode([String: Golden].self, from: Data(contentsOf: path))
  }
}

/// Numbers from -1 to 1 that depend on the name and the index, as in `scripts/golden/models.py`: the upper
/// 24 bits of SplitMix64, which starts at the FNV-1a hash of the name.
func pattern(_ name: String, _ count: Int) -> [Float] {
  var state: UInt64 = 0xCBF2_9CE4_8422_2325
  for byte in name.utf8 { state = (state ^ UInt64(byte)) &* 0x100_0000_01B3 }
  return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
    for index in 0..<count {
      state = state &+ 0x9E37_79B9_7F4A_7C15
      var x = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
      x = (x ^ (x >> 27)) &* 0x94D0_49BB_1331_11EB
      x = x ^ (x >> 31)
      buffer.initializeElement(at: index, to: Float(x >> 40) / Float(1 << 23) - 1)
    }
    initialized = count
  }
}

func patterned(_ name: String, _ shape: Shape) -> Tensor {
  Tensor(pattern(name, shape.elementCount), shape: shape)
}

/// A parameter's value: of a size that keeps activations near 1.
private func value(_ name: String, _ shape: Shape) -> Tensor {
  if name.hasSuffix("num_batches_tracked") { return Tensor.zeros(shape, dtype: .i64) }
  let u = patterned(name, shape)
  if name.hasSuffix("running_var") { return u * 0.5 + 1 }
  if shape.rank > 1 {
    let fanIn = shape.dropFirst().reduce(1, *)
    return u * Tensor((6 / Double(fanIn)).squareRoot())
  }
  return name.hasSuffix("weight") ? u * 0.2 + 1 : u * 0.1
}

/// Checks that a model with patterned weights gives PyTorch's outputs in inference.
func expectOutputs<Model>(
  _ golden: Golden?, relative: Double = 1e-4, sourceLocation: SourceLocation = #_sourceLocation,
  _ make: (Scope) -> Model, _ run: (Model) -> [Tensor]
) throws {
  let expected = try #require(golden?.outputs, sourceLocation: sourceLocation)
  let store = ParameterStore.shapesOnly()
  let model = make(store.scope)
  let state = store.parameters.map { ($0.path, value($0.path, $0.shape)) }
  try eval(state.map(\.1))
  try store.load(Dictionary(uniqueKeysWithValues: state))
  let outputs = run(model)
  try #require(outputs.count == expected.count, sourceLocation: sourceLocation)
  for (output, expected) in zip(outputs, expected) {
    try #require(output.shape == Shape(expected.shape), sourceLocation: sourceLocation)
    let values = output.array(of: Float.self)
    let size = expected.values.map(abs).max() ?? 0
    let error = zip(values, expected.values).map { abs($0 - $1) }.max() ?? 0
    // Rounding adds up over the layers, and cancels in no single output.
    #expect(Double(error) <= relative * Double(size), sourceLocation: sourceLocation)
  }
}

/// Checks that a few steps change every trainable parameter and lower the loss of a fixed batch.
func expectLearning<Model>(
  _ model: Model, _ stores: ParameterStore..., steps: Int = 6, learningRate: Schedule = 1e-3,
  sourceLocation: SourceLocation = #_sourceLocation,
  loss: @escaping (Model, Tensor) -> Tensor, on x: Tensor
) throws {
  let parameters = stores.flatMap(\.trainable)
  let before = parameters.map(\.value)
  try eval(before)
  let step = Step<Model, Tensor>(model, Adam(learningRate: learningRate)) { loss($0, $1) }
  let losses = try (0..<steps).map { _ in try step(x).item }
  let isLower = losses.allSatisfy(\.isFinite) && losses[steps - 1] < losses[0]
  #expect(isLower, "losses \(losses)", sourceLocation: sourceLocation)
  for (parameter, first) in zip(parameters, before) {
    let isChanged = parameter.value != first
    #expect(isChanged, "\(parameter) did not change", sourceLocation: sourceLocation)
  }
}
