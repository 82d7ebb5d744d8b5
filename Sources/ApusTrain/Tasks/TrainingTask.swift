import Apus
import ApusData
import ApusFormats
import ApusIR
import ApusRuntime

/// A kind of work that a configuration describes: data and a model, what a step makes small, what is measured and
/// what is left behind. What is the same for all of them is ``TaskTrainer``'s.
protocol TrainingTask: Sendable {
  associatedtype Input: TensorStructure
  /// What an evaluation found, for the report.
  associatedtype Findings

  var store: ParameterStore { get }
  /// Batches to train on.
  var source: any BatchSource<Input> { get }
  /// What samples are called, such as `images`.
  var unit: String { get }
  var heldOutCount: Int { get }
  /// Extents of one example by the name of the input.
  var inputs: [String: [Int]] { get }
  /// Names of the classes; nil where none are told apart.
  var classNames: [String]? { get }
  /// The metrics that ``evaluate()`` gives.
  var metricNames: [String] { get }
  /// What the model makes of a batch.
  var inference: Inference<Input> { get }
  /// Samples that are evaluated together.
  var evaluationBatchSize: Int { get }

  func loss(_ batch: Input) throws -> Tensor
  /// A batch of the types that `source` makes, all zeros.
  func example(_ count: Int) -> Input
  /// Metrics of what is held out, with the weights as they are.
  func evaluate() throws -> (metrics: [String: Double], findings: Findings)
  /// Work and memory of answering `batch` samples at once.
  func cost(batch: Int) throws -> Cost
  /// Those of evaluating them.
  func evaluationCost(batch: Int) throws -> Cost
  /// Tells before hours of training whether the model can be written.
  func checkExport() throws
  /// Writes the model.
  func save(to folder: RunFolder, _ record: TrainingRecord) throws
  /// Writes `report.html`.
  func writeReport(_ run: TaskRun, _ findings: Findings) throws
  /// Adds what was found to a report, after the curves.
  func describe(_ findings: Findings, in page: inout ReportPage) throws
  /// What was found, for a terminal.
  func summary(_ findings: Findings, _ metrics: [String: Double]) -> String
  /// Arguments of `apus` that go on from here.
  func suggestions(_ folder: RunFolder) -> [String]
}

/// A run that is over, for its report.
struct TaskRun {
  var configuration: TrainingConfiguration
  var description: RunDescription
  var context: TrainingContext
  var folder: RunFolder

  var title: String { "\(configuration.model) on \(configuration.data)" }
}

/// What a model makes of a batch when it is not trained: compiled, and to be looked into.
struct Inference<Input: TensorStructure>: Sendable {
  private let function: @Sendable (Input) throws -> Tensor
  private let compiledFunction: Compiled<Input, Tensor>

  init(_ function: @escaping @Sendable (Input) throws -> Tensor) {
    self.function = function
    compiledFunction = compiled(function)
  }

  func callAsFunction(_ batch: Input) throws -> Tensor { try compiledFunction(batch) }

  func cost(of batch: Input) throws -> Cost { try compiledFunction.cost(of: batch) }

  func program(_ batch: Input) throws -> Program {
    let inputs = batch.tensors.map { Node.placeholder(TensorType($0.dtype, $0.shape)) }
    var rest = inputs.map { Tensor($0) }[...]
    let batch = batch.replacing(with: &rest)
    let output = try withTensorErrors { try function(batch) }
    return Program.capturing(inputs: inputs, outputs: [output.node]).program
  }
}

extension TrainingTask {
  var classNames: [String]? { nil }

  func cost(batch: Int) throws -> Cost { try inference.cost(of: example(batch)) }

  func evaluationCost(batch: Int) throws -> Cost { try cost(batch: batch) }

  func checkExport() throws {}

  func describe(_ findings: Findings, in page: inout ReportPage) throws {}

  func writeReport(_ run: TaskRun, _ findings: Findings) throws {
    let report = ReportFile(title: run.title, settings: run.configuration.settings, run.description) { page in
      try describe(findings, in: &page)
    }
    try report.end(.finished, run.context)
  }

  func summary(_ findings: Findings, _ metrics: [String: Double]) -> String { figures(metrics) }

  func figures(_ metrics: [String: Double]) -> String {
    let figures = MetricRecord.sorted(metrics.keys).map { "\($0) \(figure(metrics[$0]!))" }
    return "\(grouped(heldOutCount)) held-out \(unit): " + figures.joined(separator: ", ")
  }

  func suggestions(_ folder: RunFolder) -> [String] { ["evaluate \(folder.path)", "inspect \(folder.path)"] }
}
