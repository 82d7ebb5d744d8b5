import ApusFormats

/// SHA-256 (FIPS 180-4) through OpenSSL's libcrypto, which is opened at run time.
///
/// `APUS_CRYPTO` in the environment names the file to open.
final class SHA256 {
  private struct Functions: Sendable {
    let new: @convention(c) () -> OpaquePointer?
    let free: @convention(c) (OpaquePointer?) -> Void
    let sha256: @convention(c) () -> OpaquePointer?
    let start: @convention(c) (OpaquePointer?, OpaquePointer?, OpaquePointer?) -> Int32
    let update: @convention(c) (OpaquePointer?, UnsafeRawPointer?, Int) -> Int32
    let finish: @convention(c) (OpaquePointer?, UnsafeMutablePointer<UInt8>?, UnsafeMutablePointer<UInt32>?) -> Int32

    init() throws {
      let library = try DynamicLibrary(
        "OpenSSL's libcrypto, which computes SHA-256",
        names: ["libcrypto.so.3", "libcrypto.so.1.1", "libcrypto.3.dylib"], package: "libssl3",
        variable: "APUS_CRYPTO")
      new = try library.function("EVP_MD_CTX_new")
      free = try library.function("EVP_MD_CTX_free")
      sha256 = try library.function("EVP_sha256")
      start = try library.function("EVP_DigestInit_ex")
      update = try library.function("EVP_DigestUpdate")
      finish = try library.function("EVP_DigestFinal_ex")
    }
  }

  private static let functions = Result { try Functions() }

  private let functions: Functions
  private let context: OpaquePointer

  /// Throws `FormatError` where libcrypto is not on the machine.
  init() throws {
    functions = try SHA256.functions.get()
    guard let context = functions.new() else {
      throw FormatError(.unsupported, "libcrypto", "it could not make a context.")
    }
    self.context = context
    guard functions.start(context, functions.sha256(), nil) == 1 else {
      throw FormatError(.unsupported, "libcrypto", "it does not compute SHA-256 here.")
    }
  }

  deinit { functions.free(context) }

  func update(_ bytes: UnsafeRawBufferPointer) {
    _ = functions.update(context, bytes.baseAddress, bytes.count)
  }

  /// The digest in 64 hexadecimal digits.
  func finish() -> String {
    var digest = [UInt8](repeating: 0, count: 32)
    _ = functions.finish(context, &digest, nil)
    return digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// The digest of a file.
  static func digest(ofFile path: String) throws -> String {
    let source = try ByteSource(path: path)
    let hash = try SHA256()
    let piece = 1 << 20
    for start in stride(from: 0, to: source.count, by: piece) {
      let bytes = try source.read(start..<min(start + piece, source.count))
      bytes.withUnsafeBytes { hash.update($0) }
    }
    return hash.finish()
  }
}
