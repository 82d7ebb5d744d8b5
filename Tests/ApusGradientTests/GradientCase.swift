import ApusIR
import ApusTestSupport

/// One function of a few tensors whose gradient is checked, filed under the primitive it is about.
struct GradientCase: Sendable, CustomStringConvertible {
  /// The primitive's name in the registry.
  let primitive: String
  let label: String
  let operands: [Operand]
  /// The step of the finite differences and the error they allow.
  var step = 1e-4
  var tolerance = 1e-6
  let function: @Sendable ([Node]) throws(TensorError) -> [Node]

  var description: String { "\(primitive) \(label)" }

  /// A function that is made of several nodes.
  init(
    _ primitive: String, _ label: String, _ operands: [Operand],
    _ function: @escaping @Sendable ([Node]) throws(TensorError) -> [Node]
  ) {
    self.primitive = primitive
    self.label = label
    self.operands = operands
    self.function = function
  }

  /// A primitive by itself, with all its results.
  init(_ primitive: Primitive, _ operands: [Operand]) {
    let shapes = operands.map { "\($0.type)" }.joined(separator: ", ")
    self.init(primitive.name, "\(primitive) on \(shapes)", operands) { (inputs) throws(TensorError) in
      let node = try Node(primitive, inputs)
      if node.types.count == 1 { return [node] }
      var results: [Node] = []
      for index in node.types.indices { results.append(try Node(.output(index), [node])) }
      return results
    }
  }

  func allowing(_ tolerance: Double, step: Double) -> GradientCase {
    var result = self
    result.tolerance = tolerance
    result.step = step
    return result
  }
}

/// An operand's type and the numbers it takes.
struct Operand: Sendable {
  enum Numbers: Sendable {
    /// Between -2 and 2.
    case any
    /// Between 0.5 and 2.
    case positive
    /// Between 0.5 and 2 in magnitude.
    case awayFromZero
    /// No two closer than 0.1.
    case distinct
    case given([Double])
  }

  let type: TensorType
  let numbers: Numbers

  init(_ shape: Shape, _ numbers: Numbers = .any, dtype: DType = .f64) {
    type = TensorType(dtype, shape)
    self.numbers = numbers
  }

  static func indices(_ shape: Shape, _ values: [Double], dtype: DType = .i64) -> Operand {
    Operand(shape, .given(values), dtype: dtype)
  }

  func values(_ random: inout SplitMix64) -> [Double] {
    let count = type.shape.elementCount
    func draw(_ range: ClosedRange<Double>) -> [Double] {
      (0..<count).map { _ in Double.random(in: range, using: &random) }
    }
    switch numbers {
    case .any: return draw(-2...2)
    case .positive: return draw(0.5...2)
    case .awayFromZero:
      return draw(0.5...2).map { Bool.random(using: &random) ? $0 : -$0 }
    case .distinct:
      let places = Array(0..<count).shuffled(using: &random)
      return places.map { 0.1 * (Double($0) - Double(count) / 2) + 0.03 }
    case .given(let values):
      precondition(values.count == count, "\(values.count) values for \(type)")
      return values
    }
  }
}
