import ApusRuntime
import COneDNN

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What besides a kernel's IR decides on its machine code: the processor, LLVM, this format.
enum CodeIdentity {
  /// To be raised when code of an earlier Apus must not be used, though its IR is the same.
  private static let version: UInt64 = 1

  /// Known without opening LLVM where that can be; nil where there is no LLVM.
  static let current: Fingerprint? = {
    var identity = Fingerprint()
    identity.combine(version)
    var words = [UInt32](repeating: 0, count: Int(APUS_PROCESSOR_WORDS))
    let count = Int(apus_processor_identity(&words))
    if count > 0 {
      for word in words.prefix(count) { identity.combine(UInt64(word)) }
    } else {
      guard let jit = try? JIT.shared.get() else { return nil }
      identity.combine(jit.hostProcessor + jit.hostFeatures)
    }
    guard let library = LLVMLibrary.location ?? (try? LLVMLibrary.shared.get().path) else {
      return nil
    }
    identity.combine(library)
    var status = stat()
    if stat(library, &status) == 0 {
      identity.combine(UInt64(status.st_size))
      #if !canImport(Darwin)
        identity.combine(UInt64(bitPattern: Int64(status.st_mtim.tv_sec)))
      #endif
    }
    return identity
  }()

  /// The name under which a kernel's code is kept.
  static func key(ir: String, optimisation: JIT.Optimisation) -> Fingerprint? {
    guard var key = current else { return nil }
    key.combine(UInt64(optimisation.rawValue))
    key.combine(ir)
    return key
  }
}
