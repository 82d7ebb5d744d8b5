import ApusIR
import ApusRuntime
import Foundation
import Testing

@testable import ApusCPU

/// Prints how fast kernels run on one core, and how long they take to compile, where
/// `APUS_BENCHMARK` is set. Nothing is asserted: figures depend on the machine.
@Suite(.serialized, .enabled(if: ProcessInfo.processInfo.environment["APUS_BENCHMARK"] != nil))
struct BenchmarkTests {
  static let count = 1 << 14

  @Test func elementwise() throws {
    let cases: [(String, DType, Unary)] =
      [Unary.exp, .tanh, .sigmoid, .log, .erf, .expm1, .log1p, .sqrt, .sin, .tan, .atan].map {
        ("f32 \($0)", .f32, $0)
      } + [
        ("f64 exp", .f64, .exp), ("f64 log", .f64, .log), ("f64 tanh", .f64, .tanh),
        ("bf16 exp", .bf16, .exp), ("f16 exp", .f16, .exp), ("f16 negate", .f16, .negate),
        ("bf16 negate", .bf16, .negate), ("i32 negate", .i32, .negate),
      ]
    for (name, dtype, op) in cases {
      try report(name, .map([dtype], to: dtype, count: Self.count, .unary(op, 0)))
    }
    let binaries: [(DType, Binary)] = [
      (.f32, .add), (.f32, .divide), (.f32, .maximum), (.f32, .power), (.f32, .atan2),
      (.f32, .remainder), (.i32, .divide), (.i64, .divide), (.i32, .remainder),
      (.bf16, .add), (.u8, .add), (.i32, .shiftLeft),
    ]
    for (dtype, op) in binaries {
      try report(
        "\(dtype) \(op)", .map([dtype, dtype], to: dtype, count: Self.count, .binary(op, 0, 1)))
    }
    let casts: [(DType, DType)] = [
      (.f32, .bf16), (.f32, .f16), (.f16, .f32), (.f32, .i32), (.f32, .u8), (.f32, .i64),
      (.u8, .f32), (.f32, .bool), (.i64, .f32), (.bool, .f32), (.i64, .i32),
    ]
    for (from, to) in casts {
      try report("\(from) to \(to)", .map([from], to: to, count: Self.count, .cast(0)))
    }
  }

  @Test func addition() throws {
    let count = 1 << 24
    let kernel = Kernel.map([.f32, .f32], to: .f32, count: count, .binary(.add, 0, 1))
    let rate = try measure(kernel)
    print("f32 add, 16M: \(format(rate * 12)) GB/s")
  }

  @Test func others() throws {
    for op in Reduction.allCases { try report("f32 \(op)", Examples.total(.f32, Self.count, op)) }
    try report("i64 sum", Examples.total(.i64, Self.count, .sum))
    try report("f32 softmax, rows of 1,024", Examples.softmax(rows: 16, columns: 1024))
    try report("f32 softmax, rows of 999", Examples.softmax(rows: 16, columns: 999))
    try report("f32 softmax, rows of 10", Examples.softmax(rows: 1_000, columns: 10))
    try report("i32 philox", Examples.philox(.i32, Self.count))
    try report("f32 padded rows", Examples.padded(rows: 128, columns: 128))
    try report("f32 column sums", Examples.columnSums(rows: 64, columns: 256))
    try report("f32 gather of rows", Examples.gatherRows(rows: 64, table: 100, columns: 256))
    try report("f32 transpose", Examples.transpose(rows: 128, columns: 128))
    try report("f32 argmax", Examples.argMax(rows: 16, columns: 1024))
  }

  @Test func compilation() throws {
    let compiler = KernelCompiler()
    for (name, kernel) in [
      ("add", Kernel.map([.f32, .f32], to: .f32, count: 999, .binary(.add, 0, 1))),
      ("exp", .map([.f32], to: .f32, count: 999, .unary(.exp, 0))),
      ("softmax", Examples.softmax(rows: 8, columns: 999)),
      ("sin", .map([.f32], to: .f32, count: 999, .unary(.sin, 0))),
    ] {
      let start = ContinuousClock.now
      _ = LLVMRenderer.render(kernel, name: "kernel")
      let rendered = ContinuousClock.now
      _ = try compiler.compile(kernel)
      print("\(name): render \(rendered - start), compile \(ContinuousClock.now - rendered)")
    }
    let many = (0..<40).map { Examples.softmax(rows: 8, columns: 200 + $0) }
    let start = ContinuousClock.now
    _ = try compiler.compile(many)
    print("softmax, 40 of them: \((ContinuousClock.now - start) / 40) each")
  }

  private func format(_ x: Double) -> String { String(format: "%.2f", x) }

  private func report(_ name: String, _ kernel: Kernel) throws {
    print("\(name): \(format(try measure(kernel))) G elements/s")
  }

  /// Elements per nanosecond, the elements being those of the first argument.
  private func measure(_ kernel: Kernel) throws -> Double {
    let memories = kernel.arguments.map { argument in
      switch argument.dtype {
      case .f32: Memory((0..<argument.elementCount).map { Float($0 % 97) * 0.031 + 0.1 })
      case .f64: Memory((0..<argument.elementCount).map { Double($0 % 97) * 0.031 + 0.1 })
      case .bf16, .f16: Memory([UInt16](repeating: 0x3F01, count: argument.elementCount))
      default:
        Memory([UInt8](repeating: 1, count: argument.elementCount * argument.dtype.byteCount))
      }
    }
    let compiled = try KernelCompiler.shared.compile(kernel)
    let pointers: [UnsafeMutableRawPointer?] = memories.map(\.pointer)
    let elements = Double(kernel.arguments.map(\.elementCount).max()!)
    defer { withExtendedLifetime(memories) {} }
    compiled.run(pointers)
    var best = Double.infinity
    let deadline = ContinuousClock.now + .milliseconds(40)
    repeat {
      let start = monotonicNanoseconds()
      for _ in 0..<(elements > 1e6 ? 1 : 20) { compiled.run(pointers) }
      let time = Double(monotonicNanoseconds() - start) / (elements > 1e6 ? 1 : 20)
      best = min(best, time)
    } while ContinuousClock.now < deadline
    return elements / best
  }
}
