import ApusIR
import ApusRuntime

/// Whether the graph of a function is being built, so that tensors may be placeholders.
enum Tracing {
  @TaskLocal static var isActive = false
}

/// Stands between parameters and the code that reads them while a compiled function is built: each
/// parameter becomes an input, each new value of one an output.
final class Tracer: @unchecked Sendable {
  // Sendable: reached only by the task that builds the graph, in program order.

  /// In order of first use.
  private(set) var parameters: [Parameter] = []
  private(set) var placeholders: [Parameter: Tensor] = [:]
  private(set) var updated: [Parameter] = []
  private var current: [Parameter: Tensor] = [:]
  /// Rows that embeddings with `sparse: true` have looked up for training.
  private(set) var lookups: [Parameter: [Lookup]] = [:]
  /// The random key of one run.
  let key = Node.placeholder(TensorType(.i64, [2]))
  private(set) var usesKey = false

  @TaskLocal static var current: Tracer?

  func value(of parameter: Parameter) -> Tensor {
    if let value = current[parameter] { return value }
    let type = TensorType(parameter.dtype, parameter.shape)
    let placeholder = Tensor(
      Node.placeholder(type, device: parameter.stored.device, module: parameter.path))
    parameters.append(parameter)
    placeholders[parameter] = placeholder
    current[parameter] = placeholder
    return placeholder
  }

  /// Rows of a parameter, as a place at which gradients can be taken.
  func lookUp(_ indices: Tensor, in parameter: Parameter) -> Tensor {
    let rows = Tensor.apply(.barrier, [value(of: parameter).take(indices)])
    lookups[parameter, default: []].append(Lookup(indices: indices, rows: rows))
    return rows
  }

  func update(_ parameter: Parameter, to value: Tensor) {
    _ = self.value(of: parameter)
    if !updated.contains(parameter) { updated.append(parameter) }
    current[parameter] = value
  }

  /// The last value of a parameter.
  func last(_ parameter: Parameter) -> Tensor { current[parameter]! }

  /// Runs `body`, which builds the graph. Mistakes in it are thrown.
  func run<Result>(_ body: () throws -> Result) throws -> Result {
    let generator = RandomGenerator(RandomKey(Tensor(key)))
    defer { usesKey = generator.hasDrawn }
    return try TensorErrors.collect {
      try Tracing.$isActive.withValue(true) {
        try RandomGenerator.$current.withValue(generator) {
          try Tracer.$current.withValue(self) { try body() }
        }
      }
    }
  }
}

/// What an embedding has looked up.
struct Lookup {
  let indices: Tensor
  let rows: Tensor
}

/// What decides whether a graph built before can be used again.
struct TraceSignature: Hashable {
  var types: [TensorType]
  var layout: String
  var isTraining: Bool
  var device: Device

  init(_ input: some TensorStructure, isTraining: Bool) {
    types = input.tensors.map(\.node.type)
    layout = input.layout
    self.isTraining = isTraining
    device = .current
  }
}

extension Tensor {
  /// A number in the source as data, everything else as it is.
  var asInput: Tensor {
    guard let number else { return self }
    return Tensor(number.double, dtype: dtype)
  }
}

extension Program {
  /// The program that computes `outputs` from `inputs` and the data it needs besides. Tensors
  /// outside that were not computed yet are computed now.
  static func traced(
    inputs: [Node], outputs: [Node], since mark: UInt64
  ) throws -> (program: Program, data: [Buffer]) {
    let outer = SubGraph.frontier(of: outputs, before: mark, declared: Set(inputs))
    EngineSetup.prepare()
    try Evaluation.evaluate(outer)
    let capture = Program.capturing(inputs: inputs, outputs: outputs)
    let data = try capture.captured.map { node throws(TensorError) -> Buffer in
      guard let buffer = node.buffer else {
        throw TensorError(
          .value, operation: "compiled", "the placeholder \(node.type) has no value",
          hint: "a compiled function may use only its arguments, parameters and computed tensors.",
          module: node.module)
      }
      return buffer
    }
    return (capture.program, data)
  }
}
