import ApusIR

// Convolutions of 3 × 3 by Winograd's algorithm: kernels that transform tiles, and one batched
// product for the 36 places of a tile. A quarter of the multiplications of the direct sum. All of it is
// in f32: bf16 is widened on the way in and rounded once on the way out.
extension Lowering {
  /// The extents of a convolution of 3 × 3 with stride 1.
  struct WinogradGeometry {
    var kind: Convolution.Kind
    /// `[batch, height, width, channel]` of what is read in tiles of 6 × 6, and of what is written (or,
    /// for the weights' gradient, read) in tiles of 4 × 4.
    var input, output: Shape
    var low: [Int]
    var dtype: DType
    var rows, columns: Int
    var tiles: Int { input[0] * rows * columns }
    var inChannels: Int { input[3] }
    var outChannels: Int { output[3] }
  }

  /// The geometry where Winograd's algorithm fits and is faster by what was measured: a rule on the
  /// shapes, so that a program gives the same bits each run.
  func winograd(_ epilogue: Epilogues.Epilogue) -> WinogradGeometry? {
    let producer = epilogue.producer
    guard capabilities.prefersWinograd, case .convolution(let attributes) = producer.primitive,
      attributes.spatialRank == 2, attributes.groups == 1,
      (attributes.strides + attributes.dilations).allSatisfy({ $0 == 1 }),
      (attributes.low + attributes.high).allSatisfy({ $0 <= 1 })
    else { return nil }
    let (first, second) = (type(producer.operands[0]), type(producer.operands[1]))
    let result = type(producer.result)
    guard result.dtype == .f32 || result.dtype == .bf16 else { return nil }
    let (input, output, kernel, low): (Shape, Shape, Shape, [Int])
    switch attributes.kind {
    case .forward: (input, output, kernel, low) = (first.shape, result.shape, second.shape, attributes.low)
    case .inputGradient:
      // A convolution of the gradient by the filter turned around.
      low = attributes.low.map { 2 - $0 }
      (input, output, kernel) = (first.shape, result.shape, second.shape)
    case .weightGradient:
      (input, output, kernel, low) = (first.shape, second.shape, result.shape, attributes.low)
    }
    guard Array(kernel.dropFirst(2)) == [3, 3] else { return nil }
    for case .activation(let activation) in epilogue.postOps where activation != .relu { return nil }
    let geometry = WinogradGeometry(
      kind: attributes.kind, input: input, output: output, low: low, dtype: result.dtype,
      rows: (output[1] + Winograd.tile - 1) / Winograd.tile,
      columns: (output[2] + Winograd.tile - 1) / Winograd.tile)
    return geometry.isFaster ? geometry : nil
  }

  mutating func addWinograd(
    _ g: WinogradGeometry, first: Plan.View, second: Plan.View, destination: Plan.View,
    bias: Plan.View?, postOps: [Plan.PostOp], writing instruction: Program.Instruction
  ) {
    let input = scratch([Winograd.products, g.tiles, g.inChannels])
    let output = scratch([Winograd.products, g.tiles, g.outChannels])
    let module = instruction.module
    var steps = [transform(first, g.input, reach: Winograd.reach, low: g.low, g, into: input, module)]
    if g.kind == .weightGradient {
      let weights = scratch([Winograd.products, g.outChannels, g.inChannels])
      steps.append(
        transform(second, g.output, reach: Winograd.tile, low: [0, 0], g, into: output, module))
      steps.append(product(output, input, into: weights, transposesFirst: true, module))
      steps.append(weightGradient(weights, into: destination, g, module))
    } else {
      let weights = scratch([Winograd.products, g.inChannels, g.outChannels])
      steps.append(transformWeights(second, g, into: weights, module))
      steps.append(product(input, weights, into: output, transposesFirst: false, module))
      steps.append(collect(output, g, into: destination, bias: bias, postOps: postOps, module))
    }
    add(steps, writing: instruction)
  }

