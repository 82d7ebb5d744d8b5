/// Machine code in memory; it goes with the last reference to this object.
package final class MachineCode: Sendable {
  private enum Form {
    case image(LinkedImage)
    case module(CompiledModule)
  }
  private let form: Form

  /// Loads an object file made by `JIT.emitObject`, now or in an earlier process.
  ///
  /// - Parameter functions: those that `address(of:)` must find.
  package init(object: [UInt8], functions: [String]) throws(JITError) {
    let image = object.withUnsafeBytes { bytes in
      Result { () throws(JITError) in try LinkedImage(bytes) }
    }
    switch image {
    case .success(let image): form = .image(image)
    case .failure:
      // Another processor or system, or something the small linker does not know.
      form = .module(try JIT.shared.get().load(object: object, functions: functions))
    }
    for name in functions where address(of: name) == nil { throw .missingFunction(name) }
  }

  /// Where a function starts. Cast it to a C function type with `unsafeBitCast`, and keep the code
  /// as long as it may be called.
  package func address(of function: String) -> UnsafeRawPointer? {
    switch form {
    case .image(let image): image.address(of: function)
    case .module(let module): module.address(of: function)
    }
  }
}
