import ApusIR

extension ONNXExporter {
  /// Adds the nodes of one instruction.
  mutating func add(_ instruction: Program.Instruction, at index: Int) throws {
    let module = instruction.module
    let operands = instruction.operands
    let result = instruction.result
    let type = program.types[result]

    switch instruction.primitive {
    case .constant(let scalar, _):
      known[result] = Known(name: number(scalar, type.dtype), isFull: type.shape.rank == 0)
    case .unary(let op) where op == .rsqrt || op == .expm1 || op == .log1p:
      inTwo(op, operands[0], result, module)
    case .unary(let op):
      try elementwise(unaryNames[op], operands, result, instruction)
    case .binary(let op):
      try elementwise(op.onnxName(type.dtype), operands, result, instruction)
    case .compare(let op):
      try elementwise(compareNames[op], operands, result, instruction)
      if op == .notEqual { negate(result) }
    case .select:
      try elementwise("Where", operands, result, instruction)
    case .cast(let dtype):
      let source = known[operands[0]]!
      let code = Int(ONNXTensorProto.DataType(dtype).rawValue)
      let name = append("Cast", [source.name], [ONNXAttributeProto("to", code)], module: module)
      known[result] = Known(name: name, isFull: source.isFull)
    case .broadcast:
      // Elementwise operations broadcast by themselves; `full` expands for the others.
      let isSame = program.types[operands[0]] == type
      known[result] = Known(name: known[operands[0]]!.name, isFull: isSame && known[operands[0]]!.isFull)
    case .reshape(let shape):
      known[result] = Known(name: try reshape(operands[0], to: shape, result: result, module))
    case .transpose(let permutation):
      known[result] = Known(
        name: append(
          "Transpose", [full(operands[0])], [ONNXAttributeProto("perm", permutation)], module: module))
    case .concatenate(let axis):
      let names = operands.map { full($0) }
      known[result] = Known(
        name: append("Concat", names, [ONNXAttributeProto("axis", axis)], module: module))
    case .slice(let slicing):
      known[result] = Known(name: try slice(operands[0], slicing, module))
    case .pad(let padding):
      known[result] = Known(name: try pad(operands[0], padding, module))
    case .reduce(let op, let axes):
      let name = append(
        reductionNames[op]!, [full(operands[0]), integers(axes, hint: "axes")],
        [ONNXAttributeProto("keepdims", 0)], module: module)
      known[result] = Known(name: name)
    case .argReduce(let op, let axis):
      let name = append(
        op == .argMax ? "ArgMax" : "ArgMin", [full(operands[0])],
        [ONNXAttributeProto("axis", axis), ONNXAttributeProto("keepdims", 0)], module: module)
      known[result] = Known(name: name)
    case .matmul(let transposeA, let transposeB):
      let a = matrix(operands[0], isTransposed: transposeA, module)
      let b = matrix(operands[1], isTransposed: transposeB, module)
      known[result] = Known(name: append("MatMul", [a, b], module: module))
    case .convolution(let attributes) where attributes.kind == .forward:
      known[result] = Known(name: convolution(operands, attributes, module))
    case .windowReduce(.maximum, let window):
      known[result] = Known(name: pool("MaxPool", operands[0], window, [], module))
    case .windowReduce(.sum, let window) where type.dtype.isFloating:
      let mean = pool(
        "AveragePool", operands[0], window, [ONNXAttributeProto("count_include_pad", 1)], module)
      let count = number(.integer(Int64(window.sizes.reduce(1, *))), type.dtype)
      known[result] = Known(name: append("Mul", [mean, count], module: module))
    case .gather(let axis, .slices):
      known[result] = Known(
        name: append(
          "Gather", [full(operands[0]), full(operands[1])], [ONNXAttributeProto("axis", axis)],
          module: module))
    case .stopGradient, .barrier:
      known[result] = known[operands[0]]
    default:
      throw ONNXExporter.failure(
        "the operation '\(instruction.primitive.name)'"
          + (module.map { " in '\($0)'" } ?? "") + " cannot be written as ONNX yet.")
    }
  }

