import ApusIR

extension Primitive {
  /// Floating-point operations, by the usual convention: a multiply-add counts as two, any
  /// elementwise function as one an element, a reduction as one an input element, movement as none.
  /// Integer arithmetic counts the same.
  public func flops(operands: [TensorType], results: [TensorType]) -> Int {
    let count = results.first?.shape.elementCount ?? 0
    switch self {
    case .unary, .binary, .compare, .select:
      return count
    case .reduce, .argReduce, .cumulative:
      return operands[0].shape.elementCount
    case .matmul(let transposeA, _):
      let shape = operands[0].shape
      return 2 * count * shape[shape.rank - (transposeA ? 2 : 1)]
    case .convolution(let attributes):
      return 2 * attributes.multiplyAdds(operands: operands, result: results[0])
    case .windowReduce(_, let window), .windowArgMax(let window):
      return count * window.sizes.reduce(1, *)
    case .scatter(_, _, .add):
      return operands[2].shape.elementCount
    case .scan(let scan):
      return scan.length * scan.body.flops
    case .call(let call):
      return call.body.flops
    case .input, .constant, .iota, .randomBits, .cast, .broadcast, .reshape, .transpose, .slice,
      .pad, .concatenate, .reverse, .gather, .scatter, .argSort, .host, .output, .stopGradient,
      .barrier:
      return 0
    }
  }

  /// Bytes read and written when the primitive runs by itself, operands and results each once.
  ///
  /// A gather reads only what it returns; a scan reads its constants and carries in each round.
  public func bytesMoved(operands: [TensorType], results: [TensorType]) -> Int {
    let written = results.reduce(0) { $0 + $1.byteCount }
    switch self {
    case .gather:
      return operands[1].byteCount + 2 * written
    case .slice:
      return 2 * written
    case .scan(let scan):
      return scan.length * scan.body.bytesMoved
    case .call(let call):
      return call.body.bytesMoved
    default:
      return operands.reduce(written) { $0 + $1.byteCount }
    }
  }
}

extension Program {
  /// Floating-point operations of one run.
  public var flops: Int {
    instructions.reduce(0) { total, instruction in
      let operands = instruction.operands.map { types[$0] }
      let results = Array(types[instruction.results])
      return total + instruction.primitive.flops(operands: operands, results: results)
    }
  }

  /// Bytes read and written by one run, were each instruction to run by itself.
  public var bytesMoved: Int {
    instructions.reduce(0) { total, instruction in
      let operands = instruction.operands.map { types[$0] }
      let results = Array(types[instruction.results])
      return total + instruction.primitive.bytesMoved(operands: operands, results: results)
    }
  }
}

extension Convolution {
  /// Products of one input and one kernel element, those with padding included.
  fileprivate func multiplyAdds(operands: [TensorType], result: TensorType) -> Int {
    let (output, kernel) =
      switch kind {
      case .forward: (result.shape, operands[1].shape)
      case .inputGradient: (operands[0].shape, operands[1].shape)
      case .weightGradient: (operands[1].shape, result.shape)
      }
    let perElement = kernel.extents[1...].reduce(1, *)
    return output.elementCount * perElement
  }
}
