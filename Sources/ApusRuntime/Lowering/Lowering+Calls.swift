import ApusIR

// Library calls, single primitives and loops with a body of their own.
extension Lowering {
  /// The operand as a view of a block. The placement has made sure that there is one.
  func view(of value: Program.Value, _ allows: (Plan.View) -> Bool = { $0.isDense }) -> Plan.View {
    if !(placement.isStored[value] && placement.owner[value] == value),
      let (base, view) = placement.view(of: value), placement.isStored[base], allows(view)
    {
      var placed = view
      placed.block = block(of: base)
      return placed
    }
    let shape = type(value).shape
    return Plan.View(
      block: block(of: value), offset: 0, shape: shape, strides: shape.rowMajorStrides)
  }

  /// A matmul or convolution by the engine's library, writing the result of `instruction`.
  mutating func addLibraryCall(
    _ epilogue: Epilogues.Epilogue, writing instruction: Program.Instruction
  ) {
    let producer = epilogue.producer
    let dtype = type(producer.result).dtype
    let shape = type(producer.result).shape
    let destination: Plan.View
    if let target = epilogue.target {
      destination = Plan.View(
        block: block(of: target.value), offset: target.offset, shape: shape,
        strides: target.strides)
    } else {
      destination = view(of: instruction.result).reshaped(to: shape)
    }
    let bias = epilogue.bias.map { view(of: $0).reshaped(to: [shape[shape.rank - 1]]) }
    let operation: Plan.Operation
    var reads = bias.map { [$0.block] } ?? []
    let postOps = epilogue.postOps.map { op -> Plan.PostOp in
      switch op {
      case .add(let value):
        let operand = view(of: value).reshaped(to: shape)
        reads.append(operand.block)
        return .add(operand, type(value).dtype)
      case .activation(let activation): return .activation(activation)
      }
    }
    switch producer.primitive {
    case .matmul(let transposeA, let transposeB):
      var a = view(of: producer.operands[0]) { $0.isMatrixLike }
      var b = view(of: producer.operands[1]) { $0.isMatrixLike }
      reads += [a.block, b.block]
      if transposeA { a.swapLastAxes() }
      if transposeB { b.swapLastAxes() }
      operation = .matmul(
        Plan.Matmul(
          a: a, b: b, destination: destination, dtype: dtype,
          resultDType: type(instruction.result).dtype, bias: bias,
          biasDType: epilogue.bias.map { type($0).dtype } ?? dtype, postOps: postOps))
    case .convolution(let attributes):
      let (first, second) = (view(of: producer.operands[0]), view(of: producer.operands[1]))
      if let geometry = winograd(epilogue) {
        return addWinograd(
          geometry, first: first, second: second, destination: destination, bias: bias,
          postOps: postOps, writing: instruction)
      }
      reads += [first.block, second.block]
      operation = .convolution(
        Plan.ConvolutionCall(
          attributes: attributes, dtype: dtype, first: first, second: second,
          destination: destination, bias: bias, postOps: postOps))
    default: preconditionFailure("no library takes \(producer.primitive.name)")
    }
    add(operation, reads: reads, instruction, flops: flops(of: producer))
  }

  mutating func addPrimitive(_ instruction: Program.Instruction) {
    let operands = instruction.operands.map { view(of: $0) }
    let operation = Plan.Operation.primitive(
      instruction.primitive, operands: operands, results: instruction.results.map(block))
    add(operation, reads: operands.map(\.block), instruction)
  }

  mutating func addScan(
    _ instruction: Program.Instruction, _ scan: Scan
  ) throws(Emitter.NeedsStorage) {
    let operands = instruction.operands.map { view(of: $0) }
    var distinct = scan.body
    distinct.outputs = []
    var sources: [Plan.ScanCall.Source] = []
    for value in scan.body.outputs {
      if value < scan.body.inputCount {
        sources.append(.input(value))
      } else if let known = distinct.outputs.firstIndex(of: value) {
        sources.append(.output(known))
      } else {
        sources.append(.output(distinct.outputs.count))
        distinct.outputs.append(value)
      }
    }
    let body: Plan
    do throws(TensorError) {
      body = try Lowering.plan(for: distinct, capabilities: capabilities)
    } catch {
      preconditionFailure("the body of a scan was checked with its program: \(error)")
    }
    let carryTypes = scan.body.outputTypes.prefix(scan.carries)
    let carryBytes = carryTypes.reduce(0) { $0 + Plan.aligned($1.byteCount) }
    let scratch = blocks.count
    let size = TensorType(.u8, [Swift.max(Plan.aligned(body.arenaBytes) + 2 * carryBytes, 1)])
    blocks.append(Plan.Block(place: .arena(-1), type: size))
    let call = Plan.ScanCall(
      scan: scan, body: body, operands: operands, results: instruction.results.map(block),
      sources: sources, scratch: scratch)
    add(.scan(call), reads: operands.map(\.block), instruction, scratch: [scratch])
  }

