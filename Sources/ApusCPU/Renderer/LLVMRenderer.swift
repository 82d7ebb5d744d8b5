import ApusRuntime

/// Renders kernels as LLVM IR text, for LLVM 16 and later.
///
/// Each kernel becomes a function `void name(ptr arguments, i64 begin, i64 end)`, where `arguments`
/// is an array of pointers, each aligned to its element. It runs the points `begin..<end` of the
/// parallel space, counted in row-major order.
package enum LLVMRenderer {
  package static func render(_ kernel: Kernel, name: String) -> String {
    let module = ModuleWriter()
    module.append(function: entry(kernel, name: name))
    let renderer = KernelRenderer(kernel, in: module)
    module.append(function: renderer.function(name: name + ".body"))
    return module.text
  }

  /// Takes the pointers out of the array. What the body may assume of them stands in its signature,
  /// which is why it is a function of its own.
  private static func entry(_ kernel: Kernel, name: String) -> String {
    var lines: [String] = []
    var operands: [String] = []
    for index in kernel.arguments.indices {
      lines.append("  %p\(index) = getelementptr inbounds ptr, ptr %arguments, i64 \(index)")
      lines.append("  %a\(index) = load ptr, ptr %p\(index), align 8")
      operands.append("ptr %a\(index)")
    }
    operands += ["i64 %begin", "i64 %end"]
    lines.append("  call void @\(name).body(\(operands.joined(separator: ", ")))")
    return """
      define void @\(name)(ptr %arguments, i64 %begin, i64 %end) #2 {
      entry:
      \(lines.joined(separator: "\n"))
        ret void
      }
      """
  }
}
