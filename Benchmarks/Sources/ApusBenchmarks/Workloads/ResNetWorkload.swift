import Apus
import ApusModels

enum ResNetWorkload {
  /// ResNet-18 for images of 32 × 32.
  static func train(_ data: Data, _ precision: DType) throws -> Run {
    let shape = ImageClassifierShape(height: 32, width: 32, channels: 3, classes: 10)
    let model = try data.load { ResNet($0, .resNet18(shape)) }
    return try data.training(model, precision) { model, batch in
      crossEntropy(logits: model(batch.x), labels: batch.y)
    }
  }

  static func infer(_ data: Data) throws -> Run {
    let model = try data.load { ResNet($0, .resNet50()) }
    return try data.inference { model($0) }
  }
}
