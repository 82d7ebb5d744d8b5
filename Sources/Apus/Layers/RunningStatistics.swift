/// Mean and variance of each channel over the batches seen in training.
///
/// Buffers: `running_mean`, `running_var`, `num_batches_tracked`.
struct RunningStatistics: Sendable {
  let mean: Parameter
  let variance: Parameter
  let batchCount: Parameter
  private let momentum: Double?

  @TaskLocal static var isCumulative = false

  init(_ scope: Scope, _ features: Int, momentum: Double?) {
    self.momentum = momentum
    mean = scope.buffer("running_mean", [features], .zeros)
    variance = scope.buffer("running_var", [features], .ones)
    batchCount = scope.buffer("num_batches_tracked", [], .zeros, dtype: .i64)
  }

  /// Moves toward the statistics of a batch. The running variance is the unbiased one, as in
  /// PyTorch.
  ///
  /// - Parameter count: over how many elements `variance` is the mean.
  func track(_ mean: Tensor, _ variance: Tensor, count: Int) {
    let unbiased = variance * Tensor(Double(count) / Double(Swift.max(count - 1, 1)))
    move(self.mean, toward: mean)
    move(self.variance, toward: unbiased)
  }

  func countBatch() { batchCount.value = batchCount.value + 1 }

  private func move(_ buffer: Parameter, toward value: Tensor) {
    let next: Tensor
    if let momentum, !RunningStatistics.isCumulative {
      next = value.detached * Tensor(momentum) + buffer.value * Tensor(1 - momentum)
    } else {
      let share = 1 / (batchCount.value + 1).to(buffer.dtype.accumulator)
      next = value.detached * share + buffer.value * (1 - share)
    }
    buffer.value = next.to(buffer.dtype)
  }
}

/// Runs `body` with running statistics that become the mean over all batches, whatever their momentum.
package func withCumulativeStatistics<Result>(_ body: () throws -> Result) rethrows -> Result {
  try RunningStatistics.$isCumulative.withValue(true, operation: body)
}
