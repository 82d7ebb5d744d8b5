extension Program {
  /// Checks that the program is well formed: values are numbered in order, operands are defined
  /// before they are used, and each instruction's result types are what its primitive infers.
  ///
  /// A program made of nodes always is; the tests of passes call this on what comes out.
  /// - Throws: `TensorError` naming the first instruction that is wrong.
  public func validate() throws(TensorError) {
    var defined = inputCount
    for (index, instruction) in instructions.enumerated() {
      func wrong(_ message: String) -> TensorError {
        TensorError(
          .argument, operation: "validate",
          "instruction \(index), \(instruction.primitive.name): \(message)",
          module: instruction.module)
      }
      for operand in instruction.operands where !(0..<defined).contains(operand) {
        throw wrong("operand %\(operand) is not defined before it is used")
      }
      guard instruction.results.lowerBound == defined else {
        throw wrong("results start at %\(instruction.results.lowerBound), not at %\(defined)")
      }
      defined = instruction.results.upperBound
      let inferred = try instruction.primitive.infer(instruction.operands.map { types[$0] })
      guard defined <= types.count, inferred == Array(types[instruction.results]) else {
        throw wrong("its results are typed \(types[instruction.results]), not \(inferred)")
      }
      if let body = instruction.primitive.body { try body.validate() }
    }
    guard defined == types.count else {
      throw TensorError(
        .argument, operation: "validate", "\(types.count) values are typed, \(defined) defined")
    }
    for output in outputs where !(0..<defined).contains(output) {
      throw TensorError(.argument, operation: "validate", "output %\(output) is not defined")
    }
  }
}
