import Synchronization

/// Turns LLVM IR into machine code in this process.
///
/// The IR is parsed, optimised and translated on the calling thread, in an LLVM context of its own,
/// so kernels compile in parallel; ORC only links the resulting object files. What is kept on disk
/// between runs is such an object file, so a cached kernel takes the same road.
///
/// Code is made for the host's processor with all its features. LLVM prefers 256-bit vectors on
/// most processors with AVX-512; a function that carries the attribute
/// `"prefer-vector-width"="512"` is vectorised to 512 bits (tested in `JITTests`).
///
/// Functions of the C library can be called by name (`expf`); intrinsics such as `llvm.floor`,
/// `llvm.fabs`, `llvm.sqrt`, `llvm.fma` and `llvm.rint` become instructions.
package final class JIT: Sendable {
  package enum Optimisation: Int32, Sendable { case none = 0, some = 1, full = 3 }

  /// The process-wide JIT, made at first use.
  package static let shared: Result<JIT, JITError> = Result { () throws(JITError) in
    try JIT(LLVMLibrary.shared.get())
  }

  /// The processor that code is made for, such as `znver4`.
  package let hostProcessor: String
  /// Its features, as `+avx512f,-sse4a,…`.
  package let hostFeatures: String
  package let triple: String
  /// The libLLVM in use.
  package let libraryPath: String

  let llvm: LLVMFunctions
  // LLVM's objects below are immutable handles; ORC locks its session itself, and a target
  // description is constant.
  private nonisolated(unsafe) let target: OpaquePointer
  private nonisolated(unsafe) let linker: OpaquePointer
  private nonisolated(unsafe) let session: OpaquePointer

  /// Libraries that no module uses. ORC cannot give up a library, so they are used again.
  private struct Libraries: @unchecked Sendable {  // Handles that are only used under the lock.
    var idle: [OpaquePointer] = []
    var made = 0
  }
  private let libraries = Mutex(Libraries())
  /// What ORC reported last: a failed look-up says only which symbols could not be made.
  private let lastReport = Mutex("")

  private init(_ library: LLVMLibrary) throws(JITError) {
    llvm = library.functions
    libraryPath = library.path
    triple = llvm.take(llvm.getDefaultTargetTriple())
    hostProcessor = llvm.take(llvm.getHostCPUName())
    hostFeatures = llvm.take(llvm.getHostCPUFeatures())
    var target: OpaquePointer?
    var message: UnsafeMutablePointer<CChar>?
    guard llvm.getTargetFromTriple(triple, &target, &message) == 0, let target else {
      throw .unavailable("LLVM has no target for \(triple): \(llvm.take(message))")
    }
    self.target = target
    var linker: OpaquePointer?
    try llvm.check(llvm.orcCreateLLJIT(&linker, nil)) {
      .unavailable("LLVM's JIT linker could not be started: \($0)")
    }
    guard let linker, let session = llvm.orcLLJITGetExecutionSession(linker) else {
      throw .unavailable("LLVM's JIT linker could not be started.")
    }
    self.linker = linker
    self.session = session
    llvm.orcExecutionSessionSetErrorReporter(
      session,
      { raw, failure in
        let jit = Unmanaged<JIT>.fromOpaque(raw!).takeUnretainedValue()
        let report = jit.llvm.message(of: failure)
        jit.lastReport.withLock { $0 = report }
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  /// Compiles IR text and loads the result.
  ///
  /// - Parameters:
  ///   - ir: A module as text, with opaque pointers. Triple and data layout are set here.
  ///   - functions: The names that `CompiledModule.address(of:)` can find.
  /// - Throws: `JITError` with LLVM's message.
  package func compile(
    ir: String, functions: [String], optimisation: Optimisation = .full
  ) throws(JITError) -> CompiledModule {
    try load(
      object: try emitObject(ir: ir, functions: functions, optimisation: optimisation),
      functions: functions)
  }

  /// Compiles IR text to an object file, which `load` takes, now or in a later process on the
  /// same kind of processor and with the same version of LLVM.
  package func emitObject(
    ir: String, functions: [String] = [], optimisation: Optimisation = .full
  ) throws(JITError) -> [UInt8] {
    let unit = try CompilationUnit(llvm, ir: ir)
    for name in functions {
      guard let function = llvm.getNamedFunction(unit.module, name),
        llvm.isDeclaration(function) == 0
      else { throw .missingFunction(name) }
    }
    let picRelocation: Int32 = 2
    let defaultCodeModel: Int32 = 0  // Small: constants and calls need no 64-bit addresses.
    guard
      let machine = llvm.createTargetMachine(
        target, triple, hostProcessor, hostFeatures, optimisation.rawValue, picRelocation,
        defaultCodeModel)
    else { throw .codeGeneration("no target machine for \(hostProcessor)") }
    defer { llvm.disposeTargetMachine(machine) }
    return try unit.emitObject(
      machine, triple: triple, passes: "default<O\(optimisation.rawValue)>")
  }

  /// Loads an object file made by `emitObject`.
  package func load(object: [UInt8], functions: [String]) throws(JITError) -> CompiledModule {
    let library = try takeLibrary()
    guard let tracker = llvm.orcJITDylibCreateResourceTracker(library) else {
      giveBack(library)
      throw .linking("no memory for a module")
    }
    let module = CompiledModule(jit: self, library: library, tracker: tracker)
    let buffer = object.withUnsafeBytes {
      llvm.createMemoryBufferWithMemoryRangeCopy(
        $0.bindMemory(to: CChar.self).baseAddress, object.count, "kernel")
    }
    guard let buffer else { throw .linking("no memory for an object file") }
    try llvm.check(llvm.orcLLJITAddObjectFileWithRT(linker, tracker, buffer)) { .linking($0) }
    module.addresses = try lookUp(functions, in: library)
    return module
  }

  // MARK: Libraries

  private func takeLibrary() throws(JITError) -> OpaquePointer {
    let (idle, number) = libraries.withLock { libraries in
      libraries.made += libraries.idle.isEmpty ? 1 : 0
      // A handle is passed on, never shared: the library leaves the list.
      nonisolated(unsafe) let idle = libraries.idle.popLast()
      return (idle, libraries.made)
    }
    if let idle { return idle }
    guard let library = llvm.orcExecutionSessionCreateBareJITDylib(session, "kernels.\(number)")
    else { throw .linking("no memory for a library") }
    var generator: OpaquePointer?
    let prefix = llvm.orcLLJITGetGlobalPrefix(linker)
    try llvm.check(
      llvm.orcCreateDynamicLibrarySearchGeneratorForProcess(&generator, prefix, nil, nil)
    ) { .linking($0) }
    if let generator { llvm.orcJITDylibAddGenerator(library, generator) }
    return library
  }

  fileprivate func release(_ library: OpaquePointer, _ tracker: OpaquePointer) {
    let failure = llvm.orcResourceTrackerRemove(tracker)
    llvm.orcReleaseResourceTracker(tracker)
    // A library that could not be emptied would define its functions twice; it is left alone.
    if (try? llvm.check(failure) { .linking($0) }) != nil { giveBack(library) }
  }

  private func giveBack(_ library: OpaquePointer) {
    nonisolated(unsafe) let library = library
    libraries.withLock { $0.idle.append(library) }
  }

  // MARK: Looking up

  private func lookUp(
    _ names: [String], in library: OpaquePointer
  ) throws(JITError) -> [String: UnsafeRawPointer] {
    if names.isEmpty { return [:] }
    let interned = names.map { llvm.orcLLJITMangleAndIntern(linker, $0)! }
    let reply = LookupReply()
    // ORC may answer from a thread of its own; the reply is kept alive until it has.
    let context = Unmanaged.passRetained(reply)
    let order = LLVMFunctions.SearchOrderElement(library: library, flags: 1)
    let symbols = interned.map { LLVMFunctions.LookupElement(name: $0, flags: 0) }
    let dynamicLookup: Int32 = 1
    withUnsafePointer(to: order) { order in
      llvm.orcExecutionSessionLookup(
        session, dynamicLookup, order, 1, symbols, symbols.count,
        { failure, pairs, count, context in
          Unmanaged<LookupReply>.fromOpaque(context!).takeRetainedValue()
            .finish(
              failure,
              UnsafeBufferPointer(
                start: pairs?.assumingMemoryBound(to: LLVMFunctions.SymbolPair.self),
                count: count))
        }, context.toOpaque())
    }
    let (failure, found) = reply.wait()
    if failure != nil {
      let report = lastReport.withLock { $0 }
      throw .linking("\(llvm.message(of: failure)). \(report)")
    }
    var addresses: [String: UnsafeRawPointer] = [:]
    for (name, entry) in zip(names, interned) {
      guard let address = found[entry], let pointer = UnsafeRawPointer(bitPattern: UInt(address))
      else { throw .missingFunction(name) }
      addresses[name] = pointer
    }
    return addresses
  }
}

/// Machine code in memory; it goes with the last reference to this object.
package final class CompiledModule: @unchecked Sendable {
  // Safe: `addresses` is set before `JIT.load` returns the object and never after; the handles are
  // used again only in deinit, by ORC calls that lock.
  fileprivate var addresses: [String: UnsafeRawPointer] = [:]
  private let jit: JIT
  private let library: OpaquePointer
  private let tracker: OpaquePointer

  fileprivate init(jit: JIT, library: OpaquePointer, tracker: OpaquePointer) {
    self.jit = jit
    self.library = library
    self.tracker = tracker
  }

  deinit { jit.release(library, tracker) }

  /// Where a function starts; nil if it was not among those named at compilation. Cast it to a C
  /// function type with `unsafeBitCast`, and keep the module as long as it may be called.
  package func address(of function: String) -> UnsafeRawPointer? { addresses[function] }
}
