import Apus

/// What is measured: `gpt.train.bf16`, `resnet50.infer.f32.batch8`.
struct Workload {
  enum Kind: String { case train, infer }

  let name: String
  let model: String
  let kind: Kind
  /// What the arithmetic runs in. Weights and the optimizer's state are always f32.
  let precision: DType
  /// Of an inference; a training step takes the batches of its data as they are.
  let batch: Int?

  init(parsing name: String) throws {
    let parts = name.split(separator: ".").map(String.init)
    let precisions: [String: DType] = ["f32": .f32, "bf16": .bf16]
    guard parts.count >= 3, let kind = Kind(rawValue: parts[1]), let precision = precisions[parts[2]]
    else {
      throw BenchmarkError("\(name) is no workload: expected a name such as mlp.train.f32")
    }
    self.name = name
    model = parts[0]
    self.kind = kind
    self.precision = precision
    batch = parts.count > 3 ? Int(parts[3].drop(while: \.isLetter)) : nil
  }

  /// Loads the model and gives the function that does the work once.
  func makeRun(_ data: Data) throws -> Run {
    switch (model, kind) {
    case ("mlp", .train): try MLPWorkload.train(data, precision)
    case ("mlp", .infer): try MLPWorkload.infer(data)
    case ("cnn", .train): try CNNWorkload.train(data, precision)
    case ("resnet18", .train): try ResNetWorkload.train(data, precision)
    case ("resnet50", .infer): try ResNetWorkload.infer(data)
    case ("lstm", .train): try LSTMWorkload.train(data, precision)
    case ("gpt", .train): try GPTWorkload.train(data, precision)
    case ("gpt", .infer): try GPTWorkload.infer(data)
    case ("bert", .infer): try BERTWorkload.infer(data)
    default: throw BenchmarkError("there is no workload \(name)")
    }
  }
}

/// One training step, inference or generated sequence.
///
/// - Parameter index: of the repetition, from 0; training goes round the batches of its data.
/// - Returns: what is compared with the peers: the loss, or outputs.
typealias Run = (_ index: Int) throws -> Tensor
