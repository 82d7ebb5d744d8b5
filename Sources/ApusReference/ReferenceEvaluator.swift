import ApusIR
import ApusRuntime

/// Computes any one primitive with plain loops. Other engines use it for what they have no code for.
///
/// Floating sums (reductions, `cumulative`, `matmul`, convolutions, `scatter`) are made in f64 and
/// rounded once; all other arithmetic on 16-bit types is done in f32 and rounded once.
public struct ReferenceEvaluator: PrimitiveEvaluator {
  public init() {}

  public func evaluate(
    _ primitive: Primitive, operands: [UnsafeRawPointer], operandTypes: [TensorType],
    results: [UnsafeMutableRawPointer], resultTypes: [TensorType]
  ) throws {
    let operand = zip(operands, operandTypes).map { Dense(pointer: $0, type: $1) }
    switch primitive {
    case .scan(let scan):
      return try Interpreter(scan.body).run(scan, operands: operands, results: results)
    case .call(let call):
      return try Interpreter(call.body).run(operands, results)
    case .host(let operation):
      return try operation.evaluate(operands, operandTypes, results, resultTypes)
    default:
      evaluate(primitive, operand, MutableDense(pointer: results[0], type: resultTypes[0]))
    }
  }

  /// The primitives with one result. The shape rules have been checked.
  private func evaluate(_ primitive: Primitive, _ operands: [Dense], _ result: MutableDense) {
    let dtype = operands.first?.type.dtype ?? result.type.dtype
    switch primitive {
    case .input, .scan, .call, .host:
      preconditionFailure("\(primitive.name) is not evaluated by itself")
    case .constant(let value, _):
      FillConstant(value: value, result: result).run(dtype)
    case .iota(let axis, _):
      FillIota(axis: axis, result: result).run(dtype)
    case .randomBits:
      fillRandomBits(key: operands[0], result)
    case .unary(let op):
      evaluateUnary(op, operands[0], result)
    case .binary(let op):
      evaluateBinary(op, (operands[0], operands[1]), result)
    case .compare(let op):
      Compare(op: op, operands: (operands[0], operands[1]), result: result).run(dtype)
    case .select:
      Select(
        condition: operands[0], whereTrue: operands[1], whereFalse: operands[2], result: result
      ).run(result.type.dtype)
    case .cast:
      Cast(operand: operands[0], result: result).run(dtype)
    case .reshape, .stopGradient, .barrier:
      result.copy(operands[0])
    case .output(let index):
      result.copy(operands[index])
    case .broadcast:
      evaluateBroadcast(operands[0], result)
    case .transpose(let permutation):
      evaluateTranspose(permutation, operands[0], result)
    case .slice(let slice):
      evaluateSlice(slice, operands[0], result)
    case .pad(let padding):
      evaluatePad(padding, operands[0], result)
    case .concatenate(let axis):
      evaluateConcatenate(axis: axis, operands, result)
    case .reverse(let axes):
      evaluateReverse(axes: axes, operands[0], result)
    case .reduce(let op, let axes):
      Reduce(op: op, axes: axes, operand: operands[0], result: result).run(dtype)
    case .argReduce(let op, let axis):
      ArgReduce(op: op, axis: axis, operand: operands[0], result: result).run(dtype)
    case .cumulative(let op, let axis, let reverse):
      Cumulate(op: op, axis: axis, reverse: reverse, operand: operands[0], result: result)
        .run(dtype)
    case .matmul(let transposeA, let transposeB):
      MatMul(
        transposeA: transposeA, transposeB: transposeB, operands: (operands[0], operands[1]),
        result: result
      ).run(dtype)
    case .convolution(let attributes):
      Convolve(attributes: attributes, operands: (operands[0], operands[1]), result: result)
        .run(dtype)
    case .windowReduce(let op, let window):
      WindowReduce(op: op, window: window, operand: operands[0], result: result).run(dtype)
    case .windowArgMax(let window):
      WindowArgMax(window: window, operand: operands[0], result: result).run(dtype)
    case .gather(let axis, let addressing):
      Gather(
        axis: axis, addressing: addressing, values: operands[0], indices: operands[1],
        result: result
      ).run(dtype)
    case .scatter(let axis, let addressing, let combine):
      Scatter(
        axis: axis, addressing: addressing, combine: combine, target: operands[0],
        indices: operands[1], updates: operands[2], result: result
      ).run(dtype)
    case .argSort(let axis, let descending, let count):
      ArgSort(
        axis: axis, descending: descending, count: count, operand: operands[0], result: result
      ).run(dtype)
    }
  }
}
