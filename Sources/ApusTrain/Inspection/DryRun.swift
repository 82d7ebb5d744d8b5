import Apus
import ApusData
import ApusIR
import ApusRuntime

/// What a training run would be: shapes, parameters, work, memory and steps. Nothing is trained, and no
/// parameter has a value.
public struct DryRun: Encodable, Sendable {
  public var model: String
  public var data: String
  /// Extents of one example by the name of the input: of an image height, width, channels.
  public var inputs: [String: [Int]]
  /// Nil where none are told apart.
  public var classes: Int?
  public var layers: [Layer]
  /// Numbers in all parameters and buffers, and in those that are trained.
  public var parameters: Int
  public var trainableParameters: Int
  public var parameterBytes: Int
  public var optimizerBytes: Int
  /// What samples are called: `images`, `rows`.
  public var unit: String
  public var samples: Int
  public var heldOutSamples: Int
  public var batchSize: Int
  public var epochs: Int
  public var stepsPerEpoch: Int
  public var steps: Int
  /// A whole batch forward, backward and the update of the weights; of several kinds of steps the
  /// greatest figures.
  public var step: Program
  /// The evaluation of what is held out.
  public var evaluation: Program
  /// One sample.
  public var inference: Program

  /// A module of the model, in the order in which it is computed.
  public struct Layer: Encodable, Hashable, Sendable {
    public var name: String
    /// Extents of its last result for one sample.
    public var output: [Int]
    public var parameters: Int
    /// Floating-point operations for one sample; a multiply-add counts as two.
    public var flops: Int
  }

  /// Work and memory of one program, exact.
  public struct Program: Encodable, Hashable, Sendable {
    /// Samples at once.
    public var batch: Int
    public var flops: Int
    /// Intermediate results.
    public var arenaBytes: Int
    /// All that the program needs: parameters, input, output, arena, and for a step the optimizer's state.
    public var peakMemoryBytes: Int

    init(batch: Int, _ costs: [Cost]) {
      self.batch = batch
      flops = costs.map(\.flops).max() ?? 0
      arenaBytes = costs.map(\.arenaBytes).max() ?? 0
      peakMemoryBytes = costs.map(\.peakBytes).max() ?? 0
    }
  }

  /// - Throws: ``ConfigurationError`` or `TensorError` where model, transforms or optimizer do not fit the
  ///   data.
  public init(_ configuration: TrainingConfiguration, _ dataset: ImageDataset) throws {
    self = try configuration.places.filled {
      try DryRun(configuration, ImageClassificationTask(configuration, dataset, .shapesOnly()))
    }
  }

  init(_ configuration: TrainingConfiguration, _ task: some TrainingTask) throws {
    try configuration.validate()
    try task.checkExport()
    let step = try configuration.makeStep(task)
    let (store, source) = (task.store, task.source)

    model = configuration.model.name
    data = configuration.data
    inputs = task.inputs
    classes = task.classNames?.count
    layers = DryRun.layers(store.parameters, try task.inference.program(task.example(1)))
    parameters = store.parameters.reduce(0) { $0 + $1.shape.elementCount }
    trainableParameters = store.trainableCount
    parameterBytes = store.parameters.reduce(0) { $0 + $1.shape.elementCount * $1.dtype.byteCount }
    optimizerBytes = try withTensorErrors {
      store.trainable.reduce(0) { sum, parameter in
        let state = step.optimizer.initialState(of: parameter.value, path: parameter.path)
        return state.values.reduce(sum) { $0 + $1.elementCount * $1.dtype.byteCount }
      }
    }
    unit = task.unit
    samples = source.count
    heldOutSamples = task.heldOutCount
    batchSize = min(configuration.batchSize, samples)
    epochs = configuration.epochs
    stepsPerEpoch = source.batchCount
    steps = configuration.stepOptions.totalSteps(stepsPerEpoch)
    let batch = task.example(batchSize)
    self.step = Program(
      batch: batchSize,
      try DryRun.phases(step.optimizer, steps: steps).map { try step.cost(of: batch, step: $0) })
    let evaluated = min(task.evaluationBatchSize, max(heldOutSamples, 1))
    evaluation = Program(batch: evaluated, [try task.evaluationCost(batch: evaluated)])
    inference = Program(batch: 1, [try task.cost(batch: 1)])
  }

  /// A step of each kind that the optimizer knows among the first ones.
  private static func phases(_ optimizer: any Optimizer, steps: Int) -> [Int] {
    var seen: Set<[Int]> = []
    return (0..<min(steps, 1_000)).filter { seen.insert(optimizer.phase(step: $0)).inserted }
  }

  private static func layers(_ parameters: [Parameter], _ program: ApusIR.Program) -> [Layer] {
    var layers: [Layer] = []
    var places: [String: Int] = [:]
    for instruction in program.instructions {
      let results = Array(program.types[instruction.results])
      let name = instruction.module ?? ""
      let index = places[name] ?? layers.count
      if index == layers.count {
        places[name] = index
        layers.append(Layer(name: name, output: [], parameters: 0, flops: 0))
      }
      layers[index].flops += instruction.primitive.flops(
        operands: instruction.operands.map { program.types[$0] }, results: results)
      layers[index].output = results.last.map { Array($0.shape.extents.dropFirst()) } ?? []
    }
    for parameter in parameters {
      let module = parameter.path.split(separator: ".").dropLast().joined(separator: ".")
      // A module whose work is done by another one's code.
      guard let index = places[module] ?? places[""] else { continue }
      layers[index].parameters += parameter.shape.elementCount
    }
    return layers
  }
}

extension DryRun {
  /// For people.
  public var text: String {
    let rows = layers.map { layer in
      [
        layer.name.isEmpty ? "(between layers)" : layer.name,
        layer.name.isEmpty ? "" : "\(layer.output)", grouped(layer.parameters), grouped(layer.flops),
      ]
    }
    let programs = [
      ("a step", step), ("evaluation", evaluation), ("inference", inference),
    ].map { name, program in
      [
        "\(name) (\(grouped(program.batch)) \(program.batch == 1 ? String(unit.dropLast()) : unit))",
        "\(grouped(program.flops)) operations", Inspection.size(program.arenaBytes),
        "\(grouped(program.peakMemoryBytes)) bytes (\(Inspection.size(program.peakMemoryBytes)))",
      ]
    }
    let takes = inputs.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
    let about = takes.joined(separator: ", ") + (classes.map { ", \($0) classes" } ?? "")
    return """
      \(model) on \(data): \(about)

      \(Inspection.table([["layer", "output", "parameters", "operations"]] + rows))

      parameters       \(grouped(parameters)), \(grouped(trainableParameters)) trained \
      (\(Inspection.size(parameterBytes)))
      optimizer state  \(Inspection.size(optimizerBytes))
      steps            \(grouped(steps)): \(grouped(epochs)) epochs of \(grouped(stepsPerEpoch)), \
      \(grouped(samples)) \(unit), \(grouped(batchSize)) in a step; \(grouped(heldOutSamples)) held out

      \(Inspection.table([["program", "work", "arena", "peak memory"]] + programs))
      """
  }
}
