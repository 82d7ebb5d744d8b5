import ApusIR

/// Turns values of a program into expressions of a kernel.
struct Emitter {
  let program: Program
  let placement: Placement
  /// The block of each stored value.
  let block: (Program.Value) -> Int

  /// A value that has to be stored because its index is no sum of loop variables.
  struct NeedsStorage: Error { var value: Program.Value }

  /// A read of a stored value, as a kernel would do it.
  struct Read: Hashable {
    /// The value that owns the memory.
    var owner: Program.Value
    var position: Kernel.Index
  }

  /// Every read of stored values, for the fusion to look at.
  private(set) var reads: Set<Read> = []

  init(_ program: Program, _ placement: Placement, block: @escaping (Program.Value) -> Int) {
    self.program = program
    self.placement = placement
    self.block = block
  }

  /// The element of `value` at `indices`.
  ///
  /// - Parameter guards: conditions under which the element exists; where one fails, the result is
  ///   of no account but nothing outside of memory is touched.
  mutating func emit(
    _ value: Program.Value, at indices: [Kernel.Index], guards: [Kernel.Guard] = [],
    in builder: inout KernelBuilder
  ) throws(NeedsStorage) -> Kernel.Value {
    let type = program.types[value]
    guard type.shape.elementCount > 0 else {
      return builder.define(type.dtype, .constant(.zero(type.dtype)))
    }
    let isStored = placement.isStored[value]
    let home = isStored ? placement.owner[value] : value
    let position = isStored ? [Kernel.Index.linear(indices, in: type.shape)] : indices
    let key = KernelBuilder.Key(value: home, indices: position, guards: guards)
    if let known = builder.known(key) { return known }
    let result: Kernel.Value
    if isStored {
      reads.insert(Read(owner: home, position: position[0]))
      result = load(home, type.dtype, at: position[0], guards: guards, in: &builder)
    } else {
      guard let instruction = placement.definition(of: value) else {
        preconditionFailure("an input is always stored")
      }
      result = try expression(instruction, at: indices, guards: guards, in: &builder)
    }
    builder.remember(key, result)
    return result
  }

  /// The element of a stored value as its instruction computes it, not as it stands in memory.
  mutating func emitDefinition(
    of value: Program.Value, at indices: [Kernel.Index], in builder: inout KernelBuilder
  ) throws(NeedsStorage) -> Kernel.Value {
    guard let instruction = placement.definition(of: value) else {
      preconditionFailure("an input has no definition")
    }
    return try expression(instruction, at: indices, guards: [], in: &builder)
  }

  /// Forgets the reads seen so far and returns them.
  mutating func takeReads() -> Set<Read> {
    defer { reads = [] }
    return reads
  }

  /// The owner's element at a position in its block.
  private mutating func load(
    _ owner: Program.Value, _ dtype: DType, at position: Kernel.Index, guards: [Kernel.Guard],
    in builder: inout KernelBuilder
  ) -> Kernel.Value {
    let argument = builder.argument(block(owner), program.types[owner], isWritten: false)
    return builder.define(
      dtype,
      .load(argument: argument, at: position, guards: guards, otherwise: .zero(dtype)))
  }