  private mutating func elementwise(
    _ operation: String?, _ operands: [Int], _ result: Int, _ instruction: Program.Instruction
  ) throws {
    guard let operation else {
      throw ONNXExporter.failure(
        "the operation '\(instruction.primitive.name)' on \(program.types[result].dtype) cannot be "
          + "written as ONNX yet.")
    }
    let entries = operands.map { known[$0]! }
    let name = append(operation, entries.map(\.name), module: instruction.module)
    known[result] = Known(name: name, isFull: entries.contains(where: \.isFull))
  }

  /// Functions that are two operators.
  private mutating func inTwo(_ op: Unary, _ operand: Int, _ result: Int, _ module: String?) {
    let source = known[operand]!
    let one = number(.integer(1), program.types[result].dtype)
    let name =
      switch op {
      case .rsqrt: append("Reciprocal", [append("Sqrt", [source.name], module: module)], module: module)
      case .expm1: append("Sub", [append("Exp", [source.name], module: module), one], module: module)
      default: append("Log", [append("Add", [source.name, one], module: module)], module: module)
      }
    known[result] = Known(name: name, isFull: source.isFull)
  }

  private mutating func negate(_ result: Int) {
    let entry = known[result]!
    known[result] = Known(name: append("Not", [entry.name]), isFull: entry.isFull)
  }

  /// A number as a tensor without axes.
  private mutating func number(_ scalar: Scalar, _ dtype: DType) -> String {
    let value = scalar.converted(to: dtype)
    let bytes: [UInt8]
    switch dtype {
    case .bool, .u8, .i8, .i16, .i32, .i64:
      bytes = Array(value.int64.littleEndianBytes.prefix(dtype.byteCount))
    case .f32: bytes = Float(value.double).bitPattern.littleEndianBytes
    case .f64: bytes = value.double.bitPattern.littleEndianBytes
    case .f16: bytes = Float16(value.double).bitPattern.littleEndianBytes
    case .bf16:
      bytes = Array(Float(BFloat16(Float(value.double)).float).bitPattern.littleEndianBytes.suffix(2))
    }
    return constant(RawArray(dtype, [], bytes), hint: "number")
  }

  private mutating func reshape(
    _ operand: Int, to shape: Shape, result: Int, _ module: String?
  ) throws -> String {
    let free = batchAxes(result)
    guard free.count <= 1 else {
      throw ONNXExporter.failure("a reshape has the batch along \(free.count) axes; only one can be free.")
    }
    var extents = shape.extents
    for axis in free { extents[axis] = -1 }
    // Without this attribute an extent of 0 would mean "as before".
    let attributes = extents.contains(0) ? [ONNXAttributeProto("allowzero", 1)] : []
    return append(
      "Reshape", [full(operand), integers(extents, hint: "shape")], attributes, module: module)
  }

  private mutating func slice(_ operand: Int, _ slicing: Slicing, _ module: String?) throws -> String {
    var ends = slicing.ends
    for axis in batchAxes(operand) {
      guard slicing.starts[axis] == 0, ends[axis] == program.types[operand].shape[axis] else {
        throw ONNXExporter.failure("a part of the batch is cut out, which another batch may not have.")
      }
      ends[axis] = .max
    }
    let axes = Array(0..<ends.count)
    return append(
      "Slice",
      [
        full(operand), integers(slicing.starts, hint: "starts"), integers(ends, hint: "ends"),
        integers(axes, hint: "axes"), integers(slicing.strides, hint: "steps"),
      ], module: module)
  }

  private mutating func pad(_ operand: Int, _ padding: Padding, _ module: String?) throws -> String {
    guard padding.interior.allSatisfy({ $0 == 0 }) else {
      throw ONNXExporter.failure("padding between elements cannot be written as ONNX.")
    }
    let value = number(padding.value, program.types[operand].dtype)
    return append(
      "Pad", [full(operand), integers(padding.low + padding.high, hint: "pads"), value],
      module: module)
  }

