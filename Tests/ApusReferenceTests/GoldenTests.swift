import ApusFormats
import ApusIR
import ApusReference
import ApusRuntime
import Testing

/// The oracle against PyTorch: the numbers come from `scripts/golden/primitives.py`.
@Suite struct GoldenTests {
  @Test(arguments: GoldenCase.families)
  func numbersArePyTorchs(_ family: String) throws {
    for golden in try GoldenCase.load(family) { try check(golden) }
  }

  /// A primitive without golden numbers is a hole in the oracle. `input` computes nothing.
  @Test func everyPrimitiveHasACase() throws {
    var covered: Set<String> = ["input"]
    for family in GoldenCase.families {
      for golden in try GoldenCase.load(family) { covered.insert(golden.primitive.name) }
    }
    let missing = PrimitiveRegistry.all.map(\.name).filter { !covered.contains($0) }
    #expect(missing == [], "add cases to scripts/golden/primitives.py")
  }

  private func check(_ golden: GoldenCase) throws {
    let operandTypes = golden.operands.map { TensorType($0.dtype, Shape($0.shape)) }
    let expectedTypes = golden.results.map { TensorType($0.dtype, Shape($0.shape)) }
    let types = try golden.primitive.infer(operandTypes)
    // `output` is typed by its node, which sees all results of its operand.
    #expect(types == expectedTypes, "types of \(golden.name)")
    guard types == expectedTypes else { return }

    // Memory behind the end must not be touched.
    let guardBytes = 64
    let operands = golden.operands.map { Buffer(copying: $0.bytes) }
    let results = types.map { Buffer(byteCount: $0.byteCount + guardBytes) }
    for result in results { result.elements(as: UInt8.self).update(repeating: 0xA5) }
    try ReferenceEvaluator().evaluate(
      golden.primitive, operands: operands.map { UnsafeRawPointer($0.pointer) },
      operandTypes: operandTypes, results: results.map(\.pointer), resultTypes: types)
    for (buffer, expected) in zip(results, golden.results) {
      let bytes = Array(buffer.elements(as: UInt8.self))
      let difference = Closeness.difference(
        Array(bytes.dropLast(guardBytes)), from: expected, ulps: golden.ulps)
      #expect(difference == nil, "\(golden.name)")
      #expect(bytes.suffix(guardBytes).allSatisfy { $0 == 0xA5 }, "\(golden.name) writes too far")
    }
    for (buffer, operand) in zip(operands, golden.operands) {
      #expect(Array(buffer.elements(as: UInt8.self)) == operand.bytes, "\(golden.name) writes operands")
    }
  }
}
