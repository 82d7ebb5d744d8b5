import ApusIR
import ApusRuntime

/// One primitive on dense operands, by plain code.
struct PrimitiveStep: PreparedStep {
  private let primitive: Primitive
  private let operands: [Plan.View]
  private let operandTypes: [TensorType]
  private let results: [Int]
  private let resultTypes: [TensorType]
  private let evaluator: any PrimitiveEvaluator

  init(
    _ primitive: Primitive, operands: [Plan.View], results: [Int], plan: Plan,
    evaluator: any PrimitiveEvaluator
  ) {
    self.primitive = primitive
    self.operands = operands
    operandTypes = operands.map { TensorType(plan.blocks[$0.block].type.dtype, $0.shape) }
    self.results = results
    resultTypes = results.map { plan.blocks[$0].type }
    self.evaluator = evaluator
  }

  func run(_ workspace: Workspace, index: Int) throws {
    try evaluator.evaluate(
      primitive,
      operands: zip(operands, operandTypes).map { view, type in
        UnsafeRawPointer(workspace.address(view, type.dtype))
      }, operandTypes: operandTypes, results: results.map { workspace.blocks[$0] },
      resultTypes: resultTypes)
  }
}

/// One primitive on operands with any strides, by plain code on dense copies.
struct StridedStep: PreparedStep {
  private let primitive: Primitive
  private let operands: [Plan.View]
  private let destination: Plan.View
  private let dtype: DType
  private let evaluator: any PrimitiveEvaluator

  init(
    _ primitive: Primitive, operands: [Plan.View], destination: Plan.View, dtype: DType,
    evaluator: any PrimitiveEvaluator
  ) {
    self.primitive = primitive
    self.operands = operands
    self.destination = destination
    self.dtype = dtype
    self.evaluator = evaluator
  }

  func run(_ workspace: Workspace, index: Int) throws {
    let copies = operands.map { dense($0, workspace) }
    try evaluator.evaluate(
      primitive, operands: copies.map { UnsafeRawPointer($0.pointer) },
      operandTypes: operands.map { TensorType(dtype, $0.shape) },
      results: [workspace.address(destination, dtype)],
      resultTypes: [TensorType(dtype, destination.shape)])
  }

  private func dense(_ view: Plan.View, _ workspace: Workspace) -> Buffer {
    let width = dtype.byteCount
    let copy = Buffer(byteCount: view.shape.elementCount * width)
    let source = workspace.address(view, dtype)
    var place = [Int](repeating: 0, count: view.shape.rank)
    for element in 0..<view.shape.elementCount {
      let offset = zip(place, view.strides).reduce(0) { $0 + $1.0 * $1.1 }
      (copy.pointer + element * width).copyMemory(from: source + offset * width, byteCount: width)
      for axis in place.indices.reversed() {
        place[axis] += 1
        if place[axis] < view.shape[axis] { break }
        place[axis] = 0
      }
    }
    return copy
  }
}
