import ApusIR

// Where each block lies: liveness, one arena, donated inputs.
extension Plan {
  /// A size rounded up so that the next block starts aligned.
  public static func aligned(_ bytes: Int) -> Int {
    (bytes + Buffer.alignment - 1) / Buffer.alignment * Buffer.alignment
  }

  /// Gives every block without a place one in the arena; blocks share memory when their lives do
  /// not overlap.
  ///
  /// Steps are walked in order; a block takes the smallest free gap that holds it and returns it
  /// after its last use.
  mutating func assignArena() {
    var lastUse = [Int](repeating: -1, count: blocks.count)
    for (index, step) in steps.enumerated() {
      for block in step.reads + step.writes { lastUse[block] = index }
    }
    var expiring: [Int: [Int]] = [:]
    var free = FreeList()
    var assigned = [Bool](repeating: false, count: blocks.count)
    for (index, step) in steps.enumerated() {
      for block in step.writes where !assigned[block] {
        guard case .arena = blocks[block].place else { continue }
        assigned[block] = true
        let size = Plan.aligned(Swift.max(blocks[block].byteCount, 1))
        blocks[block].place = .arena(free.take(size))
        expiring[lastUse[block], default: []].append(block)
      }
      for block in expiring.removeValue(forKey: index) ?? [] {
        guard case .arena(let offset) = blocks[block].place else { continue }
        free.give(offset, size: Plan.aligned(Swift.max(blocks[block].byteCount, 1)))
      }
    }
    arenaBytes = free.high
    // Blocks that no step writes hold nothing.
    for block in blocks.indices where !assigned[block] {
      if case .arena = blocks[block].place { blocks[block].place = .arena(0) }
    }
  }

  /// Lets a kernel write its result over an operand that no one reads afterwards, where it reads
  /// each element just before it writes it.
  mutating func reuseDyingBlocks() {
    var first: [Int: Int] = [:]
    var last: [Int: Int] = [:]
    for (index, step) in steps.enumerated() {
      for block in step.reads + step.writes {
        if first[block] == nil { first[block] = index }
        last[block] = index
      }
    }
    func isInArena(_ block: Int) -> Bool {
      if case .arena = blocks[block].place { true } else { false }
    }
    for index in steps.indices {
      guard case .kernel = steps[index].operation else { continue }
      for block in steps[index].writes where first[block] == index && isInArena(block) {
        let dying = (steps[index].reads + steps[index].writes).first { other in
          other != block && last[other] == index && isInArena(other)
            && blocks[other].type == blocks[block].type
            && steps[index].rewritesInPlace(other, as: block)
            && steps[index].isDone(with: other, before: block)
        }
        guard let dying, let start = first[dying] else { continue }
        steps[index].join(dying, into: block)
        for earlier in start...index { steps[earlier].replace(dying, by: block) }
        first[block] = start
        first[dying] = nil
      }
    }
  }

  /// Lets outputs take over the memory of donated inputs of their type, where no step reads the
  /// input after the output is written.
  mutating func lendDonatedInputs(_ donated: Set<Int>) {
    guard !donated.isEmpty else { return }
    var lastRead: [Int: Int] = [:]
    var firstWrite: [Int: Int] = [:]
    var writes: [Int: Int] = [:]
    for (index, step) in steps.enumerated() {
      for block in step.reads { lastRead[block] = index }
      for block in step.writes {
        if firstWrite[block] == nil { firstWrite[block] = index }
        writes[block, default: 0] += 1
      }
    }
    var lenders: [TensorType: [Int]] = [:]
    for (block, content) in blocks.enumerated() {
      if case .input(let input) = content.place, donated.contains(input) {
        lenders[content.type, default: []].append(block)
      }
    }
    var takers: [Taker] = []
    for (block, content) in blocks.enumerated() {
      guard case .output(let output) = content.place, let write = firstWrite[block],
        let candidates = lenders[content.type]
      else { continue }
      let fits = candidates.filter { lender in
        let read = lastRead[lender] ?? -1
        if read < write || read == write && steps[write].copies(lender, to: block) { return true }
        return read == write && writes[block] == 1 && steps[write].rewritesInPlace(lender, as: block)
      }
      // The input that the same step reads is most likely the value that is updated.
      let near = fits.filter { lastRead[$0] == write }
      let far = fits.filter { lastRead[$0] != write }
      takers.append(Taker(output: output, block: block, write: write, lenders: near + far))
    }
    var needless: Set<Int> = []
    for (taker, lender) in Taker.pairs(takers) {
      guard case .input(let input) = blocks[lender].place else { continue }
      aliases[taker.output] = input
      guard lastRead[lender] == taker.write else { continue }
      if steps[taker.write].copies(lender, to: taker.block) {
        needless.insert(taker.write)
      } else {
        steps[taker.write].join(lender, into: taker.block)
      }
    }
    // What would be copied is there already.
    if !needless.isEmpty {
      steps = steps.enumerated().filter { !needless.contains($0.offset) }.map(\.element)
    }
  }
}

