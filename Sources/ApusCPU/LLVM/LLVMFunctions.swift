/// The functions of LLVM's C API that the JIT calls, by their C names less `LLVM`.
///
/// Every LLVM object is an opaque pointer. Enumerations are `Int32`, `LLVMBool` too (0 is success).
struct LLVMFunctions: Sendable {
  typealias Object = OpaquePointer
  typealias Text = UnsafePointer<CChar>
  typealias OwnedText = UnsafeMutablePointer<CChar>
  /// An `LLVMErrorRef`: nil is success.
  typealias Failure = OpaquePointer?

  // Core.
  let contextCreate: @convention(c) @Sendable () -> Object?
  let contextDispose: @convention(c) @Sendable (Object) -> Void
  let contextSetDiagnosticHandler:
    @convention(c) @Sendable (
      Object, (@convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Void)?,
      UnsafeMutableRawPointer?
    ) -> Void
  let getDiagInfoDescription: @convention(c) @Sendable (Object) -> OwnedText?
  let getDiagInfoSeverity: @convention(c) @Sendable (Object) -> Int32
  let disposeMessage: @convention(c) @Sendable (OwnedText?) -> Void
  let disposeModule: @convention(c) @Sendable (Object) -> Void
  let setTarget: @convention(c) @Sendable (Object, Text) -> Void
  let setModuleDataLayout: @convention(c) @Sendable (Object, Object) -> Void
  let getNamedFunction: @convention(c) @Sendable (Object, Text) -> Object?
  let isDeclaration: @convention(c) @Sendable (Object) -> Int32
  let verifyModule:
    @convention(c) @Sendable (Object, Int32, UnsafeMutablePointer<OwnedText?>?) -> Int32
  /// Takes over the buffer.
  let parseIRInContext:
    @convention(c) @Sendable (
      Object, Object, UnsafeMutablePointer<Object?>, UnsafeMutablePointer<OwnedText?>
    ) -> Int32
  let createMemoryBufferWithMemoryRangeCopy:
    @convention(c) @Sendable (UnsafePointer<CChar>?, Int, Text) -> Object?
  let getBufferStart: @convention(c) @Sendable (Object) -> UnsafePointer<CChar>?
  let getBufferSize: @convention(c) @Sendable (Object) -> Int
  let disposeMemoryBuffer: @convention(c) @Sendable (Object) -> Void

  // Errors.
  /// Takes over the error.
  let getErrorMessage: @convention(c) @Sendable (Object) -> OwnedText?
  let disposeErrorMessage: @convention(c) @Sendable (OwnedText?) -> Void

  // Target machine.
  let getDefaultTargetTriple: @convention(c) @Sendable () -> OwnedText?
  let getHostCPUName: @convention(c) @Sendable () -> OwnedText?
  let getHostCPUFeatures: @convention(c) @Sendable () -> OwnedText?
  let getTargetFromTriple:
    @convention(c) @Sendable (
      Text, UnsafeMutablePointer<Object?>, UnsafeMutablePointer<OwnedText?>?
    ) -> Int32
  let createTargetMachine:
    @convention(c) @Sendable (Object, Text, Text, Text, Int32, Int32, Int32) -> Object?
  let disposeTargetMachine: @convention(c) @Sendable (Object) -> Void
  let createTargetDataLayout: @convention(c) @Sendable (Object) -> Object?
  let disposeTargetData: @convention(c) @Sendable (Object) -> Void
  let targetMachineEmitToMemoryBuffer:
    @convention(c) @Sendable (
      Object, Object, Int32, UnsafeMutablePointer<OwnedText?>, UnsafeMutablePointer<Object?>
    ) -> Int32

  // Passes.
  let runPasses: @convention(c) @Sendable (Object, Text, Object?, Object) -> Failure
  let createPassBuilderOptions: @convention(c) @Sendable () -> Object?
  let disposePassBuilderOptions: @convention(c) @Sendable (Object) -> Void

  // ORC.
  let orcCreateLLJIT: @convention(c) @Sendable (UnsafeMutablePointer<Object?>, Object?) -> Failure
  let orcLLJITGetExecutionSession: @convention(c) @Sendable (Object) -> Object?
  let orcLLJITGetGlobalPrefix: @convention(c) @Sendable (Object) -> CChar
  /// The caller owns one reference of the result.
  let orcLLJITMangleAndIntern: @convention(c) @Sendable (Object, Text) -> Object?
  /// Takes over the buffer.
  let orcLLJITAddObjectFileWithRT: @convention(c) @Sendable (Object, Object, Object) -> Failure
  let orcExecutionSessionSetErrorReporter:
    @convention(c) @Sendable (
      Object, @convention(c) (UnsafeMutableRawPointer?, Failure) -> Void, UnsafeMutableRawPointer?
    ) -> Void
  let orcExecutionSessionCreateBareJITDylib: @convention(c) @Sendable (Object, Text) -> Object?
  let orcExecutionSessionLookup:
    @convention(c) @Sendable (
      Object, Int32, _ order: UnsafeRawPointer, Int, _ symbols: UnsafeRawPointer, Int,
      LookupHandler, UnsafeMutableRawPointer?
    ) -> Void
  let orcCreateDynamicLibrarySearchGeneratorForProcess:
    @convention(c) @Sendable (
      UnsafeMutablePointer<Object?>, CChar, OpaquePointer?, UnsafeMutableRawPointer?
    ) -> Failure
  /// Takes over the generator.
  let orcJITDylibAddGenerator: @convention(c) @Sendable (Object, Object) -> Void
  let orcJITDylibCreateResourceTracker: @convention(c) @Sendable (Object) -> Object?
  let orcResourceTrackerRemove: @convention(c) @Sendable (Object) -> Failure
  let orcReleaseResourceTracker: @convention(c) @Sendable (Object) -> Void

