/// A closed function on tensors in linear form: inputs, instructions in order, outputs.
///
/// Values are numbered: first the inputs, then the results of each instruction. Programs with the
/// same structure are equal, whichever nodes they came from, so a program is the key of the
/// compile cache and the form all rewrite passes work on.
public struct Program: Sendable {
  public typealias Value = Int

  public struct Instruction: Hashable, Sendable {
    public var primitive: Primitive
    public var operands: [Value]
    /// The values this instruction defines.
    public var results: Range<Value>
    /// The module path, for people only: no part of the structure.
    public var module: String?

    public init(
      _ primitive: Primitive, _ operands: [Value], results: Range<Value>, module: String? = nil
    ) {
      self.primitive = primitive
      self.operands = operands
      self.results = results
      self.module = module
    }

    /// The only result, for all primitives but scan, call and host.
    public var result: Value { results.lowerBound }

    public static func == (a: Instruction, b: Instruction) -> Bool {
      a.operands == b.operands && a.results == b.results && a.primitive == b.primitive
    }

    public func hash(into hasher: inout Hasher) {
      hasher.combine(primitive)
      hasher.combine(operands)
    }
  }

  /// The type of each value.
  public private(set) var types: [TensorType]
  public private(set) var inputCount: Int
  public private(set) var instructions: [Instruction]
  public var outputs: [Value]

  public init(inputs: [TensorType]) {
    types = inputs
    inputCount = inputs.count
    instructions = []
    outputs = []
  }

  public var inputTypes: ArraySlice<TensorType> { types[..<inputCount] }
  public var outputTypes: [TensorType] { outputs.map { types[$0] } }

  /// Appends an instruction whose result types are known to be right.
  @discardableResult
  public mutating func append(
    _ primitive: Primitive, _ operands: [Value], types resultTypes: [TensorType],
    module: String? = nil
  ) -> Range<Value> {
    let results = types.count..<(types.count + resultTypes.count)
    types.append(contentsOf: resultTypes)
    instructions.append(Instruction(primitive, operands, results: results, module: module))
    return results
  }

  /// Appends an instruction after checking its operands.
  @discardableResult
  public mutating func append(
    _ primitive: Primitive, _ operands: [Value], module: String? = nil
  ) throws(TensorError) -> Value {
    let resultTypes = try primitive.infer(operands.map { types[$0] })
    return append(primitive, operands, types: resultTypes, module: module).lowerBound
  }
}

extension Program: Hashable {
  public static func == (a: Program, b: Program) -> Bool {
    a.inputCount == b.inputCount && a.outputs == b.outputs && a.types == b.types
      && a.instructions == b.instructions
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(inputCount)
    hasher.combine(outputs)
    for type in inputTypes { hasher.combine(type) }
    for instruction in instructions { hasher.combine(instruction) }
  }
}