  private mutating func add(
    _ operation: Plan.Operation, reads: [Int], _ instruction: Program.Instruction,
    scratch: [Int] = [], flops work: Int? = nil
  ) {
    var seen: Set<Int> = []
    let step = Plan.Step(
      operation: operation, reads: reads.filter { seen.insert($0).inserted },
      writes: instruction.results.map(block) + scratch,
      flops: work ?? flops(of: instruction), module: instruction.module)
    add([step], writing: instruction)
  }

  /// A matmul for dtypes the library does not take: for each row a tile of columns accumulates
  /// side by side.
  mutating func plainMatmul(
    _ instruction: Program.Instruction, _ transposeA: Bool, _ transposeB: Bool,
    in builder: inout KernelBuilder
  ) throws(Emitter.NeedsStorage) {
    let result = type(instruction.result)
    let a = type(instruction.operands[0]).shape
    let rank = result.shape.rank
    let dtype = result.dtype.reductionDType
    let depth = a[rank - (transposeA ? 2 : 1)]
    for extent in result.shape { _ = builder.addVariable(extent: extent) }
    let column = rank - 1
    let k = builder.addVariable(extent: depth)
    let width = result.shape[column]
    let batch = (0..<(rank - 2)).map { Kernel.Index.variable($0) }
    let row = Kernel.Index.variable(rank - 2)
    // Wide results are cut into tiles that divide them.
    let tile = width <= Lowering.tile ? width : (1...Lowering.tile).last { width % $0 == 0 }!
    var columnIndex = Kernel.Index.variable(column)
    var parallel = Array(0..<(rank - 1))
    var lane = column
    if tile != width {
      let outer = builder.addVariable(extent: width / tile)
      lane = builder.addVariable(extent: tile)
      columnIndex = Kernel.Index.variable(outer).scaled(by: tile) + .variable(lane)
      parallel.append(outer)
    }
    builder.setParallel(parallel)
    let accumulator = builder.declare(dtype, count: tile, initial: .zero(dtype))
    builder.openScope()
    let inner = Kernel.Index.variable(k)
    let x = try emitter.emit(
      instruction.operands[0], at: batch + (transposeA ? [inner, row] : [row, inner]), in: &builder)
    let y = try emitter.emit(
      instruction.operands[1],
      at: batch + (transposeB ? [columnIndex, inner] : [inner, columnIndex]), in: &builder)
    let wideX = dtype == result.dtype ? x : builder.define(dtype, .cast(x))
    let wideY = dtype == result.dtype ? y : builder.define(dtype, .cast(y))
    let product = builder.define(dtype, .binary(.multiply, wideX, wideY))
    builder.append(.accumulate(accumulator, at: .variable(lane), .sum, product))
    builder.closeLoop(over: [k, lane], isVectorizable: true)
    builder.openScope()
    let total = builder.read(accumulator, dtype, at: .variable(lane))
    let rounded = dtype == result.dtype ? total : builder.define(result.dtype, .cast(total))
    let target = builder.argument(block(of: instruction.result), result, isWritten: true)
    let position = Kernel.Index.linear(batch + [row, columnIndex], in: result.shape)
    builder.append(.store(argument: target, at: position, rounded))
    builder.closeLoop(over: [lane], isVectorizable: true)
  }
}

extension Plan.View {
  /// A dense view's elements, in another shape.
  func reshaped(to shape: Shape) -> Plan.View {
    precondition(isDense && shape.elementCount == self.shape.elementCount)
    return Plan.View(block: block, offset: offset, shape: shape, strides: shape.rowMajorStrides)
  }

  mutating func swapLastAxes() {
    let rank = shape.rank
    shape.extents.swapAt(rank - 2, rank - 1)
    strides.swapAt(rank - 2, rank - 1)
  }
}