  private mutating func matrix(_ operand: Int, isTransposed: Bool, _ module: String?) -> String {
    let name = full(operand)
    guard isTransposed else { return name }
    var order = Array(0..<program.types[operand].shape.rank)
    order.swapAt(order.count - 1, order.count - 2)
    return append("Transpose", [name], [ONNXAttributeProto("perm", order)], module: module)
  }

  // MARK: - Channels first, as ONNX has them

  private mutating func convolution(
    _ operands: [Int], _ attributes: Convolution, _ module: String?
  ) -> String {
    let rank = attributes.spatialRank
    let input = channelsFirst(operands[0], module)
    let result = append(
      "Conv", [input, full(operands[1])],
      [
        ONNXAttributeProto("strides", attributes.strides),
        ONNXAttributeProto("dilations", attributes.dilations),
        ONNXAttributeProto("pads", attributes.low + attributes.high),
        ONNXAttributeProto("group", attributes.groups),
        ONNXAttributeProto(
          "kernel_shape", Array(program.types[operands[1]].shape.extents.dropFirst(2))),
      ], module: module)
    return channelsLast(result, spatialRank: rank, module)
  }

  private mutating func pool(
    _ operation: String, _ operand: Int, _ window: Window, _ more: [ONNXAttributeProto],
    _ module: String?
  ) -> String {
    let input = channelsFirst(operand, module)
    let result = append(
      operation, [input],
      more + [
        ONNXAttributeProto("kernel_shape", window.sizes),
        ONNXAttributeProto("strides", window.strides),
        ONNXAttributeProto("dilations", window.dilations),
        ONNXAttributeProto("pads", window.low + window.high),
      ], module: module)
    return channelsLast(result, spatialRank: window.spatialRank, module)
  }

  private mutating func channelsFirst(_ value: Int, _ module: String?) -> String {
    let rank = program.types[value].shape.rank
    let order = [0, rank - 1] + Array(1..<rank - 1)
    return append("Transpose", [full(value)], [ONNXAttributeProto("perm", order)], module: module)
  }

  private mutating func channelsLast(_ name: String, spatialRank: Int, _ module: String?) -> String {
    let order = [0] + Array(2..<spatialRank + 2) + [1]
    return append("Transpose", [name], [ONNXAttributeProto("perm", order)], module: module)
  }
}

/// Functions with an operator of the same meaning.
private let unaryNames: [Unary: String] = [
  .negate: "Neg", .absolute: "Abs", .sign: "Sign", .floor: "Floor", .ceil: "Ceil", .round: "Round",
  .exp: "Exp", .log: "Log", .sqrt: "Sqrt", .sin: "Sin", .cos: "Cos", .tan: "Tan", .atan: "Atan",
  .tanh: "Tanh", .erf: "Erf", .sigmoid: "Sigmoid", .not: "Not",
]

private let compareNames: [Comparison: String] = [
  .equal: "Equal", .notEqual: "Equal", .less: "Less", .lessEqual: "LessOrEqual",
  .greater: "Greater", .greaterEqual: "GreaterOrEqual",
]

private let reductionNames: [Reduction: String] = [
  .sum: "ReduceSum", .product: "ReduceProd", .maximum: "ReduceMax", .minimum: "ReduceMin",
]

extension Binary {
  /// The operator of the same meaning for a dtype, if there is one.
  fileprivate func onnxName(_ dtype: DType) -> String? {
    switch self {
    case .add: "Add"
    case .subtract: "Sub"
    case .multiply: "Mul"
    // Division of integers is not defined alike everywhere.
    case .divide: dtype.isFloating ? "Div" : nil
    case .power: dtype.isFloating ? "Pow" : nil
    case .maximum: dtype == .bool ? "Or" : "Max"
    case .minimum: dtype == .bool ? "And" : "Min"
    case .and: dtype == .bool ? "And" : "BitwiseAnd"
    case .or: dtype == .bool ? "Or" : "BitwiseOr"
    case .xor: dtype == .bool ? "Xor" : "BitwiseXor"
    case .remainder, .atan2, .shiftLeft, .shiftRight: nil
    }
  }
}