/// An output that could take over the memory of any of some inputs, the most suitable first.
private struct Taker {
  var output: Int
  var block: Int
  var write: Int
  var lenders: [Int]

  /// As many pairs of an output and an input as there can be.
  ///
  /// An output that finds all its inputs taken asks their takers for another one (Kuhn, 1955).
  static func pairs(_ takers: [Taker]) -> [(Taker, lender: Int)] {
    var takerOf: [Int: Int] = [:]
    func assign(_ index: Int, _ asked: inout Set<Int>) -> Bool {
      if let free = takers[index].lenders.first(where: { takerOf[$0] == nil }) {
        takerOf[free] = index
        return true
      }
      for lender in takers[index].lenders where asked.insert(lender).inserted {
        if assign(takerOf[lender]!, &asked) {
          takerOf[lender] = index
          return true
        }
      }
      return false
    }
    for index in takers.indices {
      var asked: Set<Int> = []
      _ = assign(index, &asked)
    }
    return takerOf.sorted { $0.key < $1.key }.map { (takers[$0.value], $0.key) }
  }
}

/// Gaps in the arena, by offset.
private struct FreeList {
  private var gaps: [(offset: Int, size: Int)] = []
  private(set) var high = 0

  mutating func take(_ size: Int) -> Int {
    var best: Int?
    for (index, gap) in gaps.enumerated() where gap.size >= size {
      if best == nil || gap.size < gaps[best!].size { best = index }
    }
    if let best {
      let offset = gaps[best].offset
      if gaps[best].size == size {
        gaps.remove(at: best)
      } else {
        gaps[best].offset += size
        gaps[best].size -= size
      }
      return offset
    }
    // The last gap, where it touches the end, grows.
    if let last = gaps.last, last.offset + last.size == high {
      gaps.removeLast()
      high = last.offset + size
      return last.offset
    }
    high += size
    return high - size
  }

  mutating func give(_ offset: Int, size: Int) {
    let place = gaps.firstIndex { $0.offset > offset } ?? gaps.endIndex
    gaps.insert((offset, size), at: place)
    if place + 1 < gaps.count, gaps[place].offset + gaps[place].size == gaps[place + 1].offset {
      gaps[place].size += gaps.remove(at: place + 1).size
    }
    if place > 0, gaps[place - 1].offset + gaps[place - 1].size == gaps[place].offset {
      gaps[place - 1].size += gaps.remove(at: place).size
    }
  }
}

extension Plan.Step {
  /// Whether the step reads each element of `source` only before it writes the same element of
  /// `destination`, so that both can be one block.
  func rewritesInPlace(_ source: Int, as destination: Int) -> Bool {
    guard case .kernel(let kernel, let arguments) = operation,
      let read = arguments.firstIndex(of: source), let write = arguments.firstIndex(of: destination)
    else { return false }
    return !kernel.arguments[write].isRead && kernel.readsJustBeforeWriting(read, write)
  }

