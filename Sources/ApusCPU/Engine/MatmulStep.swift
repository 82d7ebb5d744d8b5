import ApusIR
import ApusRuntime

/// A matrix product by oneDNN.
struct MatmulStep: PreparedStep {
  private let matmul: Plan.Matmul
  private let primitive: NativePrimitive

  var scratchpadBytes: Int { primitive.scratchpadSize }

  /// - Returns: a step that falls back to plain code where oneDNN has nothing for these operands.
  static func prepare(
    _ matmul: Plan.Matmul, fallback: any PrimitiveEvaluator
  ) throws -> any PreparedStep {
    var description = MatmulDescription(
      a: StridedLayout(matmul.a, matmul.dtype), b: StridedLayout(matmul.b, matmul.dtype),
      c: StridedLayout(matmul.destination, matmul.dtype))
    if matmul.bias != nil { description.bias = matmul.dtype }
    description.postOps = matmul.activation.map { [$0.postOp] } ?? []
    do throws(OneDNNError) {
      return MatmulStep(
        matmul: matmul, primitive: try PrimitiveCache.shared.matmul(description))
    } catch {
      guard case .unsupported = error, matmul.bias == nil, matmul.activation == nil else {
        throw error
      }
      return StridedStep(
        .matmul(transposeA: false, transposeB: false), operands: [matmul.a, matmul.b],
        destination: matmul.destination, dtype: matmul.dtype, evaluator: fallback)
    }
  }

  private init(matmul: Plan.Matmul, primitive: NativePrimitive) {
    self.matmul = matmul
    self.primitive = primitive
  }

  func run(_ workspace: Workspace, index: Int) throws {
    let dtype = matmul.dtype
    try primitive.execute(
      input: workspace.address(matmul.a, dtype), weights: workspace.address(matmul.b, dtype),
      bias: matmul.bias.map { workspace.address($0, dtype) },
      output: workspace.address(matmul.destination, dtype),
      scratchpad: workspace.scratchpad.pointer)
  }
}

extension StridedLayout {
  init(_ view: Plan.View, _ dtype: DType) {
    self.init(dtype, view.shape.extents, strides: view.strides)
  }
}

extension Plan.Activation {
  var postOp: PostOp {
    switch self {
    case .relu: .relu(negativeSlope: 0)
    }
  }
}
