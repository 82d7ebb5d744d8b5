import ApusRuntime

/// A kernel as machine code.
package final class CompiledKernel: Sendable {
  /// Takes an array of pointers to the arguments, each aligned to its element, and runs the points
  /// from the first number up to the second.
  package typealias Function =
    @convention(c) @Sendable (UnsafePointer<UnsafeMutableRawPointer?>, Int, Int) -> Void

  package let function: Function
  /// The number of points of the kernel's parallel space.
  package let parallelCount: Int
  /// Keeps the code in memory.
  private let code: MachineCode

  init(_ code: MachineCode, name: String, kernel: Kernel) throws(JITError) {
    guard let address = code.address(of: name) else { throw .missingFunction(name) }
    self.code = code
    function = unsafeBitCast(address, to: Function.self)
    parallelCount = kernel.parallelCount
  }

  /// Runs some points of the parallel space on this thread; those of different calls may overlap in
  /// time. `arguments` must point to as many elements as the kernel says, and no two may overlap.
  package func run(_ arguments: [UnsafeMutableRawPointer?], points: Range<Int>? = nil) {
    let points = points ?? 0..<parallelCount
    function(arguments, points.lowerBound, points.upperBound)
  }
}
