import Apus
import ApusData
import ApusFormats
import ApusIR
import ApusModels
import ApusRuntime

/// A model for images with everything around it: what images it takes, how they are prepared, and
/// what its answers are called.
public struct Classifier: Sendable {
  /// A model of `ModelRegistry` with its options, or a list of layers.
  public let definition: Component
  public let size: ImageSize
  public let classNames: [String]
  public let normalization: Normalization
  public let store: ParameterStore
  private let model: any Layer
  private let compiledLogits: Compiled<Tensor, Tensor>

  /// Images that are answered together; a compromise of memory and speed.
  static let batchSize = 256

  /// The model's name.
  public var architecture: String { definition.name }

  /// Makes the model. Its first values are those of `store`.
  ///
  /// - Throws: ``ConfigurationError`` for an unknown architecture or layers that do not fit, `TensorError`
  ///   where it cannot take images of this size or the store's values do not fit it.
  public init(
    _ definition: Component, size: ImageSize, classNames: [String], normalization: Normalization,
    store: ParameterStore
  ) throws {
    let shape = ImageClassifierShape(
      height: size.height, width: size.width, channels: size.channels, classes: classNames.count)
    let model = try withTensorErrors { try ModelCatalog.classifier(definition, store.scope, shape) }
    self.definition = definition
    self.size = size
    self.classNames = classNames
    self.normalization = normalization
    self.store = store
    self.model = model
    compiledLogits = compiled { model(normalization($0)) }
  }

  /// Logits `f32[batch, class]` of images `u8[batch, height, width, channel]`.
  public func logits(_ x: Tensor) -> Tensor { model(normalization(x)) }

  /// The model's answers to all images.
  public func evaluate(_ images: LabeledImages) throws -> Evaluation {
    try Evaluation(classNames: classNames, scores: scores(images), labels: images.labels)
  }

  /// The logits of all images.
  func scores(_ images: LabeledImages) throws -> ClassScores {
    var logits: [Float] = []
    logits.reserveCapacity(images.count * classNames.count)
    for start in stride(from: 0, to: images.count, by: Classifier.batchSize) {
      let indices = Array(start..<min(start + Classifier.batchSize, images.count))
      logits += try compiledLogits(images.batch(indices).x).array(of: Float.self)
    }
    return try ClassScores(logits, classes: classNames.count)
  }

  /// The probability of each class for one image of any size.
  public func probabilities(_ image: Image) throws -> [Double] {
    let fitted = image.converted(toChannels: size.channels)
      .resized(height: size.height, width: size.width)
    let x = Tensor(fitted.pixels, shape: [1, size.height, size.width, size.channels])
    return softmax(try compiledLogits(x).array(of: Float.self)[...])
  }

  /// Work and memory of answering `batch` images at once, known before the first run.
  public func cost(batch: Int) throws -> Cost {
    try compiledLogits.cost(
      of: Tensor.zeros([batch, size.height, size.width, size.channels], dtype: .u8))
  }

  /// The program that gives logits and probabilities, with fixed batch extent, and the leaves bound
  /// to its inputs after the first, which is the images.
  func program(batch: Int) throws -> Program.Capture {
    let shape = Shape([batch, size.height, size.width, size.channels])
    let input = Node.placeholder(TensorType(.u8, shape))
    let outputs = try withTensorErrors {
      let logits = logits(Tensor(input))
      return [logits.node, Apus.softmax(logits).node]
    }
    return Program.capturing(inputs: [input], outputs: outputs)
  }
}
