import ApusCPU
import ApusIR
import ApusReference
import ApusRuntime
import Testing

/// A plan over the memory limit computes cheap values twice before it is refused.
@Suite struct MemoryLimitTests {
  private static let width = 128
  private static let depth = 10

  /// Layers of a product and a sine, and what their gradient reads: both results of each layer.
  private func program() throws -> Program {
    let type = TensorType(.f32, [Self.width, Self.width])
    var program = Program(inputs: [type, type])
    var (inputs, products): ([Program.Value], [Program.Value]) = ([], [])
    var value = 0
    for _ in 0..<Self.depth {
      inputs.append(value)
      products.append(try program.append(.matmul(transposeA: false, transposeB: false), [value, 1]))
      value = try program.append(.unary(.sin), [products.last!])
    }
    var gradients: [Program.Value] = []
    for (input, product) in zip(inputs, products).reversed() {
      let slope = try program.append(.unary(.cos), [product])
      value = try program.append(.binary(.multiply), [value, slope])
      let gradient = try program.append(.matmul(transposeA: true, transposeB: false), [input, value])
      gradients.append(
        try gradients.last.map { (sum: Program.Value) in
          try program.append(.binary(.add), [sum, gradient])
        } ?? gradient)
      value = try program.append(.matmul(transposeA: false, transposeB: true), [value, 1])
    }
    program.outputs = [gradients.last!]
    return program
  }

  private func run(_ compiled: any CompiledProgram) throws -> [Float] {
    let count = Self.width * Self.width
    let inputs = [3, 7].map { factor in
      let buffer = Buffer(byteCount: 4 * count)
      let numbers = buffer.pointer.bindMemory(to: Float.self, capacity: count)
      for index in 0..<count { numbers[index] = Float((index * factor) % 17 - 8) / 40 }
      return buffer
    }
    let output = Buffer(byteCount: 4 * count)
    try compiled.run(inputs: inputs, outputs: [output], profiler: nil)
    let numbers = output.pointer.bindMemory(to: Float.self, capacity: count)
    return Array(UnsafeBufferPointer(start: numbers, count: count))
  }

  @Test func cheapValuesAreComputedTwice() throws {
    let engine = try CPUEngine(fallback: ReferenceEvaluator())
    let program = try program()
    let free = try engine.compile(program, options: CompileOptions())
    let limit = free.cost.peakBytes * 3 / 4
    let bounded = try engine.compile(program, options: CompileOptions(memoryLimit: limit))
    #expect(bounded.cost.peakBytes <= limit)
    #expect(try run(bounded) == run(free))
  }

  @Test func theRestIsRefused() throws {
    let engine = try CPUEngine(fallback: ReferenceEvaluator())
    let program = try program()
    #expect(throws: TensorError.self) {
      try engine.compile(program, options: CompileOptions(memoryLimit: 500_000))
    }
  }
}
