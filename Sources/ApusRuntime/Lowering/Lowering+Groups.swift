import ApusIR

// Which kernel computes a value: one that is there already, or a new one.

extension Lowering {
  /// The reads a kernel for this would do, with each axis of `domain` a variable.
  mutating func dryReads(
    domain: Shape, _ emit: (inout Emitter, [Kernel.Index], inout KernelBuilder) throws(Emitter.NeedsStorage) -> Void
  ) throws(Emitter.NeedsStorage) -> Set<Emitter.Read> {
    var builder = KernelBuilder()
    for extent in domain { _ = builder.addVariable(extent: extent) }
    _ = emitter.takeReads()
    try emit(&emitter, KernelGroup.identity(domain), &builder)
    return emitter.takeReads()
  }

  mutating func schedulePointwise(
    _ instruction: Program.Instruction
  ) throws(Emitter.NeedsStorage) {
    let value = instruction.result
    let shape = type(value).shape
    let reads = try dryReads(domain: shape) { (emitter, indices, builder) throws(Emitter.NeedsStorage) in
      _ = try emitter.emitDefinition(of: value, at: indices, in: &builder)
    }
    place(value, as: .element, in: shape, reads: reads)
  }

  /// Adds elements of this shape with these reads to a group, a new one where none fits.
  mutating func place(
    _ value: Program.Value, as role: KernelGroup.Role, in shape: Shape, reads: Set<Emitter.Read>
  ) {
    guard let (index, found, stage) = candidate(for: value, as: role, in: shape, reads: reads) else {
      open(KernelGroup(domain: shape, outerRank: nil), value, role: role, reads: reads)
      return
    }
    join(index, value, role: found, stage: stage, reads: reads)
  }

  mutating func scheduleReduction(
    _ instruction: Program.Instruction, _ op: Reduction, axes: [Int]
  ) throws(Emitter.NeedsStorage) {
    let value = instruction.result
    let domain = type(instruction.operands[0]).shape
    let outerRank = domain.rank - axes.count
    let isTrailing = axes.sorted() == Array(outerRank..<domain.rank)
    let rows = type(value).shape.elementCount
    let isWorthRows = isTrailing && (rows >= 8 || domain.elementCount <= 16_384)
    guard isWorthRows else {
      try addReduction(instruction, op, axes: axes)
      return
    }
    let operand = instruction.operands[0]
    let reads = try dryReads(domain: domain) { (emitter, indices, builder) throws(Emitter.NeedsStorage) in
      _ = try emitter.emit(operand, at: indices, in: &builder)
    }
    let earliest = latestWriter(of: reads)
    for index in recentEntries(from: earliest) {
      guard case .group(var group) = entries[index], group.domain == domain,
        group.outerRank == nil || group.outerRank == outerRank,
        group.sharedReads(reads) > 0, hasRoom(group, reads)
      else { continue }
      if group.outerRank == nil { group.outerRank = outerRank }
      guard let stage = group.stage(for: .reduction(op), reads: reads) else { continue }
      entries[index] = .group(group)
      join(index, value, role: .reduction(op), stage: stage, reads: reads)
      return
    }
    let group = KernelGroup(domain: domain, outerRank: outerRank)
    open(group, value, role: .reduction(op), reads: reads)
  }

  /// The latest group that an element of this shape with these reads can join.
  func candidate(
    for value: Program.Value, as role: KernelGroup.Role, in shape: Shape, reads: Set<Emitter.Read>
  ) -> (entry: Int, role: KernelGroup.Role, stage: Int)? {
    let earliest = Swift.max(latestWriter(of: reads), latestReader(ofWhat: value, reads))
    for index in recentEntries(from: earliest) {
      guard case .group(let group) = entries[index], hasRoom(group, reads) else { continue }
      let isSmall = shape.elementCount <= 32_768 && group.outerRank == nil
      guard isSmall || group.sharedReads(reads) > 0 else { continue }
      if group.domain == shape {
        guard let stage = group.stage(for: role, reads: reads) else { continue }
        return (index, role, stage)
      }
      guard role == .element, group.outerRank != nil, isRow(shape, of: group.outer) else { continue }
      guard let stage = group.stage(for: .row, reads: reads) else { continue }
      return (index, .row, stage)
    }
    return nil
  }

  /// Whether a shape is that of one element a row, perhaps with axes of extent 1 behind.
  func isRow(_ shape: Shape, of outer: Shape) -> Bool {
    shape.rank >= outer.rank && Array(shape.prefix(outer.rank)) == outer.extents
      && shape.dropFirst(outer.rank).allSatisfy { $0 == 1 }
  }

  func hasRoom(_ group: KernelGroup, _ reads: Set<Emitter.Read>) -> Bool {
    group.members.count < KernelGroup.memberLimit
      && group.sources.count + reads.count <= KernelGroup.sourceLimit
  }

  func latestWriter(of reads: Set<Emitter.Read>) -> Int {
    reads.map { writer[$0.owner] }.max() ?? -1
  }

  /// An update in place must not come before anything that reads the old value.
  func latestReader(ofWhat value: Program.Value, _ reads: Set<Emitter.Read>) -> Int {
    guard updates.contains(value) else { return -1 }
    let old = reads.filter { donated.contains($0.owner) && type($0.owner) == type(value) }
    return old.map { lastReader[$0.owner] }.max() ?? -1
  }

  mutating func noteReads(_ owners: some Sequence<Program.Value>, by entry: Int) {
    for owner in owners where owner < program.inputCount {
      lastReader[owner] = Swift.max(lastReader[owner], entry)
    }
  }

  func recentEntries(from earliest: Int) -> [Int] {
    let first = Swift.max(earliest, entries.count - 24, 0)
    return first < entries.count ? Array((first..<entries.count).reversed()) : []
  }

  mutating func join(
    _ index: Int, _ value: Program.Value, role: KernelGroup.Role, stage: Int,
    reads: Set<Emitter.Read>
  ) {
    guard case .group(var group) = entries[index] else { return }
    group.add(value, role: role, stage: stage, reads: reads)
    entries[index] = .group(group)
    // The parts of a concatenation may have several writers; readers come after the last.
    writer[value] = Swift.max(writer[value], index)
    noteReads(reads.map(\.owner), by: index)
  }

  mutating func open(
    _ group: KernelGroup, _ value: Program.Value, role: KernelGroup.Role,
    reads: Set<Emitter.Read>
  ) {
    entries.append(.group(group))
    join(entries.count - 1, value, role: role, stage: 0, reads: reads)
  }
}