  private mutating func expression(
    _ instruction: Program.Instruction, at indices: [Kernel.Index], guards: [Kernel.Guard],
    in builder: inout KernelBuilder
  ) throws(NeedsStorage) -> Kernel.Value {
    let type = program.types[instruction.result]
    let operands = instruction.operands
    switch instruction.primitive {
    case .constant(let scalar, _):
      return builder.define(type.dtype, .constant(scalar))
    case .iota(let axis, _):
      return builder.define(type.dtype, .index(indices[axis]))
    case .unary(let op):
      let x = try emit(operands[0], at: indices, guards: guards, in: &builder)
      return builder.define(type.dtype, .unary(op, x))
    case .binary(let op):
      let x = try emit(operands[0], at: indices, guards: guards, in: &builder)
      let y = try emit(operands[1], at: indices, guards: guards, in: &builder)
      return builder.define(type.dtype, .binary(op, x, y))
    case .compare(let op):
      let x = try emit(operands[0], at: indices, guards: guards, in: &builder)
      let y = try emit(operands[1], at: indices, guards: guards, in: &builder)
      return builder.define(.bool, .compare(op, x, y))
    case .select:
      let condition = try emit(operands[0], at: indices, guards: guards, in: &builder)
      let x = try emit(operands[1], at: indices, guards: guards, in: &builder)
      let y = try emit(operands[2], at: indices, guards: guards, in: &builder)
      return builder.define(type.dtype, .select(condition, x, y))
    case .cast(let dtype):
      let x = try emit(operands[0], at: indices, guards: guards, in: &builder)
      return builder.define(dtype, .cast(x))
    case .stopGradient, .barrier:
      // What a barrier waits for counts as read, so that the kernel is not moved before it.
      for awaited in operands.dropFirst() where placement.isStored[awaited] {
        reads.insert(Read(owner: placement.owner[awaited], position: .constant(-1)))
      }
      return try emit(operands[0], at: indices, guards: guards, in: &builder)
    case .broadcast, .reshape, .transpose, .slice, .reverse:
      let moved = Movement.operandIndices(
        instruction.primitive, indices, result: type.shape,
        operand: program.types[operands[0]].shape, extents: builder.extents)
      guard let moved else { throw NeedsStorage(value: operands[0]) }
      return try emit(operands[0], at: moved, guards: guards, in: &builder)
    case .pad(let padding):
      return try pad(padding, operands[0], at: indices, guards: guards, in: &builder)
    case .gather(let axis, let addressing):
      return try gather(
        operands, axis: axis, addressing, at: indices, guards: guards, in: &builder)
    case .randomBits:
      return randomBits(operands[0], type, at: indices, in: &builder)
    default:
      preconditionFailure("\(instruction.primitive.name) is always stored")
    }
  }

  private mutating func pad(
    _ padding: Padding, _ operand: Program.Value, at indices: [Kernel.Index],
    guards: [Kernel.Guard], in builder: inout KernelBuilder
  ) throws(NeedsStorage) -> Kernel.Value {
    let source = program.types[operand]
    var inner = indices
    var added: [Kernel.Guard] = []
    for axis in indices.indices where padding.low[axis] > 0 || padding.high[axis] > 0 {
      inner[axis] = indices[axis] + .constant(-padding.low[axis])
      added.append(Kernel.Guard(inner[axis], in: 0..<source.shape[axis]))
    }
    guard !added.isEmpty else { return try emit(operand, at: inner, guards: guards, in: &builder) }
    let element = try emit(operand, at: inner, guards: guards + added, in: &builder)
    let isInside = builder.define(.bool, .test(added))
    let outside = builder.define(source.dtype, .constant(padding.value))
    return builder.define(source.dtype, .select(isInside, element, outside))
  }

  private mutating func gather(
    _ operands: [Program.Value], axis: Int, _ addressing: Addressing, at indices: [Kernel.Index],
    guards: [Kernel.Guard], in builder: inout KernelBuilder
  ) throws(NeedsStorage) -> Kernel.Value {
    let (values, type) = (operands[0], program.types[operands[0]])
    let chosen: [Kernel.Index]
    var place = indices
    switch addressing {
    case .slices:
      let rank = program.types[operands[1]].shape.rank
      chosen = Array(indices[axis..<(axis + rank)])
      place.replaceSubrange(axis..<(axis + rank), with: [.constant(0)])
    case .elements:
      chosen = indices
    }
    let index = try emit(operands[1], at: chosen, guards: guards, in: &builder)
    let dynamic = Kernel.Index(dynamic: [Kernel.Index.DynamicTerm(index, stride: 1)])
    place[axis] = dynamic
    let inRange = Kernel.Guard(dynamic, in: 0..<type.shape[axis])
    let home = placement.owner[values]
    let position = Kernel.Index.linear(place, in: type.shape)
    reads.insert(Read(owner: home, position: position))
    return load(home, type.dtype, at: position, guards: guards + [inRange], in: &builder)
  }

  private mutating func randomBits(
    _ key: Program.Value, _ type: TensorType, at indices: [Kernel.Index],
    in builder: inout KernelBuilder
  ) -> Kernel.Value {
    let home = placement.owner[key]
    reads.insert(Read(owner: home, position: .constant(0)))
    let seed = load(home, .i64, at: .constant(0), guards: [], in: &builder)
    let stream = load(home, .i64, at: .constant(1), guards: [], in: &builder)
    let element = Kernel.Index.linear(indices, in: type.shape)
    return builder.define(
      type.dtype, .randomBits(seed: seed, stream: stream, element: element))
  }
}
