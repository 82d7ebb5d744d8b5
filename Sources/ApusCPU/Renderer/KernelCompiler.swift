import ApusRuntime
import Dispatch
import Synchronization

/// Compiles kernels to machine code, on all cores, each different kernel once.
package final class KernelCompiler: Sendable {
  /// The compiler of this process.
  package static let shared = KernelCompiler()

  private let cache: KernelCache
  private let compilations = Atomic<Int>(0)

  /// `capacity`: the number of kernels to keep. A kernel in use outlives its place in the cache.
  package init(capacity: Int = 4096) { cache = KernelCache(capacity: capacity) }

  /// The number of kernels compiled so far, those found in the cache not among them.
  package var compilationCount: Int { compilations.load(ordering: .relaxed) }

  /// - Throws: `JITError.unavailable` without LLVM.
  package func compile(_ kernel: Kernel) throws(JITError) -> CompiledKernel {
    try compile([kernel])[0]
  }

  /// The kernels in the order given.
  package func compile(_ kernels: [Kernel]) throws(JITError) -> [CompiledKernel] {
    let jit = try JIT.shared.get()
    var promises: [KernelCache.Promise] = []
    var missing: [(kernel: Kernel, promise: KernelCache.Promise)] = []
    for kernel in kernels {
      let (promise, isNew) = cache.find(kernel)
      promises.append(promise)
      if isNew { missing.append((kernel, promise)) }
    }
    let work = missing
    if work.count == 1 {
      fulfil(work[0].promise, work[0].kernel, jit)
    } else if !work.isEmpty {
      DispatchQueue.concurrentPerform(iterations: work.count) { index in
        fulfil(work[index].promise, work[index].kernel, jit)
      }
    }
    var compiled: [CompiledKernel] = []
    for promise in promises { compiled.append(try promise.wait().get()) }
    return compiled
  }

  private func fulfil(_ promise: KernelCache.Promise, _ kernel: Kernel, _ jit: JIT) {
    let outcome = Result { () throws(JITError) in try compile(kernel, with: jit) }
    if case .failure = outcome { cache.remove(kernel) }
    promise.fulfil(outcome)
  }

  private func compile(_ kernel: Kernel, with jit: JIT) throws(JITError) -> CompiledKernel {
    let number = compilations.add(1, ordering: .relaxed).newValue
    let name = "kernel\(number)"
    let ir = LLVMRenderer.render(kernel, name: name)
    DebugLevel.kernels.log("\(name):\n\(kernel)")
    DebugLevel.code.log("\(name) as LLVM IR:\n\(ir)")
    let module = try jit.compile(ir: ir, functions: [name])
    return try CompiledKernel(module: module, name: name, kernel: kernel)
  }
}
