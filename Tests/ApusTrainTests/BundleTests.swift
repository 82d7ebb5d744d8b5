import Apus
import ApusData
import ApusFormats
import ApusModels
import Foundation
import Testing

@testable import ApusTrain

/// A saved model is what others read; see also `scripts/check-bundle.py`.
@Suite struct BundleTests {
  static let models = ["mlp", "cnn"]

  private func classifier(_ model: String, channels: Int = 1, side: Int = 8) throws -> Classifier {
    let store = ParameterStore(seed: 5)
    return try Classifier(
      Component(model), size: ImageSize(height: side, width: side, channels: channels),
      classNames: (0..<10).map(String.init),
      normalization: Normalization(
        mean: (0..<channels).map { 0.3 + 0.05 * Double($0) },
        standardDeviation: (0..<channels).map { 0.2 + 0.1 * Double($0) }),
      store: store)
  }

  /// What `onnx.checker` looks at, and that the weights are where the model says.
  @Test(arguments: models)
  func theGraphIsWhole(model: String) async throws {
    try await withFolder { folder in
      let classifier = try classifier(model)
      try classifier.save(to: folder, name: model, training: nil)
      let path = "\(folder)/model.onnx"
      let proto = try ONNXFile.read(path: path)
      let graph = proto.graph
      #expect(proto.opsetImport.map(\.version) == [19])

      var known = Set(graph.input.map(\.name) + graph.initializer.map(\.name))
      #expect(known.count == graph.input.count + graph.initializer.count)
      for node in graph.node {
        for input in node.input { #expect(known.contains(input), "\(node.name) reads \(input)") }
        for output in node.output { #expect(known.insert(output).inserted, "\(output) is made twice") }
      }
      for output in graph.output { #expect(known.contains(output.name)) }

      let batch = graph.input[0].type.tensorType.shape.dim
      #expect(batch[0].dimParam == "batch" && batch.dropFirst().map(\.dimValue) == [8, 8, 1])
      #expect(graph.output.map(\.name) == ["logits", "probabilities"])
      #expect(graph.output.allSatisfy { $0.type.tensorType.shape.dim[0].dimParam == "batch" })

      let weights = try SafetensorsFile(path: "\(folder)/weights.safetensors")
      let external = graph.initializer.filter { $0.dataLocation == .external }
      #expect(Set(external.map(\.name)) == Set(weights.names))
      for tensor in external { #expect(try tensor.array(file: path) == weights.read(tensor.name)) }
    }
  }

  @Test(arguments: models)
  func aBundleAnswersAsTheModelItCameFrom(model: String) async throws {
    try await withFolder { folder in
      let classifier = try classifier(model)
      try classifier.save(to: folder, name: model, training: nil)
      let read = try Classifier(bundle: folder)
      let images = smallDataset().heldOut
      #expect(read.classNames == classifier.classNames && read.size == classifier.size)
      #expect(try read.evaluate(images).predictions == classifier.evaluate(images).predictions)
    }
  }

  @Test func damagedBundlesAreSentences() async throws {
    try await withFolder { folder in
      #expect(
        message { try Classifier(bundle: folder) }
          == "\(folder): it is no Apus bundle: it has no bundle.json. Give the folder that 'apus train --output' wrote.")
      try classifier("mlp").save(to: folder, name: "mlp", training: nil)

      let weights = "\(folder)/weights.safetensors"
      let whole = try bytes(weights)
      try AtomicFile.write(Array(whole.dropLast(4)), to: weights)
      #expect(message { try Classifier(bundle: folder) }.hasPrefix("\(weights): "))

      try Safetensors.write(["hidden.weight": Tensor.zeros([128, 64])], to: weights)
      #expect(message { try Classifier(bundle: folder) }.contains("it has no tensor 'hidden.bias'"))

      var state = try classifier("mlp").store.state
      state["hidden.weight"] = Tensor.zeros([128, 65])
      try Safetensors.write(state, to: weights)
      #expect(
        message { try Classifier(bundle: folder) }
          .contains("hidden.weight has shape [128, 65], expected [128, 64]"))

      state = try classifier("mlp").store.state
      state["extra"] = Tensor.zeros([1])
      try Safetensors.write(state, to: weights)
      #expect(
        message { try Classifier(bundle: folder) }
          == "\(weights): its tensor 'extra' belongs to no layer of the model 'mlp'.")
    }
  }

  @Test func inspectionKnowsWorkAndMemory() async throws {
    try await withFolder { folder in
      try classifier("mlp").save(to: folder, name: "mlp", training: nil)
      let bundle = try Inspection(path: folder, batch: 4)
      #expect(bundle.parameters == 64 * 128 + 128 + 128 * 10 + 10)
      #expect(bundle.layers?.map(\.name) == ["hidden", "output"])
      #expect(bundle.weightBytes == bundle.parameters * 4)
      #expect(bundle.flops! > 4 * 2 * (64 * 128 + 128 * 10))
      #expect(bundle.peakMemoryBytes! >= bundle.weightBytes)
      #expect(try Inspection(path: "\(folder)/weights.safetensors").parameters == bundle.parameters)
      #expect(try Inspection(path: "\(folder)/model.onnx").operators?["MatMul"] == 2)
    }
  }

  /// Every model can be written; what cannot is refused before training.
  @Test(arguments: ModelRegistry.names.filter { $0 != "vit_b_16" })
  func everyModelHasAnONNXForm(model: String) throws {
    let classifier = try Classifier(
      Component(model), size: ImageSize(height: 32, width: 32, channels: 3),
      classNames: ["a", "b"], normalization: Normalization(mean: [0, 0, 0], standardDeviation: [1, 1, 1]),
      store: .shapesOnly())
    try classifier.checkExport()
  }

  @Test func whatHasNoONNXFormIsRefusedBeforeTraining() throws {
    let configuration = try TrainingConfiguration(
      yaml: "model: {layers: [{convTranspose2D: {filters: 2, kernel: 2, stride: 2}}, flatten, linear: classes]}",
      file: "c.yaml")
    let sentence = message { try DryRun(configuration, smallDataset()) }
    #expect(sentence.hasSuffix("in '0' cannot be written as ONNX yet."), "\(sentence)")
  }

  private func message<Value>(_ body: () throws -> Value) -> String {
    do {
      _ = try body()
      return "no error"
    } catch {
      return "\(error)"
    }
  }

  // MARK: - With the tools of others

  /// Python with safetensors, onnx and onnxruntime: `APUS_PYTHON`, or `python3`.
  static let python: String? = {
    let name = ProcessInfo.processInfo.environment["APUS_PYTHON"] ?? "python3"
    let check = "import safetensors, onnx, onnxruntime, numpy, PIL"
    return (try? run("/usr/bin/env", [name, "-c", check]))?.status == 0 ? name : nil
  }()

  @Test(
    .enabled(if: python != nil, "needs Python with safetensors, onnx, onnxruntime; set APUS_PYTHON"),
    arguments: [
      ("mlp", 1, 8), ("cnn", 1, 8), ("cnn", 3, 9), ("lenet", 3, 32), ("resnet18", 3, 32),
      ("mobilenet_v2", 3, 32), ("squeezenet1_1", 3, 32), ("shufflenet_v2_x0_5", 3, 32), ("vit_tiny", 3, 32),
    ])
  func othersReadTheBundleAndAnswerAlike(model: String, channels: Int, side: Int) async throws {
    try await withFolder { folder in
      let classifier = try classifier(model, channels: channels, side: side)
      try classifier.save(to: folder, name: model, training: nil)
      var paths: [String] = []
      var predictions: [[String: Any]] = []
      for index in 0..<5 {
        let pixels = (0..<side * side * channels).map { UInt8(truncatingIfNeeded: $0 * 37 + index * 91) }
        let image = Image(height: side, width: side, channels: channels, pixels: pixels)
        let path = "\(folder)/\(index).png"
        try AtomicFile.write(PNG.encode(image), to: path)
        let probabilities = try classifier.probabilities(image)
        let best = probabilities.indices.max { probabilities[$0] < probabilities[$1] }!
        paths.append(path)
        predictions.append([
          "label": classifier.classNames[best],
          "probabilities": Dictionary(uniqueKeysWithValues: zip(classifier.classNames, probabilities)),
        ])
      }
      let expected = try JSONSerialization.data(withJSONObject: ["predictions": predictions])
      try AtomicFile.write(Array(expected), to: "\(folder)/expected.json")
      let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path + "/scripts/check-bundle.py"
      let result = try run(
        "/usr/bin/env",
        [BundleTests.python!, script, folder] + paths + ["--expect", "\(folder)/expected.json"])
      #expect(result.status == 0, "\(result.output)")
    }
  }
}

/// Runs a program and returns its status and what it printed.
func run(_ program: String, _ arguments: [String]) throws -> (status: Int32, output: String) {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: program)
  process.arguments = arguments
  let pipe = Pipe()
  process.standardOutput = pipe
  process.standardError = pipe
  try process.run()
  let data = pipe.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  return (process.terminationStatus, String(decoding: data, as: UTF8.self))
}
