import Apus
import ApusData
import ApusFormats
import ApusModels
import Foundation
import Testing

@testable import ApusTrain


/// What a configuration describes is what is trained.
@Suite struct ConfiguredTrainingTests {
  private func configuration(_ yaml: String) throws -> TrainingConfiguration {
    try TrainingConfiguration(yaml: yaml, file: "c.yaml")
  }

  /// Every part together: it learns, its bundle answers as it did, and its graph is ONNX.
  @Test func aRunWithEverySectionLearnsAndIsSaved() async throws {
    try await withFolder { path in
      var configuration = try configuration(ConfigurationTests.whole)
      configuration.epochs = 4
      let dataset = try configuration.openDataset()
      #expect(dataset.heldOut.count == 449)
      let trainer = ClassifierTrainer(
        configuration, dataset, folder: RunFolder(path: path), shouldStop: { _ in false })
      guard case .finished(let result) = try await trainer.run() else {
        Issue.record("it did not finish")
        return
      }
      #expect(result.evaluation.accuracy > 0.6)
      let last = try #require(result.position.history.last)
      #expect(last["validation/f1"] != nil && last["validation/top3"] != nil)
      #expect(last["validation/accuracy"] == result.evaluation.accuracy)
      let files = try FileManager.default.contentsOfDirectory(atPath: path)
      #expect(Set(["log.csv", "bundle.json", "model.onnx", "config.yaml", "history.json"]).isSubset(of: files))

      let read = try Classifier(bundle: path)
      let isSame = read.definition == configuration.model
      #expect(isSame)
      #expect(try read.evaluate(dataset.heldOut).predictions == result.evaluation.predictions)
      let again = try TrainingConfiguration(path: "\(path)/config.yaml")
      let isRepeated = again == configuration
      #expect(isRepeated)
      #expect(try BundleDescription(folder: path).training?.heldOut == 0.25)
    }
  }

  /// Averages, accumulation and logs go on where they were.
  @Test func anInterruptedRunEndsWithTheSameBytes() async throws {
    let configuration = try configuration(
      """
      model: {layers: [flatten, linear: 16, batchNorm, relu, dropout: 0.1, linear: classes]}
      optimizer: {name: sgd, momentum: 0.9, accumulate: 2, ema: 0.9, clip: 1}
      transforms: [{randomCrop: {size: 8, padding: 1}}, {cutMix: 1}]
      schedule: {name: plateau, patience: 0}
      callbacks: [csvLog]
      epochs: 2
      batchSize: 32
      """)
    try await withFolder { path in
      let (whole, parts) = (RunFolder(path: "\(path)/a"), RunFolder(path: "\(path)/b"))
      try whole.prepare()
      try parts.prepare()
      let dataset = smallDataset()
      _ = try await ClassifierTrainer(configuration, dataset, folder: whole, shouldStop: { _ in false }).run()
      _ = try await ClassifierTrainer(configuration, dataset, folder: parts) { $0.totalSteps == 3 }.run()
      let checkpoint = try Checkpoint(path: parts.lastCheckpoint)
      let settings = try TrainingConfiguration(yaml: checkpoint.configuration, file: "c.yaml")
      let isKept = settings == configuration
      #expect(isKept)
      _ = try await ClassifierTrainer(settings, dataset, folder: parts, shouldStop: { _ in false })
        .run(from: checkpoint)
      for name in ["weights.safetensors", "log.csv"] {
        let isEqual = try bytes("\(whole.path)/\(name)") == bytes("\(parts.path)/\(name)")
        #expect(isEqual, "\(name)")
      }
    }
  }

