/// Builds the rewritten form of a program, one instruction after the other.
///
/// A pass walks over the source's instructions and for each one either keeps it (`keep`) or says
/// which value of the new program stands for its result (`replace`), made with `emit`.
struct ProgramRewriter {
  typealias Value = Program.Value
  typealias Instruction = Program.Instruction

  let source: Program
  private(set) var result: Program
  /// Whether the result differs from the source.
  private(set) var changed = false

  /// For each value of the source the value of the result that stands for it.
  private var replacements: [Value]
  /// For each value of the result the index of the instruction that defines it; -1 for inputs.
  private var producers: [Int]
  private let sourceUses: [Int]
  private var resultUses: [Int]
  private let rewriteBody: (Program) -> Program?

  /// - Parameter rewriteBody: what to do with the bodies of instructions that are kept.
  init(_ source: Program, rewriteBody: @escaping (Program) -> Program? = { _ in nil }) {
    self.source = source
    self.rewriteBody = rewriteBody
    result = Program(inputs: Array(source.inputTypes))
    sourceUses = source.useCounts
    replacements = [Value](repeating: -1, count: source.types.count)
    producers = [Int](repeating: -1, count: source.inputCount)
    resultUses = []
    producers.reserveCapacity(source.types.count)
    resultUses.reserveCapacity(source.types.count)
    for input in 0..<source.inputCount {
      replacements[input] = input
      resultUses.append(sourceUses[input])
    }
  }

  // MARK: - Looking at the result so far

  /// The value of the result that stands for a value of the source.
  subscript(value: Value) -> Value { replacements[value] }

  func operands(of instruction: Instruction) -> [Value] {
    instruction.operands.map { replacements[$0] }
  }

  func type(_ value: Value) -> TensorType { result.types[value] }
  func shape(_ value: Value) -> Shape { result.types[value].shape }

  /// The instruction that defines a value of the result; nil for inputs.
  func producer(_ value: Value) -> Instruction? {
    let index = producers[value]
    return index < 0 ? nil : result.instructions[index]
  }

  /// The number in every element of a value of the result, where it is a constant.
  func constant(_ value: Value) -> Scalar? {
    let index = producers[value]
    guard index >= 0, case .constant(let scalar, _) = result.instructions[index].primitive else {
      return nil
    }
    return scalar
  }

  /// Whether at most one use of the value is to be expected. Never wrong when it says yes, but for
  /// uses by instructions that a rule adds.
  func isUsedOnce(_ value: Value) -> Bool { resultUses[value] <= 1 }

  // MARK: - Writing

  /// Copies an instruction of the source onto the new operands.
  mutating func keep(_ instruction: Instruction) {
    var primitive = instruction.primitive
    if let body = primitive.body, let rewritten = rewriteBody(body) {
      primitive = primitive.with(body: rewritten)
      changed = true
    }
    keep(instruction, as: primitive, on: operands(of: instruction))
  }

  /// Puts an instruction with the same results in place of one of the source.
  mutating func keep(_ instruction: Instruction, as primitive: Primitive, on operands: [Value]) {
    let types = Array(source.types[instruction.results])
    let results = append(primitive, operands, types: types, module: instruction.module)
    for (old, new) in zip(instruction.results, results) { bind(old, to: new) }
  }

  /// Appends an instruction with one result and returns it.
  mutating func emit(_ primitive: Primitive, _ operands: [Value], module: String?) -> Value {
    do throws(TensorError) {
      let types = try primitive.infer(operands.map { result.types[$0] })
      return append(primitive, operands, types: types, module: module).lowerBound
    } catch {
      fatalError("a pass made an instruction that does not fit: \(error)")
    }
  }

  mutating func emitConstant(_ value: Scalar, _ type: TensorType, module: String?) -> Value {
    emit(.constant(value.converted(to: type.dtype), type), [], module: module)
  }

  /// Appends an instruction with any number of results of known types.
  mutating func append(
    _ primitive: Primitive, _ operands: [Value], types: [TensorType], module: String?
  ) -> Range<Value> {
    let index = result.instructions.count
    let results = result.append(primitive, operands, types: types, module: module)
    for _ in results {
      producers.append(index)
      resultUses.append(0)
    }
    return results
  }

  /// Lets a value of the result stand for a value of the source that has been rewritten.
  mutating func replace(_ old: Value, with new: Value) {
    bind(old, to: new)
    changed = true
  }

  private mutating func bind(_ old: Value, to new: Value) {
    replacements[old] = new
    resultUses[new] += sourceUses[old]
  }

  /// Notes a change that no other call tells of, such as an instruction left out.
  mutating func noteChange() { changed = true }

  /// The new program, or nil where nothing changed.
  mutating func finish() -> Program? {
    guard changed else { return nil }
    result.outputs = source.outputs.map { replacements[$0] }
    return result
  }
}

extension ProgramRewriter {
  /// A program with its scans rewritten; nil where nothing changed.
  ///
  /// - Parameters:
  ///   - rewriteBody: what to do with the bodies of instructions that are kept.
  ///   - write: writes what stands for a scan, or returns false for it to be kept.
  static func rewritingScans(
    of program: Program, rewriteBody: @escaping (Program) -> Program?,
    write: (Instruction, Scan, inout ProgramRewriter) -> Bool
  ) -> Program? {
    guard program.instructions.contains(where: { $0.primitive.body != nil }) else { return nil }
    var rewriter = ProgramRewriter(program, rewriteBody: rewriteBody)
    for instruction in program.instructions {
      if case .scan(let scan) = instruction.primitive, write(instruction, scan, &rewriter) { continue }
      rewriter.keep(instruction)
    }
    return rewriter.finish()
  }
}

extension Program {
  /// For each value how many operands and outputs name it.
  var useCounts: [Int] {
    var counts = [Int](repeating: 0, count: types.count)
    for instruction in instructions {
      for operand in instruction.operands { counts[operand] += 1 }
    }
    for output in outputs { counts[output] += 1 }
    return counts
  }
}

extension Primitive {
  /// The same scan or call with another body of the same signature.
  func with(body: Program) -> Primitive {
    switch self {
    case .scan(var scan):
      scan.body = body
      return .scan(scan)
    case .call(var call):
      call.body = body
      return .call(call)
    default: return self
    }
  }
}