  /// A matrix for each place of a tile. Where all of them began at a multiple of a power of two, the 36
  /// elements a tile writes at once would fall into one set of the cache.
  private mutating func scratch(_ shape: Shape) -> Plan.View {
    let matrix = shape[1] * shape[2] + Self.spacing
    blocks.append(Plan.Block(place: .arena(-1), type: TensorType(.f32, [shape[0] * matrix])))
    return Plan.View(
      block: blocks.count - 1, offset: 0, shape: shape, strides: [matrix, shape[2], 1])
  }

  /// Five cache lines of 16 elements.
  private static let spacing = 80

  // MARK: Kernels

  /// Transforms the tiles of `[batch, height, width, channel]`; outside there are zeros.
  private func transform(
    _ source: Plan.View, _ shape: Shape, reach: Int, low: [Int], _ g: WinogradGeometry,
    into target: Plan.View, _ module: String?
  ) -> Plan.Step {
    var builder = KernelBuilder()
    let point = TilePoint(g, channels: shape[3], in: &builder)
    let argument = builder.argument(source.block, blocks[source.block].type, isWritten: false)
    builder.openScope()
    var elements: [Kernel.Value] = []
    for place in 0..<(reach * reach) {
      let (indices, guards) = point.place(
        place / reach - low[0], place % reach - low[1], in: shape, builder.extents)
      let position = Kernel.Index.linear(indices, in: shape) + .constant(source.offset)
      elements.append(
        builder.widened(
          g.dtype,
          .load(argument: argument, at: position, guards: guards, otherwise: .zero(g.dtype))))
    }
    let transform = reach == Winograd.reach ? Winograd.input : Winograd.outputGradient
    let values = Winograd.square(elements, transform, in: &builder)
    store(values, into: target, rest: point.row(channels: shape[3]), in: &builder)
    builder.closeLoop(over: [point.channel], isVectorizable: true)
    return named("tiles", target, &builder, module)
  }

  /// Transforms weights `[out, in, 3, 3]` to `[place, in, out]`, seen from the input gradient with the
  /// filter turned around and the channels exchanged.
  private func transformWeights(
    _ source: Plan.View, _ g: WinogradGeometry, into target: Plan.View, _ module: String?
  ) -> Plan.Step {
    var builder = KernelBuilder()
    let row = builder.addVariable(extent: g.inChannels)
    let column = builder.addVariable(extent: g.outChannels)
    builder.setParallel([row])
    let argument = builder.argument(source.block, blocks[source.block].type, isWritten: false)
    builder.openScope()
    let isForward = g.kind == .forward
    let (outer, inner) = isForward ? (column, row) : (row, column)
    let shape = Shape([builder.extents[outer], builder.extents[inner], 9])
    let elements = (0..<9).map { tap in
      let position = Kernel.Index.linear(
        [.variable(outer), .variable(inner), .constant(isForward ? tap : 8 - tap)], in: shape)
      return builder.widened(
        g.dtype,
        .load(
          argument: argument, at: position + .constant(source.offset), guards: [],
          otherwise: .zero(g.dtype)))
    }
    let values = Winograd.square(elements, Winograd.weights, in: &builder)
    let rest = Kernel.Index.variable(row).scaled(by: g.outChannels) + .variable(column)
    store(values, into: target, rest: rest, in: &builder)
    builder.closeLoop(over: [column], isVectorizable: true)
    return named("weights", target, &builder, module)
  }

  /// The gradient of weights `[out, in, 3, 3]` from that of their transform.
  private func weightGradient(
    _ source: Plan.View, into destination: Plan.View, _ g: WinogradGeometry, _ module: String?
  ) -> Plan.Step {
    var builder = KernelBuilder()
    let out = builder.addVariable(extent: g.outChannels)
    let channel = builder.addVariable(extent: g.inChannels)
    builder.setParallel([out])
    builder.openScope()
    let rest = Kernel.Index.variable(out).scaled(by: g.inChannels) + .variable(channel)
    let values = Winograd.square(
      load(source, rest: rest, in: &builder), Winograd.weightGradient, in: &builder)
    let target = builder.argument(
      destination.block, blocks[destination.block].type, isWritten: true)
    for (tap, value) in values.enumerated() {
      let position = rest.scaled(by: 9) + .constant(destination.offset + tap)
      builder.append(
        .store(argument: target, at: position, builder.narrowed(value, to: g.dtype)))
    }
    builder.closeLoop(over: [channel], isVectorizable: true)
    return named("weight gradient", source, &builder, module)
  }

