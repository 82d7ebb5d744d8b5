import ApusFormats
import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A C library that is opened when it is first needed, so that neither building Apus nor the rest of the
/// program needs it.
struct DynamicLibrary: @unchecked Sendable {
  // Unchecked: the handle of an open library is only read, which `dlsym` allows from any thread.
  private let handle: UnsafeMutableRawPointer
  private let title: String

  /// Opens the first of `names` that there is.
  ///
  /// - Parameters:
  ///   - title: what the library is, and what for, for the sentence where there is none.
  ///   - variable: the environment variable that names another file; `none` makes the library unavailable.
  /// - Throws: `FormatError` of kind `unsupported` that says what to install.
  init(_ title: String, names: [String], package: String, variable: String) throws {
    self.title = title
    let chosen = ProcessInfo.processInfo.environment[variable].flatMap { $0.isEmpty ? nil : $0 }
    if chosen == "none" {
      throw FormatError(.unsupported, title, "it is switched off by \(variable)=none.")
    }
    for name in chosen.map({ [$0] }) ?? names {
      guard let handle = dlopen(name, RTLD_NOW | RTLD_LOCAL) else { continue }
      self.handle = handle
      return
    }
    let reason = dlerror().map { String(cString: $0) } ?? "no reason given"
    throw FormatError(
      .unsupported, title,
      "it could not be loaded (\(reason)). Install \(package) (apt-get install \(package)), or set \(variable) "
        + "to the path of the library.")
  }

  /// A function of the library; `Function` is its C prototype.
  func function<Function>(_ name: String, _ type: Function.Type = Function.self) throws -> Function {
    guard let symbol = dlsym(handle, name) else {
      throw FormatError(.unsupported, title, "it has no function \(name); install a newer version.")
    }
    return unsafeBitCast(symbol, to: Function.self)
  }
}
