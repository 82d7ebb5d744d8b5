import ApusIR
import ApusRuntime

/// A convolution, or one of its gradients, by oneDNN.
struct ConvolutionStep: PreparedStep {
  private let call: Plan.ConvolutionCall
  /// Whether the weights come in the layout that the primitive prefers.
  private let isPacked: Bool
  private let primitive: NativePrimitive

  var scratchpadBytes: Int { primitive.scratchpadSize }

  /// - Parameters:
  ///   - packed: the weights come in the layout that the primitive prefers.
  ///   - threads: how many take part in a run; all of the pool's if nil.
  /// - Returns: a step that falls back to plain code where oneDNN has nothing for these operands.
  static func prepare(
    _ call: Plan.ConvolutionCall, packed: Bool = false, threads: Int? = nil,
    fallback: any PrimitiveEvaluator
  ) throws -> any PreparedStep {
    var description = ConvolutionDescription(call)
    description.weightsPacked = packed
    // What the library's plain loops are for: a chain that plain code knows nothing of.
    description.allowsReference = !packed && (call.bias != nil || !call.postOps.isEmpty)
    do throws(OneDNNError) {
      let primitive = try fastest(description, threads: threads)
      return ConvolutionStep(call: call, isPacked: packed, primitive: primitive)
    } catch {
      if packed { return try prepare(call, threads: threads, fallback: fallback) }
      guard case .unsupported = error, !description.allowsReference else { throw error }
      return StridedStep(
        .convolution(call.attributes), operands: [call.first, call.second],
        destination: call.destination, dtype: call.dtype, evaluator: fallback)
    }
  }

  var packer: NativePrimitive? { isPacked ? primitive : nil }

  /// By the fastest method, by the direct one where this oneDNN or this processor lacks it.
  private static func fastest(
    _ description: ConvolutionDescription, threads: Int?
  ) throws(OneDNNError) -> NativePrimitive {
    let method = description.fastestMethod
    guard method != .direct else {
      return try PrimitiveCache.shared.convolution(description, threads: threads)
    }
    var special = description
    special.method = method
    special.allowsReference = false
    do throws(OneDNNError) {
      return try PrimitiveCache.shared.convolution(special, threads: threads)
    } catch {
      guard case .unsupported = error else { throw error }
      return try PrimitiveCache.shared.convolution(description, threads: threads)
    }
  }

  private init(call: Plan.ConvolutionCall, isPacked: Bool, primitive: NativePrimitive) {
    self.call = call
    self.isPacked = isPacked
    self.primitive = primitive
  }

  func run(_ workspace: Workspace, index: Int) throws {
    let first = workspace.address(call.first, call.dtype)
    let second = workspace.address(call.second, call.dtype)
    let destination = workspace.address(call.destination, call.dtype)
    let scratchpad = workspace.scratchpad.pointer
    switch call.attributes.kind {
    case .forward:
      try workspace.withOperands(call.postOps) { operands in
        try primitive.execute(
          input: first, weights: second, bias: call.bias.map { workspace.address($0, call.dtype) },
          output: destination, operands: operands, scratchpad: scratchpad)
      }
    case .inputGradient:
      try primitive.execute(
        input: destination, weights: second, output: first, scratchpad: scratchpad)
    case .weightGradient:
      try primitive.execute(
        input: first, weights: destination, output: second, scratchpad: scratchpad)
    }
  }
}

extension ConvolutionDescription {
  init(_ call: Plan.ConvolutionCall) {
    let attributes = call.attributes
    let (input, kernel): (Shape, Shape)
    let kind: Kind
    switch attributes.kind {
    case .forward: (input, kernel, kind) = (call.first.shape, call.second.shape, .forward)
    case .inputGradient:
      (input, kernel, kind) = (call.destination.shape, call.second.shape, .backwardData)
    case .weightGradient:
      (input, kernel, kind) = (call.first.shape, call.destination.shape, .backwardWeights)
    }
    self.init(
      kind, batch: input[0], inChannels: input[input.rank - 1], outChannels: kernel[0],
      input: Array(input.dropFirst().dropLast()), kernel: Array(kernel.dropFirst(2)),
      strides: attributes.strides, dilation: attributes.dilations, paddingLow: attributes.low,
      paddingHigh: attributes.high, groups: attributes.groups, dtype: call.dtype,
      bias: call.bias == nil ? nil : call.dtype,
      postOps: call.postOps.flatMap(\.chain))
  }
}
