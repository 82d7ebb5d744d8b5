import ApusIR
import ApusRuntime

/// A matrix product by oneDNN.
struct MatmulStep: PreparedStep {
  private let matmul: Plan.Matmul
  /// Whether `b` comes in the layout that the primitive prefers.
  private let isPacked: Bool
  private let primitive: NativePrimitive
  /// Whether `b` is brought into the layout that oneDNN prefers once, before a loop's rounds.
  private let packsWeights: Bool

  var keptBytes: Int { packsWeights ? primitive.packedWeightsSize : 0 }
  var scratchpadBytes: Int { primitive.scratchpadSize }

  /// - Parameters:
  ///   - packed: `b` comes in the layout that the primitive prefers.
  ///   - packsWeights: `b` is the same in all rounds of a loop.
  ///   - threads: how many take part in a run; all of the pool's if nil.
  /// - Returns: our own code where there are few rows, plain code where oneDNN has nothing for these
  ///   operands.
  static func prepare(
    _ matmul: Plan.Matmul, packed: Bool = false, packsWeights: Bool = false, threads: Int? = nil,
    fallback: any PrimitiveEvaluator
  ) throws -> any PreparedStep {
    if let narrow = NarrowStep(matmul) { return narrow }
    var description = MatmulDescription(
      a: StridedLayout(matmul.a, matmul.dtype), b: StridedLayout(matmul.b, matmul.dtype),
      c: StridedLayout(matmul.destination, matmul.resultDType))
    if matmul.bias != nil { description.bias = matmul.biasDType }
    description.weightsPacked = packed
    description.postOps = matmul.postOps.flatMap(\.chain)
    // What the library's plain loops are for: what plain code knows nothing of.
    let isPlain =
      matmul.bias == nil && matmul.postOps.isEmpty && matmul.destination.isDense
      && matmul.resultDType == matmul.dtype
    description.allowsReference = !packed && !isPlain
    if packsWeights {
      var chosen = description
      chosen.weightsPacked = true
      chosen.allowsReference = false
      if let primitive = try? PrimitiveCache.shared.matmul(chosen, threads: threads) {
        return MatmulStep(matmul: matmul, isPacked: false, primitive: primitive, packsWeights: true)
      }
    }
    do throws(OneDNNError) {
      let primitive = try PrimitiveCache.shared.matmul(description, threads: threads)
      return MatmulStep(
        matmul: matmul, isPacked: packed, primitive: primitive, packsWeights: false)
    } catch {
      if packed { return try prepare(matmul, threads: threads, fallback: fallback) }
      guard case .unsupported = error, !description.allowsReference else { throw error }
      return StridedStep(
        .matmul(transposeA: false, transposeB: false), operands: [matmul.a, matmul.b],
        destination: matmul.destination, dtype: matmul.dtype, evaluator: fallback)
    }
  }

  var packer: NativePrimitive? { isPacked ? primitive : nil }

  private init(
    matmul: Plan.Matmul, isPacked: Bool, primitive: NativePrimitive, packsWeights: Bool
  ) {
    self.matmul = matmul
    self.isPacked = isPacked
    self.primitive = primitive
    self.packsWeights = packsWeights
  }

  func prepare(_ workspace: Workspace, index: Int) throws {
    guard let packed = workspace.kept(by: index) else { return }
    try primitive.packWeights(
      workspace.address(matmul.b, matmul.dtype), into: packed,
      scratchpad: workspace.scratchpad.pointer)
  }

  func run(_ workspace: Workspace, index: Int) throws {
    let dtype = matmul.dtype
    try workspace.withOperands(matmul.postOps) { operands in
      try primitive.execute(
        input: workspace.address(matmul.a, dtype),
        weights: workspace.kept(by: index) ?? workspace.address(matmul.b, dtype),
        bias: matmul.bias.map { workspace.address($0, matmul.biasDType) },
        output: workspace.address(matmul.destination, matmul.resultDType), operands: operands,
        scratchpad: workspace.scratchpad.pointer)
    }
  }
}

extension StridedLayout {
  init(_ view: Plan.View, _ dtype: DType) {
    self.init(dtype, view.shape.extents, strides: view.strides)
  }
}

extension Plan.PostOp {
  var chain: [PostOp] {
    switch self {
    case .add(let view, let dtype): [.binary(.add, StridedLayout(view, dtype))]
    case .accumulate: [.accumulate(scale: 1)]
    // The library's ReLU makes a NaN 0; its ELU does not. Adding 0 turns -0 into 0.
    case .activation(.relu): [.elu(alpha: 0), .linear(scale: 1, offset: 0)]
    case .activation(.gelu): [.geluErf]
    }
  }
}

extension Workspace {
  /// Calls `body` with the tensors that a chain of post-ops reads; they lie on the stack.
  func withOperands(
    _ postOps: [Plan.PostOp],
    _ body: (UnsafePointer<UnsafeMutableRawPointer?>) throws -> Void
  ) rethrows {
    try withUnsafeTemporaryAllocation(
      of: UnsafeMutableRawPointer?.self, capacity: Swift.max(postOps.count, 1)
    ) { addresses in
      var count = 0
      for case .add(let view, let dtype) in postOps {
        addresses.initializeElement(at: count, to: address(view, dtype))
        count += 1
      }
      try body(UnsafePointer(addresses.baseAddress!))
    }
  }
}
