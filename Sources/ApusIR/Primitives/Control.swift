/// A loop with carried state: `body` runs `length` times.
///
/// Operands: constants (the same in each round), initial carries, sequences (one slice along axis 0
/// a round). The body takes constants, carries, slices and returns new carries, then per-round
/// results. The scan's results are the last carries, then the per-round results stacked along a
/// new axis 0.
public struct Scan: Hashable, Sendable {
  public var body: Program
  public var length: Int
  /// The number of operands that are constants.
  public var constants: Int
  /// The number of operands, and of leading body results, that are carried.
  public var carries: Int
  /// Whether the rounds go from the last slice to the first. A round's results always lie where
  /// its slices lay.
  public var reverse: Bool

  public init(body: Program, length: Int, constants: Int, carries: Int, reverse: Bool = false) {
    self.body = body
    self.length = length
    self.constants = constants
    self.carries = carries
    self.reverse = reverse
  }
}

/// A sub-graph that is kept together until gradients have been taken, then inlined.
///
/// Its body is part of the graph's structure; its rule decides only what the gradient is.
public struct Call: Hashable, Sendable {
  public enum Rule: Sendable {
    /// The gradient of the body, computed from the inputs again (recomputation).
    case checkpoint
    /// The user's gradient.
    case custom(GradientRule)
  }

  public var name: String
  public var body: Program
  public var rule: Rule

  public init(name: String, body: Program, rule: Rule) {
    self.name = name
    self.body = body
    self.rule = rule
  }

  // The rule is a function and cannot be compared; it is used up before any program is compared.
  public static func == (a: Call, b: Call) -> Bool { a.name == b.name && a.body == b.body }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(name)
    hasher.combine(body)
  }
}

/// An operation the engines do not know, computed by a function on the host.
///
/// Linear algebra through LAPACK is made of these. Two operations with one `identity` must be the
/// same function.
public final class HostOperation: Sendable {
  /// Reads dense row-major operands, writes dense row-major results.
  public typealias Evaluate =
    @Sendable (_ operands: [UnsafeRawPointer], _ operandTypes: [TensorType],
      _ results: [UnsafeMutableRawPointer], _ resultTypes: [TensorType]) throws -> Void

  public let name: String
  /// The name with every attribute that changes the result.
  public let identity: String
  public let gradient: GradientRule
  public let evaluate: Evaluate
  private let shapeRule: @Sendable ([TensorType]) throws(TensorError) -> [TensorType]

  public init(
    name: String, identity: String? = nil,
    infer: @escaping @Sendable ([TensorType]) throws(TensorError) -> [TensorType],
    gradient: GradientRule, evaluate: @escaping Evaluate
  ) {
    self.name = name
    self.identity = identity ?? name
    self.gradient = gradient
    self.evaluate = evaluate
    shapeRule = infer
  }

  func infer(_ operands: [TensorType]) throws(TensorError) -> [TensorType] {
    try shapeRule(operands)
  }
}

extension HostOperation: Hashable {
  public static func == (a: HostOperation, b: HostOperation) -> Bool { a.identity == b.identity }
  public func hash(into hasher: inout Hasher) { hasher.combine(identity) }
}

extension Primitive {
  func inferScan(_ operands: [TensorType], _ scan: Scan) throws(TensorError) -> [TensorType] {
    let body = scan.body
    let carried = scan.constants..<(scan.constants + scan.carries)
    guard scan.length >= 0, operands.count == body.inputTypes.count, carried.upperBound <= operands.count
    else {
      throw failure(
        .argument, "the body takes \(body.inputTypes.count) inputs, got \(operands.count)")
    }
    for (index, operand) in operands.enumerated() {
      var expected = body.inputTypes[index]
      if index >= carried.upperBound { expected.shape.extents.insert(scan.length, at: 0) }
      guard operand == expected else {
        throw failure(.shape, "operand \(index) must be \(expected), got \(operand)")
      }
    }
    var results = body.outputs.map { body.types[$0] }
    guard results.count >= scan.carries else {
      throw failure(.argument, "the body must return its \(scan.carries) carries first")
    }
    for index in results.indices {
      if index < scan.carries {
        let expected = body.inputTypes[scan.constants + index]
        guard results[index] == expected else {
          throw failure(
            .shape, "carry \(index) enters the body as \(expected) but leaves it as \(results[index])")
        }
      } else {
        results[index].shape.extents.insert(scan.length, at: 0)
      }
    }
    return results
  }

  func inferCall(_ operands: [TensorType], _ call: Call) throws(TensorError) -> [TensorType] {
    guard operands == Array(call.body.inputTypes) else {
      throw failure(.shape, "the body takes \(Array(call.body.inputTypes)), got \(operands)")
    }
    return call.body.outputs.map { call.body.types[$0] }
  }

  /// `output` is typed by its node, which sees all results of its operand.
  func inferOutput(_ operands: [TensorType], _ index: Int) throws(TensorError) -> TensorType {
    guard operands.indices.contains(index) else {
      throw failure(.index, "there is no result \(index) among \(operands.count)")
    }
    return operands[index]
  }
}
