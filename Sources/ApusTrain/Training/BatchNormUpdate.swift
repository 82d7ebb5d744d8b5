import Apus
import ApusData

/// Computes the running means and variances of all layers that keep such anew, as the mean over the
/// batches of an epoch: for weights that no step has trained, such as averaged ones
/// (`torch.optim.swa_utils.update_bn`).
///
/// ```swift
/// try store.load(step.averagedParameters, strict: false)
/// try await updateBatchNorm(store, source: loader) { model($0.x) }
/// ```
///
/// - Parameter forward: the model on a batch; it runs in training mode.
/// - Throws: ``TrainingError/noBatches(epoch:)``, and what the source and the model throw. Then the
///   statistics are what they were before.
public func updateBatchNorm<Input: TensorStructure>(
  _ store: ParameterStore, source: any BatchSource<Input>, epoch: Int = 0,
  _ forward: @escaping @Sendable (Input) throws -> Tensor
) async throws {
  let firstValues: [(name: String, value: Double)] = [
    ("running_mean", 0), ("running_var", 1), ("num_batches_tracked", 0),
  ]
  let statistics = store.parameters.filter { parameter in
    firstValues.contains { parameter.path == $0.name || parameter.path.hasSuffix("." + $0.name) }
  }
  let before = statistics.map(\.value)
  for (name, value) in firstValues {
    for parameter in statistics where parameter.path.hasSuffix(name) {
      parameter.value = .full(parameter.shape, value, dtype: parameter.dtype)
    }
  }
  do {
    let run = compiled { (batch: Input) in try withCumulativeStatistics { try forward(batch) } }
    var count = 0
    try await visit(source.epoch(epoch)) { batch in
      _ = try withTraining { try run(batch) }
      count += 1
    }
    guard count > 0 else { throw TrainingError.noBatches(epoch: epoch + 1) }
  } catch {
    for (parameter, value) in zip(statistics, before) { parameter.value = value }
    throw error
  }
}

private func visit<Input: TensorStructure>(
  _ batches: some AsyncSequence<Input, any Error>, _ body: (Input) throws -> Void
) async throws {
  for try await batch in batches { try body(batch) }
}
