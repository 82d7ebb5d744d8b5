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

  /// - Parameter threads: how many take part in a run; all of the pool's if nil.
  init(_ kernel: Kernel, _ compiled: CompiledKernel, arguments: [Int], threads: Int?) {
    self.arguments = arguments
    self.compiled = compiled
    count = kernel.parallelCount
    grain = threads == 1 ? .max : max(1, Self.worthAThread / kernel.workPerPoint)
  }

  func run(_ workspace: Workspace, index: Int) {
    ThreadPool.shared.run(
      kernel: compiled.function, arguments: workspace.arguments(of: index), count: count,
      grain: grain)
  }
}
