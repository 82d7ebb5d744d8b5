/// A mistake in a tensor program: what was wrong, where, with which values, and what to do.
public struct TensorError: Error, Hashable, Sendable {
  public enum Kind: String, Sendable {
    case shape
    case dtype
    case index
    case argument
    case gradient
    case device
    case memory
    case value
    case engine
  }

  public var kind: Kind
  /// The operation's name, as in the API.
  public var operation: String
  /// Path of the module that was running, for instance `encoder.layers.0`.
  public var module: String?
  /// What was wrong, with the values; without the full stop.
  public var message: String
  /// What to do about it; with its full stop.
  public var hint: String?

  public init(
    _ kind: Kind, operation: String, _ message: String, hint: String? = nil,
    module: String? = ModulePath.current
  ) {
    self.kind = kind
    self.operation = operation
    self.message = message
    self.hint = hint
    self.module = module
  }
}

extension TensorError: CustomStringConvertible {
  /// One sentence or two: `hidden: matmul: …. Hint: ….`
  public var description: String {
    let place = module.map { "\($0): " } ?? ""
    let cure = hint.map { " Hint: \($0)" } ?? ""
    return "\(place)\(operation): \(message).\(cure)"
  }
}

/// The path of the module whose code runs in this task; layers set it while they are called.
public enum ModulePath {
  @TaskLocal public static var current: String?

  /// Runs `body` with `path` as the module path of every node it makes.
  @inlinable
  public static func with<Result>(_ path: String, _ body: () throws -> Result) rethrows -> Result {
    try $current.withValue(path.isEmpty ? nil : path, operation: body)
  }

  /// The same for a known path; where there is none the current one stays.
  static func running<Result>(
    _ path: String?, _ body: () throws(TensorError) -> Result
  ) throws(TensorError) -> Result {
    guard let path, path != current else { return try body() }
    let outcome = $current.withValue(path) {
      Swift.Result { () throws(TensorError) -> Result in try body() }
    }
    return try outcome.get()
  }
}

/// The one place where a mistake in model code is reported.
///
/// Outside `TensorErrors.collect` a mistake traps with its full sentence. Inside, the first one is
/// kept, the operation yields a stand-in so that the code can run to its end, and `collect` throws.
public enum TensorErrors {
  final class Collector: @unchecked Sendable {
    // Sendable: `first` is reached only by the task that runs `collect`, in program order.
    var first: TensorError?
  }

  @TaskLocal static var collector: Collector?

  /// Reports a mistake. Returns only inside `collect`.
  public static func report(_ error: TensorError) {
    guard let collector else { fatalError(error.description) }
    if collector.first == nil { collector.first = error }
  }

  /// Runs `body` and throws the first mistake it reported, if any.
  public static func collect<Result>(_ body: () throws -> Result) throws -> Result {
    let collector = Collector()
    let result: Swift.Result<Result, any Error> = $collector.withValue(collector) {
      Swift.Result { try body() }
    }
    if let first = collector.first { throw first }
    return try result.get()
  }
}
