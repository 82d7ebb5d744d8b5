import ApusIR
import ApusRuntime
import Foundation
import Testing

@testable import ApusCPU

/// Loops, accumulators, guards, dynamic indices, parallel spaces, random bits, the cache.
@Suite struct StructureTests {
  private func floats(_ count: Int) -> [Float] {
    (0..<count).map { Float(($0 * 7_919) % 1_009) * 0.25 - 100 }
  }

  // MARK: Reductions

  @Test(arguments: [1, 2, 7, 15, 16, 17, 63, 64, 65, 100, 1_000, 4_097])
  func reductions(_ count: Int) throws {
    let values = floats(count)
    for op in [Reduction.sum, .maximum, .minimum] {
      let memory = Memory([Float(7)])
      try Examples.total(.f32, count, op).run([Memory(values), memory])
      let want: Float =
        switch op {
        case .sum: values.reduce(0, +)  // Exact: multiples of ¼.
        case .maximum: values.max()!
        default: values.min()!
        }
      #expect(memory.array() == [want], "\(op) of \(count)")
    }
    let integers = (0..<count).map { Int64($0 * 31 % 101) - 50 }
    for op in Reduction.allCases {
      let memory = Memory([Int64(7)])
      try Examples.total(.i64, count, op).run([Memory(integers), memory])
      let want =
        switch op {
        case .sum: integers.reduce(0, &+)
        case .product: integers.reduce(1, &*)
        case .maximum: integers.max()!
        case .minimum: integers.min()!
        }
      #expect(memory.array() == [want], "\(op) of \(count)")
    }
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7 + 3) }
    let most = Memory([UInt8(7)])
    try Examples.total(.u8, count, .maximum).run([Memory(bytes), most])
    #expect(most.array() == [bytes.max()!])
  }

  @Test(arguments: [0, 3, 40, 99])
  func extremesPropagateNaN(_ place: Int) throws {
    for sign in [Float(1), -1] {
      var values = floats(100)
      values[place] = sign * .nan
      for op in [Reduction.maximum, .minimum] {
        let memory = Memory([Float(7)])
        try Examples.total(.f32, 100, op).run([Memory(values), memory])
        #expect(memory.array(of: Float.self)[0].isNaN, "\(op)")
      }
    }
  }

  @Test func anyAndAll() throws {
    for values in [[UInt8(0), 0, 1], [1, 1, 1], [0, 0, 0]] {
      for (op, want) in [(Reduction.maximum, values.max()!), (.minimum, values.min()!)] {
        let memory = Memory([UInt8(7)])
        try Examples.total(.bool, 3, op).run([Memory(values), memory])
        #expect(memory.array() == [want])
      }
    }
  }

  @Test(arguments: [1, 5, 16, 33, 250])
  func softmaxRows(_ columns: Int) throws {
    let rows = 9
    let values = floats(rows * columns).map { $0 * 0.1 }
    let memory = Memory([Float](repeating: 7, count: values.count))
    try Examples.softmax(rows: rows, columns: columns).run([Memory(values), memory])
    let got: [Float] = memory.array()
    for row in 0..<rows {
      let line = values[row * columns..<(row + 1) * columns].map { Double($0) }
      let powers = line.map { exp($0 - line.max()!) }
      let sum = powers.reduce(0, +)
      for column in 0..<columns {
        #expect(abs(Double(got[row * columns + column]) - powers[column] / sum) < 1e-6)
      }
    }
  }

  @Test func columnSums() throws {
    let (rows, columns) = (13, 37)
    let values = floats(rows * columns)
    let memory = Memory([Float](repeating: 7, count: columns))
    try Examples.columnSums(rows: rows, columns: columns).run([Memory(values), memory])
    let want = (0..<columns).map { column in
      (0..<rows).reduce(Float(0)) { $0 + values[$1 * columns + column] }
    }
    #expect(memory.array() == want)
  }

  @Test func argMax() throws {
    let (rows, columns) = (5, 50)
    var values = floats(rows * columns)
    values[1 * columns + 20] = 1_000
    values[1 * columns + 30] = 1_000
    values[2 * columns + 10] = .nan
    values[2 * columns + 40] = .infinity
    for column in 0..<columns { values[3 * columns + column] = -.infinity }
    let memory = Memory([Int64](repeating: 7, count: rows))
    try Examples.argMax(rows: rows, columns: columns).run([Memory(values), memory])
    let first = values[0..<columns].firstIndex(of: values[0..<columns].max()!)!
    let got: [Int64] = memory.array()
    #expect(got[0] == Int64(first))
    #expect(Array(got[1...3]) == [20, 10, 0])
  }

  // MARK: Guards and indices

  @Test(arguments: [1, 3, 9, 40])
  func padding(_ columns: Int) throws {
    let rows = 4
    let values = floats(rows * columns)
    let memory = Memory([Float](repeating: 7, count: (rows + 2) * (columns + 2)))
    try Examples.padded(rows: rows, columns: columns).run([Memory(values), memory])
    let got: [Float] = memory.array()
    for r in 0..<rows + 2 {
      for c in 0..<columns + 2 {
        let isInside = (1...rows).contains(r) && (1...columns).contains(c)
        let want = isInside ? values[(r - 1) * columns + c - 1] : -1
        #expect(got[r * (columns + 2) + c] == want)
      }
    }
  }

  @Test func gatherWithRowsOutOfBounds() throws {
    let (table, columns) = (6, 20)
    let places: [Int64] = [5, 0, 3, -1, 6, .max, .min, 2]
    let values = floats(table * columns)
    let memory = Memory([Float](repeating: 7, count: places.count * columns))
    try Examples.gatherRows(rows: places.count, table: table, columns: columns)
      .run([Memory(values), Memory(places), memory])
    let got: [Float] = memory.array()
    for (row, place) in places.enumerated() {
      for column in 0..<columns {
        let x = got[row * columns + column]
        if (0..<6).contains(place) {
          #expect(x == values[Int(place) * columns + column])
        } else {
          #expect(x.isNaN)
        }
      }
    }
  }

  @Test func testOfGuardsAndIndexValues() throws {
    let count = 20
    let kernel = Kernel(
      arguments: [output(.bool, count), output(.f16, count), output(.i32, count)],
      extents: [count], parallel: [0],
      body: [
        .define(0, .bool, .test([.init(.of(0, stride: 2, offset: -3), in: 4..<20)])),
        .store(argument: 0, at: .of(0), 0),
        .define(1, .f16, .index(.of(0, stride: -2, offset: 5))),
        .store(argument: 1, at: .of(0), 1),
        .define(2, .i32, .index(.of(0, stride: 1 << 40, offset: 3))),
        .store(argument: 2, at: .of(0), 2),
      ])
    let memories = [
      Memory([UInt8](repeating: 7, count: count)), Memory([Float16](repeating: 7, count: count)),
      Memory([Int32](repeating: 7, count: count)),
    ]
    try kernel.run(memories)
    #expect(memories[0].array() == (0..<count).map { UInt8((4..<20).contains($0 * 2 - 3) ? 1 : 0) })
    #expect(memories[1].array() == (0..<count).map { Float16(5 - 2 * $0) })
    #expect(memories[2].array() == [Int32](repeating: 3, count: count))
  }

  // MARK: Parallel spaces

  /// Writes its number in row-major order to every point, in a space of several shapes.
  @Test(arguments: [
    [24], [4, 6], [3, 20], [2, 3, 4], [2, 5, 9], [1, 7, 1, 3], [5, 1, 17], [0, 4], [],
  ])
  func subrangesCoverTheSpace(_ extents: [Int]) throws {
    var strides = [Int](repeating: 1, count: extents.count)
    for i in extents.indices.dropLast().reversed() { strides[i] = strides[i + 1] * extents[i + 1] }
    let count = extents.reduce(1, *)
    let place = Kernel.Index(
      offset: 0, terms: extents.indices.map { .init($0, stride: strides[$0]) })
    let kernel = Kernel(
      arguments: [output(.i64, count)], extents: extents, parallel: Array(extents.indices),
      body: [.define(0, .i64, .index(place)), .store(argument: 0, at: place, 0)])
    let places = Set([0, 1, 2, 5, count / 3, count / 2, count - 1, count])
    let cuts = places.filter { (0...count).contains($0) }.sorted()
    for begin in cuts {
      for end in cuts where end >= begin {
        let memory = Memory([Int64](repeating: -1, count: count))
        try kernel.run([memory], points: begin..<end)
        let want = (0..<count).map { (begin..<end).contains($0) ? Int64($0) : -1 }
        #expect(memory.array() == want, "\(begin)..<\(end) of \(extents)")
      }
    }
  }

  @Test func transposition() throws {
    let (rows, columns) = (21, 34)
    let values = floats(rows * columns)
    let memory = Memory([Float](repeating: 7, count: values.count))
    try Examples.transpose(rows: rows, columns: columns).run([Memory(values), memory])
    let want = (0..<columns).flatMap { c in (0..<rows).map { values[$0 * columns + c] } }
    #expect(memory.array() == want)
  }

  /// The same numbers wherever a range is cut, so that they do not depend on the number of threads.
  @Test func cutsDoNotChangeResults() throws {
    let count = 1_003
    let values = floats(count).map { $0 * 0.01 }
    for op in Unary.allCases where op.supports(.f32) {
      let kernel = Kernel.map([.f32], to: .f32, count: count, .unary(op, 0))
      let (whole, cut) = (
        Memory([Float](repeating: 7, count: count)), Memory([Float](repeating: 7, count: count))
      )
      try kernel.run([Memory(values), whole])
      for begin in stride(from: 0, to: count, by: 7) {
        try kernel.run([Memory(values), cut], points: begin..<min(begin + 7, count))
      }
      let (a, b): ([UInt32], [UInt32]) = (whole.array(), cut.array())
      #expect(a == b, "\(op)")
    }
  }

  // MARK: Random bits

  /// Against Philox4x32-10 written plainly, and the first known answer of Random123.
  @Test func philox() throws {
    let count = 1_000
    let key: [Int64] = [0x0123_4567_89AB_CDEF, -5]
    let narrow = Memory([UInt32](repeating: 7, count: count))
    try Examples.philox(.i32, count).run([Memory(key), narrow])
    let wide = Memory([UInt64](repeating: 7, count: count))
    try Examples.philox(.i64, count).run([Memory(key), wide])
    for element in 0..<count {
      let block = reference(element: UInt64(element), key)
      #expect(narrow.array(of: UInt32.self)[element] == block.0)
      #expect(wide.array(of: UInt64.self)[element] == UInt64(block.1) << 32 | UInt64(block.0))
    }
    let zero = Memory([UInt64](repeating: 7, count: 1))
    try Examples.philox(.i64, 1).run([Memory([Int64](repeating: 0, count: 2)), zero])
    #expect(zero.array() == [0xE169_C58D_6627_E8D5 as UInt64])
  }

  private func reference(element: UInt64, _ key: [Int64]) -> (UInt32, UInt32) {
    let words = [element, UInt64(bitPattern: key[1]), UInt64(bitPattern: key[0])]
    func low(_ x: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: x) }
    func high(_ x: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: x >> 32) }
    var c = (low(words[0]), high(words[0]), low(words[1]), high(words[1]))
    var k = (low(words[2]), high(words[2]))
    for _ in 0..<10 {
      let first = (0xD251_1F53 as UInt32).multipliedFullWidth(by: c.0)
      let second = (0xCD9E_8D57 as UInt32).multipliedFullWidth(by: c.2)
      c = (second.high ^ c.1 ^ k.0, second.low, first.high ^ c.3 ^ k.1, first.low)
      k = (k.0 &+ 0x9E37_79B9, k.1 &+ 0xBB67_AE85)
    }
    return (c.0, c.1)
  }

  // MARK: Cache

  @Test func identicalKernelsCompileOnce() throws {
    let compiler = KernelCompiler()
    let kernels = (0..<4).map { Examples.total(.f32, 100 + $0 % 2, .sum) }
    let compiled = try compiler.compile(kernels)
    #expect(compiler.compilationCount == 2)
    #expect(compiled[0] === compiled[2] && compiled[1] === compiled[3])
    #expect(compiled[0] !== compiled[1])
  }

  @Test func theCacheIsBounded() throws {
    let compiler = KernelCompiler(capacity: 2)
    let first = try compiler.compile(Examples.total(.f32, 10, .sum))
    for count in 11...13 { _ = try compiler.compile(Examples.total(.f32, count, .sum)) }
    _ = try compiler.compile(Examples.total(.f32, 10, .sum))
    #expect(compiler.compilationCount == 5)
    // A kernel that was dropped from the cache still runs.
    let memory = Memory([Float(0)])
    first.run([Memory([Float](repeating: 1, count: 10)), memory])
    #expect(memory.array() == [Float(10)])
  }

  /// Beyond a number that models do not reach, small kernels are compiled quickly; large ones never.
  @Test func manySmallKernelsAreCompiledQuickly() throws {
    let kernels = (1...(KernelCompiler.manySmallKernels + 1)).map { Examples.total(.f32, $0, .sum) }
    let compiler = KernelCompiler()
    let quick = try compiler.compile(kernels)
    #expect(compiler.compilationCount == kernels.count)
    let large = Examples.total(.f32, 1 << 20, .sum)
    let before = try compiler.compile([large])[0]
    #expect(try compiler.compile(kernels + [large]).last === before)
    let memory = Memory([Float(0)])
    quick[41].run([Memory([Float](repeating: 1, count: 42)), memory])
    #expect(memory.array() == [Float(42)])
    // By itself it is compiled well, and so anew.
    #expect(try compiler.compile(kernels[41]) !== quick[41])
  }

  @Test func aSecondProcessCompilesNothing() throws {
    let folder = NSTemporaryDirectory() + "apus-kernels-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    // exp has constants, a sum over a dtype of 16 bits helpers of its own.
    let kernels = [
      Examples.total(.f32, 100, .sum), Examples.total(.bf16, 33, .maximum),
      Kernel.map([.f32], to: .f32, count: 50, .unary(.exp, 0)),
    ]
    func compiler() -> KernelCompiler {
      KernelCompiler(store: CodeStore(folder: folder, limit: 1 << 24))
    }
    let first = compiler()
    let compiled = try first.compile(kernels)
    #expect(first.compilationCount == 3 && first.loadCount == 0)
    let second = compiler()
    let loaded = try second.compile(kernels)
    #expect(second.compilationCount == 0 && second.loadCount == 3)
    let numbers = Memory((0..<50).map { Float($0) * 0.1 })
    let results = [compiled, loaded].map { kernels in
      let result = Memory([Float](repeating: 0, count: 50))
      kernels[2].run([numbers, result])
      return result.array(of: Float.self)
    }
    #expect(results[0] == results[1])
    #expect(abs(results[0][10] - exp(1)) < 1e-5)

    // What does not pass for machine code any more is compiled anew.
    for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
      try Data("no code".utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
    }
    let third = compiler()
    _ = try third.compile(kernels)
    #expect(third.compilationCount == 3 && third.loadCount == 0)
  }

  @Test func threadsShareACompilation() async throws {
    let compiler = KernelCompiler()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask {
          for count in 20..<24 {
            let kernel = try compiler.compile(Examples.total(.f32, count, .sum))
            let memory = Memory([Float(0)])
            kernel.run([Memory([Float](repeating: 1, count: count)), memory])
            #expect(memory.array() == [Float(count)])
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(compiler.compilationCount == 4)
  }
}