  /// Whether the step copies `source` whole to `destination` and does nothing else.
  func copies(_ source: Int, to destination: Int) -> Bool {
    guard case .kernel(let kernel, let arguments) = operation, arguments.count == 2,
      let read = arguments.firstIndex(of: source), let write = arguments.firstIndex(of: destination)
    else { return false }
    return kernel.copiesWhole(read, to: write)
  }

  /// Whether the step reads `source`, and does not write it any more when it writes `destination`.
  func isDone(with source: Int, before destination: Int) -> Bool {
    guard case .kernel(let kernel, let arguments) = operation,
      let read = arguments.firstIndex(of: source), let write = arguments.firstIndex(of: destination)
    else { return false }
    guard kernel.arguments[read].isRead else { return false }
    let stores = kernel.storedArguments
    guard let last = stores.lastIndex(of: read) else { return true }
    return last < stores.firstIndex(of: write) ?? 0
  }

  /// Makes `source` and `destination` one argument, on the block of `destination`.
  mutating func join(_ source: Int, into destination: Int) {
    guard case .kernel(var kernel, var arguments) = operation,
      let read = arguments.firstIndex(of: source), let write = arguments.firstIndex(of: destination)
    else { return }
    kernel.join(read, into: write)
    arguments.remove(at: read)
    operation = .kernel(kernel, arguments: arguments)
  }
}

extension Kernel {
  /// Whether the kernel does nothing but copy every element of one argument to the same place of
  /// another of the same size.
  func copiesWhole(_ read: Int, to write: Int) -> Bool {
    var inner = body
    while inner.count == 1, case .loop(_, _, let next) = inner[0] { inner = next }
    guard inner.count == 2, case .define(let value, _, let operation) = inner[0],
      case .load(read, let source, let guards, _) = operation, guards.isEmpty,
      case .store(write, source, value) = inner[1], source.offset == 0, source.dynamic.isEmpty,
      arguments[read].dtype == arguments[write].dtype
    else { return false }
    var count = 1
    for term in source.terms.sorted(by: { $0.stride < $1.stride }) {
      guard term.stride == count else { return false }
      count *= extents[term.variable]
    }
    return count == arguments[read].elementCount && count == arguments[write].elementCount
  }

  /// Whether all loads of one argument and the only store to another stand in one body, at one
  /// index, loads first.
  func readsJustBeforeWriting(_ read: Int, _ write: Int) -> Bool {
    var loads: [Index] = []
    var stores: [Index] = []
    var storeBodyHoldsLoads = true
    func walk(_ body: [Statement]) {
      var loadsHere = 0
      for statement in body {
        switch statement {
        case .loop(_, _, let inner), .when(_, let inner): walk(inner)
        case .define(_, _, .load(read, let index, let guards, _)):
          loads.append(index)
          loadsHere += 1
          if !guards.isEmpty || !stores.isEmpty { storeBodyHoldsLoads = false }
        case .store(write, let index, _):
          stores.append(index)
          if loadsHere != loads.count { storeBodyHoldsLoads = false }
        default: break
        }
      }
    }
    walk(body)
    return storeBodyHoldsLoads && stores.count == 1 && loads.allSatisfy { $0 == stores[0] }
  }

  /// The arguments that are written, in the order of the stores.
  fileprivate var storedArguments: [Int] {
    var result: [Int] = []
    func walk(_ body: [Statement]) {
      for statement in body {
        switch statement {
        case .loop(_, _, let inner), .when(_, let inner): walk(inner)
        case .store(let argument, _, _): result.append(argument)
        default: break
        }
      }
    }
    walk(body)
    return result
  }

  /// Replaces one argument by another; the arguments behind it move up.
  mutating func join(_ removed: Int, into kept: Int) {
    arguments[kept].isRead = true
    arguments.remove(at: removed)
    func place(_ argument: Int) -> Int {
      let target = argument == removed ? kept : argument
      return target > removed ? target - 1 : target
    }
    renumberArguments(place)
  }
}
