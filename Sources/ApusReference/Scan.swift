import ApusIR

extension Scan {
  /// The memory of one set of carries.
  var carriedBytes: Int {
    body.inputTypes[constants..<(constants + carries)].reduce(0) { $0 + $1.byteCount }
  }
}

extension Interpreter {
  /// Runs this interpreter's program as the body of `scan`.
  ///
  /// Carries alternate between two sets of buffers, since a round reads the old while it writes
  /// the new.
  func run(
    _ scan: Scan, operands: [UnsafeRawPointer], results: [UnsafeMutableRawPointer]
  ) throws {
    let types = Array(program.inputTypes)
    let firstSequence = scan.constants + scan.carries
    let carryBytes = types[scan.constants..<firstSequence].map(\.byteCount)
    let sets = (0..<2).map { _ in carryBytes.map { Buffer(byteCount: $0) } }
    let resultBytes = program.outputTypes[scan.carries...].map(\.byteCount)

    var carries = Array(operands[scan.constants..<firstSequence])
    for round in 0..<scan.length {
      let slice = scan.reverse ? scan.length - 1 - round : round
      let sequences = (firstSequence..<operands.count).map {
        operands[$0] + slice * types[$0].byteCount
      }
      let target = sets[round % 2].map(\.pointer)
      let stacked = resultBytes.indices.map {
        results[scan.carries + $0] + slice * resultBytes[$0]
      }
      try run(operands[..<scan.constants] + carries + sequences, target + stacked)
      carries = target.map { UnsafeRawPointer($0) }
    }
    for (index, byteCount) in carryBytes.enumerated() {
      results[index].copyMemory(from: carries[index], byteCount: byteCount)
    }
    // `carries` points into these.
    withExtendedLifetime(sets) {}
  }
}
