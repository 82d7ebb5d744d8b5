import ApusIR
import ApusRuntime

/// A compiled loop nest on the thread pool.
struct KernelStep: PreparedStep {
  let arguments: [Int]
  private let compiled: CompiledKernel
  private let count: Int
  private let grain: Int

  /// Work, in additions, that is worth waking another thread for.
  private static let worthAThread = 16_384

  init(_ kernel: Kernel, _ compiled: CompiledKernel, arguments: [Int]) {
    self.arguments = arguments
    self.compiled = compiled
    count = kernel.parallelCount
    grain = max(1, Self.worthAThread / kernel.workPerPoint)
  }

  func run(_ workspace: Workspace, index: Int) {
    ThreadPool.shared.run(
      kernel: compiled.function, arguments: workspace.arguments(of: index), count: count,
      grain: grain)
  }
}