  @Test func earlyStoppingFinishesTheRun() async throws {
    try await withFolder { path in
      let configuration = try configuration(
        """
        model: mlp
        epochs: 50
        batchSize: 75
        learningRate: 1e-9
        callbacks: [earlyStopping: {patience: 1, minimumDelta: 0.5}]
        """)
      let trainer = ClassifierTrainer(
        configuration, smallDataset(), folder: RunFolder(path: path), shouldStop: { _ in false })
      guard case .finished(let result) = try await trainer.run() else {
        Issue.record("it did not finish")
        return
      }
      #expect(result.position.epoch == 2)
      #expect(FileManager.default.fileExists(atPath: "\(path)/bundle.json"))
    }
  }

  static let misfits: [(yaml: String, sentence: String)] = [
    (
      "model: {layers: [flatten, conv2D: {filters: 3, kernel: 3}]}",
      "c.yaml:1:27: layer 1 (conv2D) gets [64] for each example: it takes images, [height, width, channel]."
    ),
    (
      "model: {layers: [linear: classes]}",
      "c.yaml:1:8: layers: they end with [8, 8, 10] for each example, but a classifier gives one number for "
        + "each of 10 classes; end with 'flatten' or a global pooling, and 'linear: classes'."
    ),
    (
      "model: {layers: [upsample: 64, upsample: 64, upsample: 64, upsample: 64]}",
      "c.yaml:1:46: layer 2 (upsample) gets [32768, 32768, 1] for each example: it would give "
        + "[2097152, 2097152, 1] for each example."
    ),
    (
      "model: {layers: [residual: {layers: [flatten]}]}",
      "c.yaml:1:18: layer 0 (residual) gets [8, 8, 1] for each example: its layers give [64], which cannot "
        + "be added to that."
    ),
    (
      "transforms: [resize: 4]",
      "c.yaml:1:1: 'transforms' make images of 4 × 4 × 1 (height × width × channels), but the data's are 8 × 8 × 1; end "
        + "with 'resize', or set 'imageSize'."
    ),
    (
      "transforms: [mixUp, cutout: 2]",
      "c.yaml:1:21: 'cutout' changes images; it must stand before mixUp and cutMix."
    ),
    ("metrics: [rocAUC]", "c.yaml:1:1: 'metrics': rocAUC is for two classes; the data has 10."),
    (
      "loss: {name: crossEntropy, classWeights: [1, 2]}",
      "c.yaml:1:7: crossEntropy: 2 'classWeights' do not fit 10 classes."
    ),
  ]

  @Test(arguments: misfits)
  func whatDoesNotFitTheDataIsASentence(yaml: String, sentence: String) {
    do {
      _ = try DryRun(configuration(yaml), smallDataset())
      Issue.record("no error, expected: \(sentence)")
    } catch {
      if "\(error)" != sentence { Issue.record("got:      \(error)\nexpected: \(sentence)") }
    }
  }

  /// Each entry of each table can be made, with its defaults.
  @Test func everythingThatIsListedCanBeMade() throws {
    for entry in OptimizerCatalog.catalog.table.entries {
      var configuration = TrainingConfiguration()
      configuration.optimizer = Component(entry.name)
      _ = try configuration.makeOptimizer(stepsPerEpoch: 10)
    }
    let lengths = ["cosineRestarts": "period", "stepped": "every", "triangular": "up", "exponential": "by"]
    for entry in ScheduleCatalog.catalog.table.entries {
      var configuration = TrainingConfiguration()
      configuration.schedule = Component(entry.name)
      if let name = lengths[entry.name] { configuration.schedule.options[name] = .number(0.5) }
      if entry.name == "multiStep" { configuration.schedule.options["at"] = .list([.number(2), .number(4)]) }
      let schedule = try configuration.makeOptimizer(stepsPerEpoch: 10).learningRate
      let isInRange = (0..<200).allSatisfy { schedule($0) >= 0 && schedule($0) <= 0.003 + 1e-12 }
      #expect(isInRange, "\(entry.name)")
    }
    for entry in LossCatalog.catalog.table.entries {
      let make = try LossCatalog.catalog.make(Component(entry.name))
      if ["meanSquaredError", "meanAbsoluteError", "huber"].contains(entry.name) {
        #expect(try make(.numbers)(Tensor([1, 2]), Tensor([0, 4])).item > 0, "\(entry.name)")
      }
      if ["meanAbsoluteError", "huber"].contains(entry.name) {
        #expect(throws: ConfigurationError.self) { try make(.classes(4)) }
        continue
      }
      let loss = try make(.classes(4))
      let logits = Tensor([0.1, 0.2, 3, -1, 1, 2, 0, 0.5], shape: [2, 4])
      #expect(loss(logits, Tensor([Int64(0), 2])).item.isFinite, "\(entry.name)")
      guard entry.name != "multiMargin" else { continue }
      #expect(loss(logits, .ones([2, 4]) * Tensor(0.25)).item.isFinite, "\(entry.name)")
    }
    for name in MetricCatalog.names where RegressionMetric.Kind(rawValue: name) == nil {
      let scores = try ClassScores([1, 0, 0, 2, 3, 1], classes: 2)
      #expect(try MetricCatalog.value(name, scores, [0, 1, 1]).isFinite, "\(name)")
    }
  }