  /// Turns products into tiles of results and applies what follows the convolution.
  private func collect(
    _ source: Plan.View, _ g: WinogradGeometry, into destination: Plan.View, bias: Plan.View?,
    postOps: [Plan.PostOp], _ module: String?
  ) -> Plan.Step {
    var builder = KernelBuilder()
    let point = TilePoint(g, channels: g.outChannels, in: &builder)
    builder.openScope()
    let values = Winograd.square(
      load(source, rest: point.row(channels: g.outChannels), in: &builder), Winograd.output,
      in: &builder)
    let channel = Kernel.Index.variable(point.channel)
    let shift = bias.map { element(of: $0, g.dtype, at: channel, in: &builder) }
    for (place, value) in values.enumerated() {
      let (indices, guards) = point.place(
        place / Winograd.tile, place % Winograd.tile, in: g.output, builder.extents)
      let position = Kernel.Index.linear(indices, in: g.output)
      let isInside = guards.isEmpty ? nil : builder.define(.bool, .test(guards))
      if isInside != nil { builder.openScope() }
      var result = value
      if let shift { result = builder.define(.f32, .binary(.add, result, shift)) }
      for op in postOps {
        switch op {
        case .add(let view, let dtype):
          let other = element(of: view, dtype, at: position, in: &builder)
          result = builder.define(.f32, .binary(.add, result, other))
        case .accumulate:
          let old = element(of: destination, g.dtype, at: position, in: &builder)
          result = builder.define(.f32, .binary(.add, result, old))
        case .activation:
          let zero = builder.define(.f32, .constant(.floating(0)))
          let isBelow = builder.define(.bool, .compare(.lessEqual, result, zero))
          result = builder.define(.f32, .select(isBelow, zero, result))
        }
      }
      let target = builder.argument(
        destination.block, blocks[destination.block].type, isWritten: true)
      result = builder.narrowed(result, to: g.dtype)
      builder.append(
        .store(argument: target, at: position + .constant(destination.offset), result))
      if let isInside { builder.closeWhen(isInside) }
    }
    builder.closeLoop(over: [point.channel], isVectorizable: true)
    return named("results", source, &builder, module)
  }

  private func named(
    _ name: String, _ matrices: Plan.View, _ builder: inout KernelBuilder, _ module: String?
  ) -> Plan.Step {
    var result = step(builder.finish(), builder.blocks, flops: 0, module: module)
    result.label = "winograd \(name) \(matrices.shape)"
    return result
  }

  private func element(
    of view: Plan.View, _ dtype: DType, at position: Kernel.Index, in builder: inout KernelBuilder
  ) -> Kernel.Value {
    let argument = builder.argument(view.block, blocks[view.block].type, isWritten: false)
    return builder.widened(
      dtype,
      .load(
        argument: argument, at: position + .constant(view.offset), guards: [],
        otherwise: .zero(dtype)))
  }

  /// The elements of one row of each of the 36 matrices.
  private func load(
    _ view: Plan.View, rest: Kernel.Index, in builder: inout KernelBuilder
  ) -> [Kernel.Value] {
    (0..<Winograd.products).map { place in
      element(of: view, .f32, at: rest + .constant(place * view.strides[0]), in: &builder)
    }
  }

  private func store(
    _ values: [Kernel.Value], into view: Plan.View, rest: Kernel.Index,
    in builder: inout KernelBuilder
  ) {
    let argument = builder.argument(view.block, blocks[view.block].type, isWritten: true)
    for (place, value) in values.enumerated() {
      builder.append(
        .store(argument: argument, at: rest + .constant(place * view.strides[0]), value))
    }
  }

