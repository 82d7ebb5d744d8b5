extension Plan {
  /// Bytes of intermediate results that are alive during each step: written, and read then or later.
  /// Inputs and outputs are not among them.
  public var liveBytes: [Int] {
    var changes = [Int](repeating: 0, count: steps.count + 1)
    var first = [Int](repeating: -1, count: blocks.count)
    var last = [Int](repeating: -1, count: blocks.count)
    for (index, step) in steps.enumerated() {
      for block in step.writes where first[block] < 0 { first[block] = index }
      for block in step.reads + step.writes { last[block] = index }
    }
    for (block, content) in blocks.enumerated() where first[block] >= 0 {
      guard case .arena = content.place else { continue }
      changes[first[block]] += content.byteCount
      changes[last[block] + 1] -= content.byteCount
    }
    var live = 0
    return steps.indices.map { index in
      live += changes[index]
      return live
    }
  }

  /// For each step the earlier steps whose results it reads, each once, in order.
  public var sources: [[Int]] {
    var writer = [Int](repeating: -1, count: blocks.count)
    return steps.indices.map { index in
      let found = Set(steps[index].reads.map { writer[$0] }).subtracting([-1, index])
      for block in steps[index].writes { writer[block] = index }
      return found.sorted()
    }
  }
}
