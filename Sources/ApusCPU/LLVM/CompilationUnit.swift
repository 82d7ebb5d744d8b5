/// One module in a context of its own, from text to object file. Used by one thread.
final class CompilationUnit {
  let module: OpaquePointer
  private let llvm: LLVMFunctions
  private let context: OpaquePointer
  private let diagnostics = Diagnostics()

  /// The errors LLVM reports while it works; without a handler it would end the process.
  private final class Diagnostics {
    var errors: [String] = []
    var llvm: LLVMFunctions?
  }

  init(_ llvm: LLVMFunctions, ir: String) throws(JITError) {
    guard let context = llvm.contextCreate() else {
      throw .codeGeneration("no memory for an LLVM context")
    }
    diagnostics.llvm = llvm
    llvm.contextSetDiagnosticHandler(
      context,
      { info, raw in
        guard let info, let raw else { return }
        let diagnostics = Unmanaged<Diagnostics>.fromOpaque(raw).takeUnretainedValue()
        guard let llvm = diagnostics.llvm else { return }
        let isError = llvm.getDiagInfoSeverity(info) == 0
        if isError { diagnostics.errors.append(llvm.take(llvm.getDiagInfoDescription(info))) }
      }, Unmanaged.passUnretained(diagnostics).toOpaque())

    var text = ir
    let buffer = text.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) {
        llvm.createMemoryBufferWithMemoryRangeCopy($0.baseAddress, $0.count, "kernel.ll")
      }
    }
    var module: OpaquePointer?
    var message: UnsafeMutablePointer<CChar>?
    guard let buffer, llvm.parseIRInContext(context, buffer, &module, &message) == 0, let module
    else {
      let text = llvm.take(message)
      llvm.contextDispose(context)
      throw .invalidIR(text)
    }
    // The parser checks syntax and types; a verifier finds the rest (a block without an end).
    let returnStatus: Int32 = 2
    if llvm.verifyModule(module, returnStatus, &message) != 0 {
      let text = llvm.take(message)
      llvm.disposeModule(module)
      llvm.contextDispose(context)
      throw .invalidIR(text)
    }
    _ = llvm.take(message)
    self.llvm = llvm
    self.context = context
    self.module = module
  }

  deinit {
    llvm.disposeModule(module)
    llvm.contextDispose(context)
  }

  /// Optimises the module for `machine` and translates it.
  func emitObject(
    _ machine: OpaquePointer, triple: String, passes: String
  ) throws(JITError) -> [UInt8] {
    llvm.setTarget(module, triple)
    if let layout = llvm.createTargetDataLayout(machine) {
      llvm.setModuleDataLayout(module, layout)
      llvm.disposeTargetData(layout)
    }
    guard let options = llvm.createPassBuilderOptions() else {
      throw .codeGeneration("no memory for the optimiser")
    }
    defer { llvm.disposePassBuilderOptions(options) }
    try llvm.check(llvm.runPasses(module, passes, machine, options)) { .codeGeneration($0) }

    var object: OpaquePointer?
    var message: UnsafeMutablePointer<CChar>?
    let objectFile: Int32 = 1
    let failed = llvm.targetMachineEmitToMemoryBuffer(
      machine, module, objectFile, &message, &object)
    defer { if let object { llvm.disposeMemoryBuffer(object) } }
    let text = llvm.take(failed != 0 ? message : nil)
    guard failed == 0, let object, diagnostics.errors.isEmpty else {
      let errors = diagnostics.errors + (text.isEmpty ? [] : [text])
      throw .codeGeneration(errors.joined(separator: "; "))
    }
    let bytes = UnsafeRawBufferPointer(
      start: llvm.getBufferStart(object), count: llvm.getBufferSize(object))
    return [UInt8](bytes)
  }
}
