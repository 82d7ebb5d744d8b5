/// Why a piece of LLVM IR did not become machine code.
package enum JITError: Error, Equatable, CustomStringConvertible {
  /// There is no usable libLLVM; the sentence says what to install.
  case unavailable(String)
  /// The text is not valid IR; with LLVM's message.
  case invalidIR(String)
  /// LLVM could not translate valid IR for this processor.
  case codeGeneration(String)
  /// The machine code could not be loaded: an unknown symbol, or not an object file.
  case linking(String)
  /// A function that was asked for is not defined.
  case missingFunction(String)

  package var description: String {
    switch self {
    case .unavailable(let text): text
    case .invalidIR(let text): "The kernel's LLVM IR is not valid: \(text)"
    case .codeGeneration(let text): "LLVM could not compile a kernel: \(text)"
    case .linking(let text): "A compiled kernel could not be loaded: \(text)"
    case .missingFunction(let name): "The kernel's LLVM IR defines no function \(name)."
    }
  }
}
