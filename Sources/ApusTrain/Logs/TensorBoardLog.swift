import Apus
import ApusFormats
import ApusIR

/// Event files in `tensorboard/` of the run folder: `tensorboard --logdir DIR/tensorboard`.
///
/// Scalars are the metrics and `learningRate`; at each record there are histograms of all trained
/// parameters and the pictures that `images` gives.
public final class TensorBoardLog: Callback {
  private let writesHistograms: Bool
  private let graph: (() throws -> Tensor)?
  private let images: (() throws -> [(tag: String, image: Image)])?
  private var writer: TensorBoardWriter?

  /// - Parameters:
  ///   - histograms: whether to write them.
  ///   - graph: what to draw as the graph, for instance the loss of `Step.graph(_:)`.
  ///   - images: pictures at each record.
  public init(
    histograms: Bool = true, graph: (() throws -> Tensor)? = nil,
    images: (() throws -> [(tag: String, image: Image)])? = nil
  ) {
    writesHistograms = histograms
    self.graph = graph
    self.images = images
  }

  public func begin(_ context: TrainingContext) throws {
    guard let folder = context.folder else { return }
    let step = context.position.totalSteps
    let writer = try TensorBoardWriter(
      folder: "\(folder.path)/tensorboard", replacingFrom: step == 0 ? nil : step + 1)
    self.writer = writer
    if step == 0, let graph {
      let capture = Program.capturing(inputs: [], outputs: [try graph().node])
      let names = capture.captured.map { $0.module ?? "" }
      try writer.write(.graph(capture.program, inputNames: names), step: 0)
    }
  }

  public func stepEnd(_ context: TrainingContext) throws {
    guard context.isRead, let writer else { return }
    let step = context.position.totalSteps
    try writer.write(.scalar(tag: "learningRate", context.learningRate), step: step)
    for (name, value) in context.metrics { try writer.write(.scalar(tag: name, value), step: step) }
  }

  public func recordEnd(_ record: MetricRecord, _ context: TrainingContext) throws {
    guard let writer else { return }
    for (name, value) in record.metrics {
      // Means of training beside the readings of its steps, under a name of their own.
      let tag = name.hasPrefix("validation/") ? name : "mean/\(name)"
      try writer.write(.scalar(tag: tag, value), step: record.step)
    }
    if writesHistograms {
      for parameter in context.store.trainable where parameter.dtype.isFloating {
        let values = parameter.value.to(.f32).array(of: Float.self)
        let tag = parameter.path.replacing(".", with: "/")
        try writer.write(.histogram(tag: tag, Histogram(values)), step: record.step)
      }
    }
    for (tag, image) in try images?() ?? [] {
      try writer.write(.image(tag: tag, image), step: record.step)
    }
  }
}
