import ApusCPU
import ApusIR
import ApusReference
import ApusRuntime
import ApusTestSupport
import Testing

/// Protects each primitive on the CPU engine: for every dtype it takes, on shapes that reach every
/// way of computing it, it gives what the reference interpreter gives.
///
/// All cases of a primitive and dtype make one program, so that they compile together: seconds, not
/// minutes.
@Suite struct PrimitiveTableTests {
  static let cpu = try! CPUEngine(fallback: ReferenceEvaluator())
  static let reference = ReferenceEngine()

  @Test(arguments: PrimitiveRegistry.all)
  func agreesWithTheReference(_ entry: PrimitiveEntry) throws {
    var count = 0
    for dtype in DType.allCases {
      let cases = PrimitiveTable.cases(entry, dtype)
      count += cases.count
      try check(cases, dtype)
    }
    #expect(count > 0 || entry.primitive.kind == .output, "\(entry.name) has no case")
  }

  private func check(_ cases: [TableCase], _ dtype: DType) throws {
    var program = Program(inputs: cases.flatMap { $0.operands.map(\.type) })
    var random = SplitMix64(seed: 7)
    var inputs: [Buffer] = []
    var labels: [String] = []
    for table in cases {
      let operands = Array(inputs.count..<(inputs.count + table.operands.count))
      inputs += table.inputs(&random)
      let types = try table.primitive.infer(table.operands.map(\.type))
      let results = program.append(table.primitive, operands, types: types)
      program.outputs += results
      labels += results.map { _ in table.description }
    }
    let expected = try program.run(on: Self.reference, inputs)
    let actual = try program.run(on: Self.cpu, inputs)
    for (index, type) in program.outputTypes.enumerated() {
      let tolerance = Tolerance(relative: Self.allowed(type.dtype, from: dtype))
      let text = difference(actual[index], expected[index], type, tolerance: tolerance)
      if let text { Issue.record("\(labels[index]): \(text)") }
    }
  }

  /// One operation: a few units of the last place, a few more for sums in another order.
  private static func allowed(_ result: DType, from operand: DType) -> Double {
    func one(_ dtype: DType) -> Double {
      switch dtype {
      case .f64: 1e-12
      case .f32: 1e-5
      case .f16: 2e-3
      case .bf16: 1.6e-2
      default: 0
      }
    }
    return result.isFloating && operand.isFloating ? max(one(result), one(operand)) : one(result)
  }
}