  /// One matrix product for each place of a tile.
  private func product(
    _ a: Plan.View, _ b: Plan.View, into c: Plan.View, transposesFirst: Bool, _ module: String?
  ) -> Plan.Step {
    var left = a
    if transposesFirst { left.swapLastAxes() }
    let work = 2 * c.shape.elementCount * left.shape[2]
    return Plan.Step(
      operation: .matmul(
        Plan.Matmul(
          a: left, b: b, destination: c, dtype: .f32, resultDType: .f32, biasDType: .f32)),
      reads: [a.block, b.block], writes: [c.block], flops: work, module: module)
  }
}

extension Lowering.WinogradGeometry {
  /// Compares the time of the library's direct sum with that of the products and of the walks over
  /// memory, at the rates that were measured, in operations and bytes a nanosecond.
  var isFaster: Bool {
    let (c, k, t) = (Double(inChannels), Double(outChannels), Double(tiles))
    guard inChannels % 16 == 0, outChannels % 16 == 0 else { return false }
    let pixels = Double(output[0] * output[1] * output[2])
    let rate = dtype == .f32 ? 450.0 : kind == .weightGradient ? 700 : 900
    let direct = 18 * c * k * pixels / rate
    let places = Double(Winograd.products)
    var products = 2 * places * t * c * k / (kind == .weightGradient ? 330 : 420)
    // Few tiles: the transformed weights are read for little work.
    if kind != .weightGradient, tiles < 64 { products += 4 * places * c * k / 25 }
    let walks = 4 * (places * (c * k + t * c + t * k) + pixels * (c + k)) / 65
    return products + walks < 0.85 * direct
  }
}

extension KernelBuilder {
  /// What is loaded, as f32.
  fileprivate mutating func widened(_ dtype: DType, _ load: Kernel.Operation) -> Kernel.Value {
    let value = define(dtype, load)
    return dtype == .f32 ? value : define(.f32, .cast(value))
  }

  fileprivate mutating func narrowed(_ value: Kernel.Value, to dtype: DType) -> Kernel.Value {
    dtype == .f32 ? value : define(dtype, .cast(value))
  }
}

/// The variables of a kernel over tiles: batch, row and column of the tile in parallel, channel inside.
private struct TilePoint {
  let channel: Kernel.Variable = 3
  private let rows, columns: Int

  init(_ g: Lowering.WinogradGeometry, channels: Int, in builder: inout KernelBuilder) {
    for extent in [g.input[0], g.rows, g.columns, channels] {
      _ = builder.addVariable(extent: extent)
    }
    builder.setParallel([0, 1, 2])
    (rows, columns) = (g.rows, g.columns)
  }

  /// The element of a scratch matrix for this tile and channel.
  func row(channels: Int) -> Kernel.Index {
    let tile = Kernel.Index.variable(0).scaled(by: rows * columns)
      + Kernel.Index.variable(1).scaled(by: columns) + .variable(2)
    return tile.scaled(by: channels) + .variable(channel)
  }

  /// Where an element of the tile lies in `[batch, height, width, channel]`, and what must hold for
  /// it to lie inside.
  func place(
    _ row: Int, _ column: Int, in shape: Shape, _ extents: [Int]
  ) -> (indices: [Kernel.Index], guards: [Kernel.Guard]) {
    let y = Kernel.Index.variable(1).scaled(by: Winograd.tile) + .constant(row)
    let x = Kernel.Index.variable(2).scaled(by: Winograd.tile) + .constant(column)
    var guards: [Kernel.Guard] = []
    for (index, axis) in [(y, 1), (x, 2)] {
      let range = index.range(extents)
      if range.lowerBound < 0 || range.upperBound >= shape[axis] {
        guards.append(Kernel.Guard(index, in: 0..<shape[axis]))
      }
    }
    return ([.variable(0), y, x, .variable(channel)], guards)
  }
}
