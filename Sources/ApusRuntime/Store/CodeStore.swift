import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Compiled code on disk, so that a process finds what an earlier one compiled.
///
/// A folder with one file for each piece of code, named by the fingerprint of everything that went
/// into it. Files appear whole or not at all, and carry a checksum: whatever is damaged, foreign or
/// of another format counts as absent. A folder that cannot be read or written is no error; there is
/// just nothing in it. Several processes may use one folder at a time.
///
/// `APUS_CACHE` names the folder, `none` switches the store off; otherwise it is
/// `$XDG_CACHE_HOME/apus` or `~/.cache/apus`. `APUS_CACHE_LIMIT` bounds its size (bytes, or with K, M,
/// G; 512M if not set): the least recently used files are dropped.
public final class CodeStore: Sendable {
  /// The store of this process; nil where it is switched off.
  public static let shared: CodeStore? = {
    guard let folder = folder(in: environment) else { return nil }
    let limit = environment("APUS_CACHE_LIMIT").flatMap(MemoryLimit.bytes)
    return CodeStore(folder: folder, limit: limit ?? 512 << 20)
  }()

  /// What is known of a piece of code without reading it.
  public struct Entry: Sendable {
    public var name: String
    public var byteCount: Int
    /// Seconds since 1970.
    public var lastUse: Int
  }

  public let folder: String
  /// The most bytes to keep.
  public let limit: Int
  /// Bytes in the folder, counted at the first write and kept up from then on.
  private let size = Mutex<Int?>(nil)

  public init(folder: String, limit: Int) {
    self.folder = folder
    self.limit = limit
  }

  static func folder(in environment: (String) -> String?) -> String? {
    if let chosen = environment("APUS_CACHE") { return chosen == "none" ? nil : chosen }
    if let caches = environment("XDG_CACHE_HOME") { return caches + "/apus" }
    return environment("HOME").map { $0 + "/.cache/apus" }
  }

  /// A variable of the environment, unless it is empty.
  private static func environment(_ name: String) -> String? {
    guard let value = getenv(name), value.pointee != 0 else { return nil }
    return String(cString: value)
  }

  // MARK: Reading and writing

  private func path(_ key: Fingerprint) -> String { "\(folder)/\(key)\(CodeFile.suffix)" }

  /// The code saved under this key; nil where there is none that is whole.
  public func load(_ key: Fingerprint) -> [UInt8]? {
    let path = path(key)
    guard let file = OwnFile(path) else { return nil }
    guard let bytes = file.bytes(), let content = CodeFile(bytes, key: key) else {
      unlink(path)
      return nil
    }
    file.noteUse()
    return Array(content.code)
  }

  /// Keeps code for later processes.
  ///
  /// - Parameter title: what the code does, for people.
  public func save(_ code: [UInt8], title: String, for key: Fingerprint) {
    let bytes = CodeFile.encode(code, title: title, key: key)
    guard OwnFile.write(bytes, to: path(key), in: folder) else { return }
    let total = size.withLock { size in
      let total = (size ?? files().reduce(-bytes.count) { $0 + $1.byteCount }) + bytes.count
      size = total
      return total
    }
    if total > limit { trim() }
  }

  // MARK: The folder as a whole

  /// All entries, the last used first.
  public func entries() -> [Entry] {
    files().filter { $0.name.hasSuffix(CodeFile.suffix) }.sorted { $0.lastUse > $1.lastUse }
  }

  /// What the code of an entry does; nil where the file is not whole.
  public func title(of entry: Entry) -> String? {
    OwnFile("\(folder)/\(entry.name)")?.bytes().flatMap { CodeFile($0, key: nil)?.title }
  }

  /// Removes everything. Other files in the folder stay.
  public func clear() {
    for file in files() { unlink("\(folder)/\(file.name)") }
    size.withLock { $0 = 0 }
  }

  /// Drops what was used longest ago until a good part of the limit is free again.
  private func trim() {
    size.withLock { size in
      // Others may have written or dropped files meanwhile.
      var files = files().sorted { $0.lastUse < $1.lastUse }[...]
      var total = files.reduce(0) { $0 + $1.byteCount }
      let enough = limit / 5 * 4
      while total > enough, let oldest = files.popFirst() {
        unlink("\(folder)/\(oldest.name)")
        total -= oldest.byteCount
      }
      size = total
    }
  }

  /// The files that a store wrote, unfinished ones of processes that ended too.
  private func files() -> [Entry] {
    OwnFile.list(folder) { name in
      name.hasSuffix(CodeFile.suffix) || name.hasPrefix(OwnFile.unfinished)
    }
  }
}