  /// Each model for other data than images, with its defaults.
  @Test func everyModelOfOtherDataCanBeMade() throws {
    let shape = TextShape(vocabulary: 20, length: 8)
    for kind in DataKind.allCases where kind != .images {
      for name in ModelCatalog.names(for: kind) where name != ModelCatalog.layers {
        let (definition, store) = (Component(name), ParameterStore.shapesOnly())
        switch kind {
        case .images: break
        case .table:
          _ = try ModelCatalog.tabular(
            definition, store.scope, TabularShape(numbers: 2, categories: [3], target: .numbers))
        case .text: _ = try ModelCatalog.languageModel(definition, store.scope, shape)
        case .texts: _ = try ModelCatalog.textClassifier(definition, store.scope, shape, classes: 2)
        case .series: _ = try ModelCatalog.forecaster(definition, store.scope, history: 8, horizon: 4)
        }
        #expect(store.trainableCount > 0, "\(name)")
        #expect(throws: ConfigurationError.self) { try ModelCatalog.check(definition, for: .images) }
      }
      #expect(throws: ConfigurationError.self) { try ModelCatalog.check("cnn", for: kind) }
    }
    for entry in ModelCatalog.autoencoders {
      let shape = ImageShape(height: 8, width: 8, channels: 1)
      _ = try ModelCatalog.autoencoder(Component(entry.name), ParameterStore.shapesOnly().scope, shape)
    }
  }

  /// Options that layers and transforms need; all others are tried without any.
  private static let needed: [String: [String: OptionValue]] = [
    "conv2D": ["filters": .integer(4), "kernel": .integer(3)], "depthwiseConv2D": ["kernel": .integer(3)],
    "separableConv2D": ["filters": .integer(4), "kernel": .integer(3)],
    "convTranspose2D": ["filters": .integer(4), "kernel": .integer(3)],
    "maxPool2D": ["window": .integer(2)], "averagePool2D": ["window": .integer(2)],
    "adaptiveAveragePool": ["size": .integer(2)], "adaptiveMaxPool": ["size": .integer(2)],
    "groupNorm": ["groups": .integer(2)], "localResponseNorm": ["size": .integer(2)],
    "linear": ["units": .integer(4)], "zeroPad": ["width": .integer(1)], "upsample": ["scale": .integer(2)],
    "pixelShuffle": ["factor": .integer(2)], "pixelUnshuffle": ["factor": .integer(2)],
    "channelShuffle": ["groups": .integer(2)], "residual": ["layers": .list([.component("relu")])],
    "resize": ["size": .integer(8)], "resizeShorterSide": ["side": .integer(8)],
    "centerCrop": ["size": .integer(8)], "randomCrop": ["size": .integer(8)],
    "randomResizedCrop": ["size": .integer(8)], "randomRotation": ["degrees": .number(5)],
    "randomAffine": ["degrees": .number(5)], "cutout": ["size": .integer(2)],
    "randomApply": ["transforms": .list([.component("randomHorizontalFlip")])],
    "randomChoice": ["transforms": .list([.component("randomHorizontalFlip")])],
  ]

