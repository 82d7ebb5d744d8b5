import ApusIR

/// Stored values that one kernel computes: all with the same iteration space.
///
/// A pointwise group runs over its domain in any order. A group with rows treats the leading
/// `outerRank` axes as independent rows and passes over each row in stages: a stage is one loop over
/// the row, in which elements are computed and stored and reductions accumulate; what a reduction
/// found is at hand in the later stages. Softmax and layer norm become one kernel each.
struct KernelGroup {
  enum Role: Hashable {
    /// One element for each point of the domain.
    case element
    /// A reduction over the row.
    case reduction(Reduction)
    /// One element for each row.
    case row
    /// One element of an operand of a concatenation, which lies in the result from `start` along
    /// `axis` on.
    case part(operand: Program.Value, axis: Int, start: Int)
  }

  struct Member {
    var value: Program.Value
    var role: Role
    var stage: Int
  }

  var domain: Shape
  var outerRank: Int?
  private(set) var members: [Member] = []
  private var places: [Program.Value: Int] = [:]
  /// Owners read from other steps.
  private(set) var sources: Set<Program.Value> = []

  init(domain: Shape, outerRank: Int?) {
    self.domain = domain
    self.outerRank = outerRank
  }

  static let memberLimit = 24
  static let sourceLimit = 40

  var outer: Shape { Shape(Array(domain.prefix(outerRank ?? domain.rank))) }

  func contains(_ value: Program.Value) -> Bool { places[value] != nil }

  /// The index of each axis: its loop variable, or 0 where there is nothing to loop over.
  static func identity(_ shape: Shape) -> [Kernel.Index] {
    shape.indices.map { shape[$0] == 1 ? .constant(0) : .variable($0) }
  }

  private var elementPosition: Kernel.Index { .linear(Self.identity(domain), in: domain) }
  private var rowPosition: Kernel.Index { .linear(Self.identity(outer), in: outer) }

  /// The stage in which a value with these reads can be computed, or nil where it reads a member
  /// at another place than its own.
  func stage(for role: Role, reads: Set<Emitter.Read>) -> Int? {
    var stage = 0
    for read in reads {
      guard let place = places[read.owner] else { continue }
      let member = members[place]
      switch member.role {
      case .part: return nil
      case .element:
        guard read.position == elementPosition, role != .row else { return nil }
        stage = Swift.max(stage, member.stage)
      case .reduction, .row:
        guard read.position == rowPosition else { return nil }
        stage = Swift.max(stage, role == .row ? member.stage : member.stage + 1)
      }
    }
    return stage
  }

  mutating func add(
    _ value: Program.Value, role: Role, stage: Int, reads: Set<Emitter.Read>
  ) {
    places[value] = members.count
    members.append(Member(value: value, role: role, stage: stage))
    for read in reads where places[read.owner] == nil { sources.insert(read.owner) }
  }

  /// How many of these reads the group does already, or produces.
  func sharedReads(_ reads: Set<Emitter.Read>) -> Int {
    reads.count { contains($0.owner) || sources.contains($0.owner) }
  }
}

extension KernelGroup {
  /// Writes the kernel.
  func kernel(
    emitter: inout Emitter, placement: Placement, block: (Program.Value) -> Int
  ) throws(Emitter.NeedsStorage) -> (kernel: Kernel, arguments: [Int]) {
    var builder = KernelBuilder()
    for extent in domain { _ = builder.addVariable(extent: extent) }
    let axes = domain.indices.filter { domain[$0] != 1 }
    let split = outerRank ?? domain.rank
    builder.setParallel(axes.filter { $0 < split })
    let inner = axes.filter { $0 >= split }
    let last = members.map(\.stage).max() ?? 0
    for stage in 0...last {
      try write(
        members.filter { $0.stage == stage }, inner: inner, emitter: &emitter,
        placement: placement, block: block, in: &builder)
    }
    var kernel = builder.finish()
    kernel.collapse()
    if outerRank == nil { kernel.makeLastParallelVariableInner() }
    return (kernel, builder.blocks)
  }

  private func write(
    _ members: [Member], inner: [Kernel.Variable], emitter: inout Emitter, placement: Placement,
    block: (Program.Value) -> Int, in builder: inout KernelBuilder
  ) throws(Emitter.NeedsStorage) {
    let program = emitter.program
    var accumulators: [Program.Value: (Kernel.Accumulator, DType)] = [:]
    for member in members {
      guard case .reduction(let op) = member.role else { continue }
      let dtype = program.types[member.value].dtype.reductionDType
      accumulators[member.value] = (builder.declare(dtype, initial: op.identity(dtype)), dtype)
    }
    let looped = members.filter { $0.role != .row }
    if !looped.isEmpty {
      builder.openScope()
      for member in looped {
        try writeElement(
          member, accumulators[member.value], emitter: &emitter, placement: placement,
          block: block, in: &builder)
      }
      builder.closeLoop(over: inner, isVectorizable: true)
    }
    let row = Self.identity(outer)
    for member in members {
      let type = program.types[member.value]
      switch member.role {
      case .element, .part: continue
      case .reduction:
        let (accumulator, dtype) = accumulators[member.value]!
        let total = builder.read(accumulator, dtype)
        let result = dtype == type.dtype ? total : builder.define(type.dtype, .cast(total))
        store(result, member.value, at: .linear(row, in: outer), block: block, type, in: &builder)
      case .row:
        let indices = row + Array(repeating: .constant(0), count: type.shape.rank - outer.rank)
        let result = try emitter.emitDefinition(of: member.value, at: indices, in: &builder)
        store(result, member.value, at: .linear(row, in: outer), block: block, type, in: &builder)
      }
    }
  }

  private func writeElement(
    _ member: Member, _ accumulator: (Kernel.Accumulator, DType)?, emitter: inout Emitter,
    placement: Placement, block: (Program.Value) -> Int, in builder: inout KernelBuilder
  ) throws(Emitter.NeedsStorage) {
    let indices = Self.identity(domain)
    let type = emitter.program.types[member.value]
    if case .part(let operand, let axis, let start) = member.role {
      let element = try emitter.emit(operand, at: indices, in: &builder)
      var place = indices
      place[axis] = indices[axis] + .constant(start)
      let argument = builder.argument(block(member.value), type, isWritten: true)
      builder.append(.store(argument: argument, at: .linear(place, in: type.shape), element))
      return
    }
    guard case .reduction(let op) = member.role, let (target, dtype) = accumulator else {
      let result = try emitter.emitDefinition(of: member.value, at: indices, in: &builder)
      store(
        result, member.value, at: .linear(indices, in: domain), block: block, type, in: &builder)
      return
    }
    let operand = placement.definition(of: member.value)!.operands[0]
    let element = try emitter.emit(operand, at: indices, in: &builder)
    let term = dtype == type.dtype ? element : builder.define(dtype, .cast(element))
    builder.append(.accumulate(target, at: .constant(0), op, term))
  }

  private func store(
    _ result: Kernel.Value, _ value: Program.Value, at position: Kernel.Index,
    block: (Program.Value) -> Int, _ type: TensorType, in builder: inout KernelBuilder
  ) {
    let argument = builder.argument(block(value), type, isWritten: true)
    builder.append(.store(argument: argument, at: position, result))
    builder.remember(KernelBuilder.Key(value: value, indices: [position]), result)
  }
}

extension DType {
  /// The dtype in which a reduction of this dtype accumulates in a kernel.
  var reductionDType: DType {
    switch self {
    case .f16, .bf16: .f32
    case .bool: .u8
    default: self
    }
  }
}
