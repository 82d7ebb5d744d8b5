import ApusRuntime
import Synchronization

/// Compiles kernels to machine code, on all cores, each different kernel once: once in a process, and
/// where there is a store on disk, once for all processes.
package final class KernelCompiler: Sendable {
  /// The compiler of this process.
  package static let shared = KernelCompiler(store: .shared)

  private let cache: KernelCache
  private let store: CodeStore?
  private let compilations = Atomic<Int>(0)
  private let loads = Atomic<Int>(0)

  /// `capacity`: the number of kernels to keep. A kernel in use outlives its place in the cache.
  package init(capacity: Int = 4096, store: CodeStore? = nil) {
    cache = KernelCache(capacity: capacity)
    self.store = store
  }

  /// The number of kernels compiled so far, those found in the cache or the store not among them.
  package var compilationCount: Int { compilations.load(ordering: .relaxed) }
  /// The number of kernels taken from the store.
  package var loadCount: Int { loads.load(ordering: .relaxed) }

  /// - Throws: `JITError.unavailable` without LLVM.
  package func compile(_ kernel: Kernel) throws(JITError) -> CompiledKernel {
    try compile([kernel])[0]
  }

  /// So many small kernels in one program are compiled quickly rather than well.
  ///
  /// Vectorising a kernel takes LLVM ten milliseconds, three times what it takes without, and makes
  /// one of 256 elements a microsecond faster. A model has a few dozen of them.
  package static let manySmallKernels = 200

  /// The kernels of one program, in the order given.
  package func compile(_ kernels: [Kernel]) throws(JITError) -> [CompiledKernel] {
    var small: Set<Kernel> = []
    for kernel in kernels where kernel.isSmall { small.insert(kernel) }
    let isHasty = small.count > Self.manySmallKernels
    var promises: [KernelCache.Promise] = []
    var missing: [(request: KernelCache.Request, promise: KernelCache.Promise)] = []
    for kernel in kernels {
      let optimisation: JIT.Optimisation = isHasty && kernel.isSmall ? .some : .full
      let request = KernelCache.Request(kernel: kernel, optimisation: optimisation)
      let (promise, isNew) = cache.find(request)
      promises.append(promise)
      if isNew { missing.append((request, promise)) }
    }
    let work = missing
    concurrently(work.count) { [self] in fulfil(work[$0].promise, work[$0].request) }
    var compiled: [CompiledKernel] = []
    for promise in promises { compiled.append(try promise.wait().get()) }
    return compiled
  }

  private func fulfil(_ promise: KernelCache.Promise, _ request: KernelCache.Request) {
    let outcome = Result { () throws(JITError) in try make(request) }
    if case .failure = outcome { cache.remove(request) }
    promise.fulfil(outcome)
  }

  /// The name of the function in every kernel's code: equal kernels then have equal IR.
  private static let function = "kernel"

  private func make(_ request: KernelCache.Request) throws(JITError) -> CompiledKernel {
    let kernel = request.kernel
    let ir = LLVMRenderer.render(kernel, name: Self.function)
    let key = store == nil ? nil : CodeIdentity.key(ir: ir, optimisation: request.optimisation)
    if let key, let object = store?.load(key),
      let code = try? MachineCode(object: object, functions: [Self.function])
    {
      loads.add(1, ordering: .relaxed)
      return try CompiledKernel(code, name: Self.function, kernel: kernel)
    }
    let number = compilations.add(1, ordering: .relaxed).newValue
    DebugLevel.kernels.log("kernel\(number):\n\(kernel)")
    DebugLevel.code.log("kernel\(number) as LLVM IR:\n\(ir)")
    let object = try JIT.shared.get().emitObject(
      ir: ir, functions: [Self.function], optimisation: request.optimisation)
    let code = try MachineCode(object: object, functions: [Self.function])
    if let key { store?.save(object, title: kernel.name, for: key) }
    return try CompiledKernel(code, name: Self.function, kernel: kernel)
  }
}

extension Kernel {
  /// Whether one thread does it in some ten microseconds, even without vectors.
  fileprivate var isSmall: Bool { parallelCount * workPerPoint <= 65_536 }
}
