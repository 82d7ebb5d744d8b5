import ApusIR
import ApusRuntime
import Testing

@testable import ApusCPU

/// Memory of one kernel argument.
final class Memory {
  let pointer: UnsafeMutableRawPointer
  let byteCount: Int

  init<Element: BitwiseCopyable>(_ elements: [Element]) {
    byteCount = elements.count * MemoryLayout<Element>.stride
    pointer = .allocate(byteCount: max(byteCount, 1), alignment: 64)
    elements.withUnsafeBytes { source in
      if let base = source.baseAddress { pointer.copyMemory(from: base, byteCount: byteCount) }
    }
  }

  deinit { pointer.deallocate() }

  func array<Element: BitwiseCopyable>(of: Element.Type = Element.self) -> [Element] {
    let count = byteCount / MemoryLayout<Element>.stride
    let elements = pointer.bindMemory(to: Element.self, capacity: count)
    return Array(UnsafeBufferPointer(start: elements, count: count))
  }
}

/// An argument that is read.
func input(_ dtype: DType, _ count: Int) -> Kernel.Argument {
  Kernel.Argument(dtype: dtype, isRead: true, isWritten: false, elementCount: count)
}

/// An argument that is written.
func output(_ dtype: DType, _ count: Int) -> Kernel.Argument {
  Kernel.Argument(dtype: dtype, isRead: false, isWritten: true, elementCount: count)
}

extension Kernel.Index {
  /// `variable * stride + offset`
  static func of(_ variable: Int, stride: Int = 1, offset: Int = 0) -> Kernel.Index {
    Kernel.Index(offset: offset, terms: [.init(variable, stride: stride)])
  }
  static func at(_ offset: Int) -> Kernel.Index { Kernel.Index(offset: offset) }
}

extension Kernel.Operation {
  static func load(_ argument: Int, _ index: Kernel.Index) -> Kernel.Operation {
    .load(argument: argument, at: index, guards: [], otherwise: .integer(0))
  }
}

extension Kernel {
  /// `result[i] = operation(operands[i]…)`, the operands being values 0, 1, ….
  static func map(
    _ operands: [DType], to result: DType, count: Int, _ operation: Operation
  ) -> Kernel {
    var body: [Statement] = operands.enumerated().map { index, dtype in
      .define(index, dtype, .load(index, .of(0)))
    }
    let value = operands.count
    body.append(.define(value, result, operation))
    body.append(.store(argument: operands.count, at: .of(0), value))
    return Kernel(
      arguments: operands.map { input($0, count) } + [output(result, count)],
      extents: [count], parallel: [0], body: body)
  }

  func run(_ memories: [Memory], points: Range<Int>? = nil) throws {
    try KernelCompiler.shared.compile(self).run(memories, points: points)
  }
}

extension CompiledKernel {
  func run(_ memories: [Memory], points: Range<Int>? = nil) {
    withExtendedLifetime(memories) { run(memories.map(\.pointer), points: points) }
  }
}

/// The distance in units of the last place of `Float`, for any two numbers; 0 for two NaNs.
func ulps(_ a: Float, _ b: Float) -> Int {
  if a.isNaN || b.isNaN { return a.isNaN && b.isNaN ? 0 : .max }
  func order(_ x: Float) -> Int {
    let bits = Int(x.bitPattern & 0x7FFF_FFFF)
    return x.sign == .minus ? -bits : bits
  }
  return abs(order(a) - order(b))
}

func ulps(_ a: Double, _ b: Double) -> Int {
  if a.isNaN || b.isNaN { return a.isNaN && b.isNaN ? 0 : .max }
  func order(_ x: Double) -> Int {
    let bits = Int(x.bitPattern & 0x7FFF_FFFF_FFFF_FFFF)
    return x.sign == .minus ? -bits : bits
  }
  let (difference, overflow) = order(a).subtractingReportingOverflow(order(b))
  return overflow ? .max : abs(difference)
}
