import Apus
import ApusData
import ApusIR

/// Where the guard starts to look again. It holds values, which the next step copies instead of
/// overwriting them.
struct Snapshot {
  var epoch: Int
  var step: Int
  var model: [String: Tensor]
  var training: [String: Tensor]

  init(of context: TrainingContext, _ step: any TrainingStep) {
    epoch = context.position.epoch
    self.step = context.position.step
    model = context.store.state
    training = step.state
  }
}

extension Trainer {
  /// Repeats the steps since the snapshot, which gives the same numbers, up to the first one after
  /// which something is not finite, and looks into that one. The model is left as it was before it.
  func origin(from snapshot: Snapshot) async throws -> String? {
    try context.store.load(snapshot.model)
    try step.restore(snapshot.training)
    var epoch = snapshot.epoch
    var start = snapshot.step
    while true {
      let batches = source.epoch(epoch, from: start)
      let result = try await repeatEpoch(batches)
      if result.isFound { return result.origin }
      guard start > 0 || result.steps > 0, epoch <= context.position.epoch else { return nil }
      epoch += 1
      start = 0
    }
  }

  private func repeatEpoch(
    _ batches: some AsyncSequence<Input, any Error>
  ) async throws -> (isFound: Bool, origin: String?, steps: Int) {
    var steps = 0
    for try await batch in batches {
      let before = Snapshot(of: context, step)
      let loss = try step(batch).item
      steps += 1
      let parameters = context.store.parameters.map(\.value).filter(\.dtype.isFloating)
      let flags = parameters.map { isFinite($0).all() }
      try eval(flags)
      if loss.isFinite && flags.allSatisfy({ $0.scalar(as: Bool.self) }) { continue }
      try context.store.load(before.model)
      try step.restore(before.training)
      guard let graph = try step.inspected(batch) else { return (true, nil, steps) }
      return (true, try NonFiniteOrigin(in: graph)?.description, steps)
    }
    return (false, nil, steps)
  }
}
