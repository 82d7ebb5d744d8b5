/// Collects what stands around the functions of one LLVM module: declarations of intrinsics,
/// helper functions, each once, and metadata.
final class ModuleWriter {
  private var declarations: [String: String] = [:]
  private var helpers: [String: String] = [:]
  private var functions: [String] = []
  private var metadata: [String] = []

  /// Vectors may be as wide as the host has them; a narrower host simply has none of 512 bits.
  static let attributes = """
    attributes #0 = { nounwind willreturn mustprogress noinline "prefer-vector-width"="512" }
    attributes #1 = { nounwind willreturn mustprogress alwaysinline "prefer-vector-width"="512" }
    attributes #2 = { nounwind willreturn "prefer-vector-width"="512" }
    """

  /// Declares an intrinsic or a function of the C library.
  func declare(_ name: String, _ result: LLVMType, _ parameters: [LLVMType], pure: Bool = false) {
    guard declarations[name] == nil else { return }
    let list = parameters.map(\.rawValue).joined(separator: ", ")
    let suffix = pure ? " nounwind willreturn memory(none)" : ""
    declarations[name] = "declare \(result.rawValue) @\(name)(\(list))\(suffix)"
  }

  /// Defines a helper the first time it is asked for.
  func define(_ name: String, _ text: () -> String) {
    guard helpers[name] == nil else { return }
    helpers[name] = ""  // Ends recursion.
    helpers[name] = text()
  }

  func append(function text: String) { functions.append(text) }

  /// A new metadata node, `!n`. `self` within the text stands for its own name.
  func node(_ text: (String) -> String) -> String {
    let name = "!\(metadata.count)"
    metadata.append("")
    metadata[metadata.count - 1] = "\(name) = \(text(name))"
    return name
  }

  var text: String {
    var parts = helpers.keys.sorted().map { helpers[$0]! }
    parts += functions
    parts.append(declarations.keys.sorted().map { declarations[$0]! }.joined(separator: "\n"))
    parts.append(ModuleWriter.attributes)
    parts.append(metadata.joined(separator: "\n"))
    return parts.joined(separator: "\n\n") + "\n"
  }
}
