import ApusIR

/// Reductions over the same axes of tensors of one shape, which one kernel computes in one walk over
/// what they read.
struct ReductionGroup {
  struct Member {
    var instruction: Program.Instruction
    var op: Reduction
  }

  let domain: Shape
  let axes: [Int]
  private(set) var members: [Member] = []
  /// Owners of the memory read.
  private(set) var sources: Set<Program.Value> = []

  init(domain: Shape, axes: [Int]) {
    self.domain = domain
    self.axes = axes
  }

  /// Each member has accumulators of its own; more would not stay in the first-level cache.
  var hasRoom: Bool { members.count < 4 }

  mutating func add(_ member: Member, reads: Set<Emitter.Read>) {
    members.append(member)
    sources.formUnion(reads.map(\.owner))
  }
}
