import ApusIR

/// A loop with carried state that stays a loop in the graph.
///
/// - Parameters:
///   - carry: the state before the first round.
///   - sequences: tensors of which each round sees one slice along axis 0.
///   - length: the number of rounds; needed only where there are no sequences.
///   - reverse: from the last slice to the first.
///   - body: from the state and the slices of one round the next state, of the same shapes and
///     dtypes, and the results of the round. It is called once, to build the graph of one round.
/// - Returns: the last state, and the results of all rounds stacked along a new axis 0.
public func scan(
  carry: [Tensor], over sequences: [Tensor] = [], length: Int? = nil, reverse: Bool = false,
  _ body: (_ carry: [Tensor], _ slices: [Tensor]) throws -> (carry: [Tensor], results: [Tensor])
) rethrows -> (carry: [Tensor], results: [Tensor]) {
  guard let length = scanLength(sequences, length) else { return (carry, []) }
  let device = (carry + sequences).first { $0.number == nil }?.device ?? .current
  let state = carry.map { Node.placeholder($0.type, device: device) }
  let slices = sequences.map { sequence in
    let type = TensorType(sequence.dtype, Shape(Array(sequence.shape.dropFirst())))
    return Node.placeholder(type, device: device)
  }
  var roundResults = 0
  let graph = try SubGraph(inputs: state + slices) {
    let round = try body(state.map { Tensor($0) }, slices.map { Tensor($0) })
    check(
      round.carry.count == carry.count, .argument, "scan",
      "the body must return \(carry.count) carried tensors, got \(round.carry.count)")
    roundResults = round.results.count
    let next = zip(round.carry, carry).map { new, old in
      new.number == nil ? new : new.matched(old.type, device: device)
    }
    return next + round.results
  }
  let loop = Scan(
    body: graph.program, length: length, constants: graph.captured.count, carries: carry.count,
    reverse: reverse)
  let operands = graph.captured + (carry + sequences).map(\.node)
  let standIn = carry + Array(repeating: Tensor(0), count: roundResults)
  let results = checked(standIn: standIn) { () throws(TensorError) in
    try Tensor.results(.scan(loop), operands, device: device)
  }
  return (Array(results.prefix(carry.count)), Array(results.dropFirst(carry.count)))
}

private func scanLength(_ sequences: [Tensor], _ length: Int?) -> Int? {
  for sequence in sequences {
    guard
      check(
        sequence.rank > 0, .shape, "scan", "a sequence needs an axis 0 to go along, got a scalar")
    else { return nil }
  }
  let extents = Set(sequences.map { $0.shape[0] } + (length.map { [$0] } ?? []))
  guard let extent = extents.first, extents.count == 1 else {
    check(
      false, .argument, "scan",
      extents.isEmpty
        ? "needs a sequence or a length" : "lengths \(extents.sorted()) of the sequences differ")
    return nil
  }
  return extent
}
