#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// LLVM's C functions, found in a libLLVM that is opened at run time.
///
/// The prototypes are written by hand from llvm-c's documentation, so that building Apus needs no
/// LLVM headers. They are the same in versions 15 to 20; 16 to 20 are meant to be used.
///
/// `APUS_LLVM` in the environment names the file to open; `none` makes LLVM unavailable.
final class LLVMLibrary: Sendable {
  /// LLVM, or a sentence that says why there is none.
  static let shared: Result<LLVMLibrary, JITError> = Result { () throws(JITError) in
    try LLVMLibrary()
  }

  /// The file that was opened.
  let path: String
  let functions: LLVMFunctions

  static let candidates = [
    "libLLVM.so.20.1", "libLLVM.so.19.1", "libLLVM.so.18.1", "libLLVM-20.so", "libLLVM-19.so",
    "libLLVM-18.so", "libLLVM-18.so.1", "libLLVM-17.so", "libLLVM-17.so.1", "libLLVM-16.so",
    "libLLVM-16.so.1", "libLLVM-15.so", "libLLVM-15.so.1",
  ]

  /// The file that would be opened, if it can be told without opening it, which takes 20 ms.
  static let location: String? = {
    if let chosen = getenv("APUS_LLVM").map({ String(cString: $0) }), !chosen.isEmpty {
      return access(chosen, R_OK) == 0 ? chosen : nil
    }
    let paths = getenv("LD_LIBRARY_PATH").map { String(cString: $0) } ?? ""
    let folders =
      paths.split(separator: ":").map(String.init) + [
        "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/lib",
        "/usr/lib", "/usr/local/lib",
      ]
    for name in candidates {
      for folder in folders where access("\(folder)/\(name)", R_OK) == 0 { return "\(folder)/\(name)" }
    }
    return nil
  }()

  private init() throws(JITError) {
    let (path, handle) = try Self.open()
    self.path = path
    functions = try LLVMFunctions(SymbolTable(handle: handle, path: path))
    #if arch(x86_64)
      let initialisers = [
        "LLVMInitializeX86TargetInfo", "LLVMInitializeX86Target", "LLVMInitializeX86TargetMC",
        "LLVMInitializeX86AsmPrinter", "LLVMInitializeX86AsmParser",
      ]
    #else
      let initialisers = [
        "LLVMInitializeAArch64TargetInfo", "LLVMInitializeAArch64Target",
        "LLVMInitializeAArch64TargetMC", "LLVMInitializeAArch64AsmPrinter",
        "LLVMInitializeAArch64AsmParser",
      ]
    #endif
    let symbols = SymbolTable(handle: handle, path: path)
    for name in initialisers {
      let initialise: @convention(c) () -> Void = try symbols.find(name)
      initialise()
    }
  }

  private static func open() throws(JITError) -> (String, UnsafeMutableRawPointer) {
    if let chosen = getenv("APUS_LLVM").map({ String(cString: $0) }), !chosen.isEmpty {
      if chosen == "none" { throw .unavailable("LLVM is switched off by APUS_LLVM=none.") }
      if let handle = dlopen(chosen, RTLD_NOW | RTLD_LOCAL) { return (chosen, handle) }
      let reason = dlerror().map { String(cString: $0) } ?? "no reason given"
      throw .unavailable("APUS_LLVM names \(chosen), which could not be opened: \(reason).")
    }
    for name in candidates {
      if let handle = dlopen(name, RTLD_NOW | RTLD_LOCAL) { return (name, handle) }
    }
    throw .unavailable(
      "No libLLVM of version 16 to 20 was found. Install libllvm19 (or another of these), or set "
        + "APUS_LLVM to the path of the library.")
  }
}

/// Finds functions in an opened library.
struct SymbolTable {
  let handle: UnsafeMutableRawPointer
  let path: String

  func find<Function>(_ name: String) throws(JITError) -> Function {
    guard let symbol = dlsym(handle, name) else {
      throw .unavailable("\(path) has no function \(name); Apus needs LLVM 16 to 20.")
    }
    return unsafeBitCast(symbol, to: Function.self)
  }
}
