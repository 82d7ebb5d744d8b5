import Apus
import ApusData
import ApusTrain
import Testing

@Suite struct BatchNormUpdateTests {
  /// PyTorch's `update_bn`: means over the batches of each batch's mean and unbiased variance, whatever
  /// the statistics and the momentum were.
  @Test func statisticsAreMeansOverTheBatches() async throws {
    let store = ParameterStore(seed: 1)
    let norm = BatchNorm(store.scope / "norm", 2, momentum: 0.3)
    let instance = InstanceNorm(store.scope / "instance", 2, tracksRunningStatistics: true)
    let source = Points()
    for path in ["norm.running_mean", "norm.running_var"] { store[path]!.value = Tensor([5, 7], dtype: .f32) }
    try await updateBatchNorm(store, source: source) { batch in
      norm(batch.x) + instance(batch.x.expanded(at: 0)).sum()
    }
    var mean = Tensor.zeros([2])
    var variance = Tensor.zeros([2])
    for try await batch in source.batches(0) {
      let center = batch.x.mean(axis: 0)
      let deviation = batch.x - center
      mean = mean + center / 4
      variance = variance + (deviation * deviation).sum(axis: 0) / 7 / 4
    }
    for place in ["norm", "instance"] {
      let isMean = store[place + ".running_mean"]!.value.allClose(mean, relative: 1e-5, absolute: 1e-6)
      let isVariance = store[place + ".running_var"]!.value.allClose(variance, relative: 1e-5, absolute: 1e-6)
      #expect(isMean && isVariance, "\(place)")
    }
    #expect(store["norm.num_batches_tracked"]!.value.item == 4)
  }

  @Test func statisticsStayWhereThereIsNoBatch() async throws {
    let store = ParameterStore(seed: 1)
    let norm = BatchNorm(store.scope, 2)
    store["running_mean"]!.value = Tensor([5, 7], dtype: .f32)
    await #expect(throws: TrainingError.self) {
      try await updateBatchNorm(store, source: Points(batchCount: 0)) { norm($0.x) }
    }
    #expect(store["running_mean"]!.value.array(of: Float.self) == [5, 7])
  }
}
