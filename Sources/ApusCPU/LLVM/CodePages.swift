#if canImport(Glibc)
  import Glibc
#endif

/// The pages of a library's code that are in memory.
enum CodePages {
  /// Lets go of them; they are read from the file again where they are needed. A large library such as
  /// LLVM otherwise stays in memory after its work is done.
  static func release(libraryNamed name: String) {
    #if os(Linux)
      guard let file = fopen("/proc/self/maps", "r") else { return }
      defer { fclose(file) }
      var line = [CChar](repeating: 0, count: 4_096)
      while fgets(&line, Int32(line.count), file) != nil {
        let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard let code = range(text, name) else { continue }
        madvise(UnsafeMutableRawPointer(bitPattern: code.lowerBound), code.count, MADV_DONTNEED)
      }
    #endif
  }

  /// The addresses of a line of the memory map that is code of this library and so never written.
  static func range(_ line: String, _ name: String) -> Range<UInt>? {
    let fields = line.split(whereSeparator: \.isWhitespace)
    guard fields.count == 6, fields[1] == "r-xp", fields[5].split(separator: "/").last?.hasPrefix(name) == true
    else { return nil }
    let bounds = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
    return bounds.count == 2 && bounds[0] < bounds[1] ? bounds[0]..<bounds[1] : nil
  }
}
