import ApusIR
import ApusRuntime
import Synchronization

/// All parameters of a model, in the order in which they were made, and by path.
public final class ParameterStore: Sendable {
  /// Where first values come from.
  enum Source: Sendable {
    case random(seed: UInt64)
    case lookup(@Sendable (_ path: String) throws -> Tensor?)
    case shapesOnly
  }

  let source: Source
  private let contents = Mutex<(ordered: [Parameter], byPath: [String: Parameter])>(([], [:]))

  /// Parameters with random first values. Each depends on the seed and its own path only, so that
  /// adding a layer does not change the others.
  public init(seed: UInt64 = 0) { source = .random(seed: seed) }

  /// Parameters with values from elsewhere, for instance a checkpoint. A missing one, or one of
  /// another shape, is a mistake at the point where its layer is made: wrap the construction of the
  /// model in `try withTensorErrors { … }` to have it thrown.
  public init(loading lookup: @escaping @Sendable (_ path: String) throws -> Tensor?) {
    source = .lookup(lookup)
  }

  private init(source: Source) { self.source = source }

  /// Parameters without values: enough to list and count them or to compile.
  public static func shapesOnly() -> ParameterStore { ParameterStore(source: .shapesOnly) }

  /// The scope of the whole model.
  public var scope: Scope { Scope(store: self) }

  /// All parameters and buffers in order of creation.
  public var parameters: [Parameter] { contents.withLock { $0.ordered } }

  public var trainable: [Parameter] { parameters.filter(\.isTrainable) }

  public subscript(path: String) -> Parameter? { contents.withLock { $0.byPath[path] } }

  /// The number of elements of all trainable parameters.
  public var trainableCount: Int { trainable.reduce(0) { $0 + $1.shape.elementCount } }

  func add(_ parameter: Parameter) {
    let isNew = contents.withLock { contents in
      guard contents.byPath[parameter.path] == nil else { return false }
      contents.byPath[parameter.path] = parameter
      contents.ordered.append(parameter)
      return true
    }
    check(
      isNew, .argument, "Parameter", "there are two parameters \(parameter.path)",
      hint: "give each layer a scope of its own: scope / \"name\".")
  }

  // MARK: - State

  /// All values by path, as in PyTorch's `state_dict()`.
  public var state: [String: Tensor] {
    Dictionary(uniqueKeysWithValues: parameters.map { ($0.path, $0.stored) })
  }

  /// Sets values by path; each is converted to its parameter's dtype.
  ///
  /// - Parameter strict: whether every parameter must have a value and every value a parameter.
  /// - Throws: `TensorError` naming the missing, unexpected or mis-shaped keys; then nothing has
  ///   been changed.
  public func load(_ state: [String: Tensor], strict: Bool = true) throws(TensorError) {
    let parameters = parameters
    let known = Set(parameters.map(\.path))
    var faults: [String] = []
    if strict {
      let missing = parameters.map(\.path).filter { state[$0] == nil }
      let unexpected = state.keys.filter { !known.contains($0) }.sorted()
      if !missing.isEmpty { faults.append("missing: \(ParameterStore.list(missing))") }
      if !unexpected.isEmpty { faults.append("unexpected: \(ParameterStore.list(unexpected))") }
    }
    for parameter in parameters {
      guard let value = state[parameter.path], value.shape != parameter.shape else { continue }
      faults.append("\(parameter.path) has shape \(value.shape), expected \(parameter.shape)")
    }
    guard faults.isEmpty else {
      throw TensorError(
        .value, operation: "load", "the state does not fit the model: " + faults.joined(separator: "; "),
        hint: strict ? "load(_:strict: false) takes what fits by name." : nil)
    }
    for parameter in parameters {
      if let value = state[parameter.path] { parameter.value = value.to(parameter.dtype) }
    }
  }

  /// Runs `body` with other values by path, for instance averaged weights, and puts the old ones back.
  ///
  /// - Throws: `TensorError` where a path or shape does not fit, and what `body` throws.
  public func withValues<Result>(
    _ values: [String: Tensor], _ body: () throws -> Result
  ) throws -> Result {
    let unknown = values.keys.filter { self[$0] == nil }.sorted()
    guard unknown.isEmpty else {
      throw TensorError(
        .value, operation: "withValues",
        "the model has no parameter \(ParameterStore.list(unknown))")
    }
    let old = state.filter { values[$0.key] != nil }
    try load(values, strict: false)
    defer {
      for (path, value) in old { self[path]?.value = value }
    }
    return try body()
  }

  private static func list(_ names: [String]) -> String {
    let shown = names.prefix(8).joined(separator: ", ")
    return names.count > 8 ? "\(shown) and \(names.count - 8) more" : shown
  }

  /// Computes all values, for instance the random first ones, at once.
  public func materialize() throws { try eval(parameters.map(\.stored)) }
}