  @Test(arguments: LayerCatalog.catalog.table.names)
  func everyLayerCanBeListed(name: String) throws {
    let component = Component(name, ConfiguredTrainingTests.needed[name] ?? [:])
    let list = try LayerList([component], ParameterStore(seed: 0).scope, input: [8, 8, 4], outputs: 3)
    let y = list(.ones([2, 8, 8, 4]))
    #expect(Array(y.shape.extents.dropFirst()) == list.output)
    let isFinite = y.array(of: Float.self).allSatisfy { $0.isFinite }
    #expect(isFinite)
  }

  @Test(arguments: TransformCatalog.catalog.table.names)
  func everyTransformCanBeListed(name: String) async throws {
    var configuration = TrainingConfiguration()
    configuration.transforms = [Component(name, ConfiguredTrainingTests.needed[name] ?? [:])]
    let loader = try configuration.makeLoader(smallDataset(4))
    for try await batch in loader.epoch(0) { #expect(batch.x.shape.extents == [4, 8, 8, 1]) }
  }

  @Test func aDryRunKnowsWhatTheRunDoes() throws {
    let configuration = try configuration("model: mlp\nbatchSize: 30\nepochs: 2")
    let run = try DryRun(configuration, smallDataset())
    #expect(run.parameters == 64 * 128 + 128 + 128 * 10 + 10 && run.parameterBytes == 4 * run.parameters)
    #expect(run.optimizerBytes == 2 * run.parameterBytes)
    #expect(run.steps == 10 && run.stepsPerEpoch == 5)
    #expect(run.layers.filter { !$0.name.isEmpty }.map(\.output) == [[128], [10]])
    #expect(run.inference.flops > 2 * (64 * 128 + 128 * 10))
    #expect(run.step.flops > 2 * 30 * run.inference.flops)
    #expect(run.step.peakMemoryBytes >= 3 * run.parameterBytes + run.step.arenaBytes)

    // Of steps that only add up gradients and steps that update, the greater count.
    let twice = try DryRun(
      self.configuration("model: mlp\nbatchSize: 30\noptimizer: {name: adamW, accumulate: 2}"), smallDataset())
    #expect(twice.optimizerBytes == 3 * twice.parameterBytes)
    #expect(twice.step.peakMemoryBytes >= 4 * twice.parameterBytes)
  }

  /// The page has the tables that the program knows. `APUS_WRITE_DOCS=1` writes them.
  @Test func theDocumentationHasTheTables() throws {
    let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Docs/Configuration.md")
    var text = try String(contentsOf: page, encoding: .utf8)
    let isWriting = ProcessInfo.processInfo.environment["APUS_WRITE_DOCS"] != nil
    for (title, table) in TrainingConfiguration.tables {
      let begin = try #require(text.range(of: "<!-- table: \(title) -->\n"))
      let end = try #require(text.range(of: "\n<!-- end -->", range: begin.upperBound..<text.endIndex))
      let isCurrent = text[begin.upperBound..<end.lowerBound] == table
      if isWriting { text.replaceSubrange(begin.upperBound..<end.lowerBound, with: table) }
      #expect(isCurrent || isWriting, "the table of \(title) is out of date")
    }
    if isWriting { try Data(text.utf8).write(to: page) }
    let examples = text.split(separator: "```yaml\n").dropFirst().map { String($0.split(separator: "\n```")[0]) }
    #expect(examples.count >= 2)
    for example in examples { _ = try TrainingConfiguration(yaml: example, file: "Docs/Configuration.md") }
  }
}
