import ApusIR

extension Plan {
  /// Lets a convolution write over the tensor that it adds, where nobody needs that any more: the
  /// library then takes its faster kernels, and memory holds one tensor less.
  mutating func accumulateInPlace() {
    var lastUse = [Int](repeating: -1, count: blocks.count)
    var firstWrite = [Int](repeating: Int.max, count: blocks.count)
    for (index, step) in steps.enumerated() {
      for block in step.reads + step.writes { lastUse[block] = index }
      for block in step.writes { firstWrite[block] = Swift.min(firstWrite[block], index) }
    }
    for index in steps.indices {
      guard case .convolution(var call) = steps[index].operation,
        case .add(let addend, _)? = call.postOps.first,
        case .arena = blocks[addend.block].place, lastUse[addend.block] == index,
        firstWrite[call.destination.block] == index,
        blocks[addend.block].byteCount == blocks[call.destination.block].byteCount,
        addend.offset == 0, call.destination.offset == 0,
        addend.shape.elementCount == call.destination.shape.elementCount,
        ![call.first.block, call.second.block, call.bias?.block].contains(addend.block)
      else { continue }
      let others = call.postOps.dropFirst()
      guard !others.contains(where: { $0.block == addend.block }) else { continue }
      call.postOps[0] = .accumulate
      steps[index].operation = .convolution(call)
      let (old, new) = (addend.block, call.destination.block)
      for earlier in steps.indices where steps[earlier].reads.contains(old) || steps[earlier].writes.contains(old) {
        steps[earlier].replace(old, by: new)
      }
      firstWrite[new] = firstWrite[old]
    }
  }
}

extension Plan.PostOp {
  fileprivate var block: Int? {
    if case .add(let view, _) = self { view.block } else { nil }
  }
}

extension Plan.Step {
  /// Puts one block in the place of another.
  mutating func replace(_ old: Int, by new: Int) {
    func place(_ block: Int) -> Int { block == old ? new : block }
    func place(_ view: Plan.View) -> Plan.View {
      var view = view
      view.block = place(view.block)
      return view
    }
    func place(_ postOps: [Plan.PostOp]) -> [Plan.PostOp] {
      postOps.map { postOp in
        if case .add(let view, let dtype) = postOp { .add(place(view), dtype) } else { postOp }
      }
    }
    func distinct(_ blocks: [Int]) -> [Int] {
      var seen: Set<Int> = []
      return blocks.map(place).filter { seen.insert($0).inserted }
    }
    reads = distinct(reads)
    writes = distinct(writes)
    switch operation {
    case .kernel(let kernel, let arguments):
      operation = .kernel(kernel, arguments: arguments.map(place))
    case .matmul(var call):
      (call.a, call.b, call.destination) = (place(call.a), place(call.b), place(call.destination))
      call.bias = call.bias.map(place)
      call.postOps = place(call.postOps)
      operation = .matmul(call)
    case .convolution(var call):
      (call.first, call.second) = (place(call.first), place(call.second))
      call.destination = place(call.destination)
      call.bias = call.bias.map(place)
      call.postOps = place(call.postOps)
      operation = .convolution(call)
    case .primitive(let primitive, let operands, let results):
      operation = .primitive(
        primitive, operands: operands.map(place), results: results.map(place))
    case .scan(var call):
      call.operands = call.operands.map(place)
      call.results = call.results.map(place)
      call.scratch = place(call.scratch)
      operation = .scan(call)
    }
  }
}