  // C's struct layout and Swift's agree for these; C functions take them as raw memory.

  /// `LLVMOrcCJITDylibSearchOrderElement`
  struct SearchOrderElement {
    let library: OpaquePointer
    let flags: Int32
  }

  /// `LLVMOrcCLookupSetElement`; takes over a reference of the name.
  struct LookupElement {
    let name: OpaquePointer
    let flags: Int32
  }

  /// `LLVMOrcCSymbolMapPair`
  struct SymbolPair {
    let name: OpaquePointer
    let address: UInt64
    let genericFlags: UInt8
    let targetFlags: UInt8
  }

  typealias LookupHandler =
    @convention(c) (
      Failure, _ pairs: UnsafeRawPointer?, Int, UnsafeMutableRawPointer?
    ) -> Void

  init(_ symbols: SymbolTable) throws(JITError) {
    contextCreate = try symbols.find("LLVMContextCreate")
    contextDispose = try symbols.find("LLVMContextDispose")
    contextSetDiagnosticHandler = try symbols.find("LLVMContextSetDiagnosticHandler")
    getDiagInfoDescription = try symbols.find("LLVMGetDiagInfoDescription")
    getDiagInfoSeverity = try symbols.find("LLVMGetDiagInfoSeverity")
    disposeMessage = try symbols.find("LLVMDisposeMessage")
    disposeModule = try symbols.find("LLVMDisposeModule")
    setTarget = try symbols.find("LLVMSetTarget")
    setModuleDataLayout = try symbols.find("LLVMSetModuleDataLayout")
    getNamedFunction = try symbols.find("LLVMGetNamedFunction")
    isDeclaration = try symbols.find("LLVMIsDeclaration")
    verifyModule = try symbols.find("LLVMVerifyModule")
    parseIRInContext = try symbols.find("LLVMParseIRInContext")
    createMemoryBufferWithMemoryRangeCopy = try symbols.find(
      "LLVMCreateMemoryBufferWithMemoryRangeCopy")
    getBufferStart = try symbols.find("LLVMGetBufferStart")
    getBufferSize = try symbols.find("LLVMGetBufferSize")
    disposeMemoryBuffer = try symbols.find("LLVMDisposeMemoryBuffer")
    getErrorMessage = try symbols.find("LLVMGetErrorMessage")
    disposeErrorMessage = try symbols.find("LLVMDisposeErrorMessage")
    getDefaultTargetTriple = try symbols.find("LLVMGetDefaultTargetTriple")
    getHostCPUName = try symbols.find("LLVMGetHostCPUName")
    getHostCPUFeatures = try symbols.find("LLVMGetHostCPUFeatures")
    getTargetFromTriple = try symbols.find("LLVMGetTargetFromTriple")
    createTargetMachine = try symbols.find("LLVMCreateTargetMachine")
    disposeTargetMachine = try symbols.find("LLVMDisposeTargetMachine")
    createTargetDataLayout = try symbols.find("LLVMCreateTargetDataLayout")
    disposeTargetData = try symbols.find("LLVMDisposeTargetData")
    targetMachineEmitToMemoryBuffer = try symbols.find("LLVMTargetMachineEmitToMemoryBuffer")
    runPasses = try symbols.find("LLVMRunPasses")
    createPassBuilderOptions = try symbols.find("LLVMCreatePassBuilderOptions")
    disposePassBuilderOptions = try symbols.find("LLVMDisposePassBuilderOptions")
    orcCreateLLJIT = try symbols.find("LLVMOrcCreateLLJIT")
    orcLLJITGetExecutionSession = try symbols.find("LLVMOrcLLJITGetExecutionSession")
    orcLLJITGetGlobalPrefix = try symbols.find("LLVMOrcLLJITGetGlobalPrefix")
    orcLLJITMangleAndIntern = try symbols.find("LLVMOrcLLJITMangleAndIntern")
    orcLLJITAddObjectFileWithRT = try symbols.find("LLVMOrcLLJITAddObjectFileWithRT")
    orcExecutionSessionSetErrorReporter = try symbols.find(
      "LLVMOrcExecutionSessionSetErrorReporter")
    orcExecutionSessionCreateBareJITDylib = try symbols.find(
      "LLVMOrcExecutionSessionCreateBareJITDylib")
    orcExecutionSessionLookup = try symbols.find("LLVMOrcExecutionSessionLookup")
    orcCreateDynamicLibrarySearchGeneratorForProcess = try symbols.find(
      "LLVMOrcCreateDynamicLibrarySearchGeneratorForProcess")
    orcJITDylibAddGenerator = try symbols.find("LLVMOrcJITDylibAddGenerator")
    orcJITDylibCreateResourceTracker = try symbols.find("LLVMOrcJITDylibCreateResourceTracker")
    orcResourceTrackerRemove = try symbols.find("LLVMOrcResourceTrackerRemove")
    orcReleaseResourceTracker = try symbols.find("LLVMOrcReleaseResourceTracker")
  }

  /// Takes a text that LLVM allocated.
  func take(_ text: OwnedText?) -> String {
    guard let text else { return "" }
    defer { disposeMessage(text) }
    return String(cString: text)
  }

  /// Throws what an `LLVMErrorRef` says.
  func check(_ failure: Failure, _ wrap: (String) -> JITError) throws(JITError) {
    if failure != nil { throw wrap(message(of: failure)) }
  }

  /// Takes an `LLVMErrorRef` and returns what it says.
  func message(of failure: Failure) -> String {
    guard let failure else { return "success" }
    let text = getErrorMessage(failure)
    defer { disposeErrorMessage(text) }
    return text.map { String(cString: $0) } ?? "no message"
  }
}
