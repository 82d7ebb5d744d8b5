import Apus
import ApusTrain

/// First weights and inputs, the same for Apus and its peers, from safetensors files that
/// `peers/prepare.py` writes.
struct Data {
  let weights: [String: Tensor]
  private let inputs: [String: Tensor]
  private let isTraining: Bool

  init(folder: String, _ workload: Workload) throws {
    weights = try Safetensors.open(path: "\(folder)/\(workload.model).weights.safetensors")
    isTraining = workload.kind == .train
    let batch = workload.batch.map { ".batch\($0)" } ?? ""
    inputs = try Safetensors.read(
      path: "\(folder)/\(workload.model).\(workload.kind.rawValue)\(batch).safetensors")
  }

  func input(_ name: String) throws -> Tensor {
    guard let tensor = inputs[name] else { throw BenchmarkError("the inputs have no \(name)") }
    return tensor
  }

  /// The training batches: slices of `x` and `y` along the first axis.
  func batches() throws -> [Batch] {
    let x = try input("x")
    let y = try input("y")
    let batches = (0..<x.shape[0]).map { Batch(x: x[$0], y: y[$0]) }
    try eval(batches.flatMap(\.tensors))
    return try batches.map { Batch(x: try $0.x.evaluated(), y: try $0.y.evaluated()) }
  }

  /// A model with these weights.
  ///
  /// - Parameter adapt: changes a weight whose order of elements is another in Apus.
  func load<Model>(
    _ make: (Scope) -> Model, adapt: @escaping @Sendable (String, Tensor) -> Tensor = { $1 }
  ) throws -> Model {
    let weights = weights
    let store = ParameterStore(loading: { path in weights[path].map { adapt(path, $0) } })
    let model = try withTensorErrors { make(store.scope) }
    let missing = Set(weights.keys).subtracting(store.parameters.map(\.path))
    guard missing.isEmpty else {
      throw BenchmarkError("the model has no parameters \(missing.sorted().joined(separator: ", "))")
    }
    // An inference reads its weights where it wants them.
    if isTraining { try store.materialize() }
    return model
  }

  /// A training step on these batches with Adam, in mixed precision where that is not f32.
  func training<Model>(
    _ model: Model, _ precision: DType = .f32, loss: @escaping (Model, Batch) throws -> Tensor
  ) throws -> Run {
    let batches = try batches()
    let rate = try input("learning_rate").item
    let step = Step(
      model, Adam(learningRate: .constant(rate)), precision: precision == .f32 ? nil : precision,
      loss: loss)
    return { index in try step(batches[index % batches.count]) }
  }

  /// An inference on the input `x`.
  func inference(_ function: @escaping @Sendable (Tensor) -> Tensor) throws -> Run {
    let x = try input("x")
    let function = compiled(freezing: .parameters, function)
    return { _ in try function(x) }
  }
}
