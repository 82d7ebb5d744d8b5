/// A data set that anybody can fetch: where its files are and how to tell that they are the right ones.
///
/// Files are kept as they are published; archives and compressed files are read without being unpacked.
public struct PublicDataset: Codable, Hashable, Sendable {
  /// One file as it is published.
  public struct File: Codable, Hashable, Sendable {
    /// The name in the set's folder.
    public var name: String
    /// Where it is: the first that serves it is taken.
    public var urls: [String]
    public var byteCount: Int
    /// The digest of the whole file, 64 hexadecimal digits.
    public var sha256: String

    public init(_ name: String, urls: [String], byteCount: Int, sha256: String) {
      self.name = name
      self.urls = urls
      self.byteCount = byteCount
      self.sha256 = sha256
    }
  }

  /// The name, and that of its folder in the cache.
  public var name: String
  /// What it holds, in a line.
  public var summary: String
  /// The terms its publishers state.
  public var licence: String
  public var files: [File]

  public init(name: String, summary: String, licence: String, files: [File]) {
    self.name = name
    self.summary = summary
    self.licence = licence
    self.files = files
  }

  /// Bytes of all files.
  public var byteCount: Int { files.reduce(0) { $0 + $1.byteCount } }

  /// The set of this name in ``catalogue``, nil where there is none.
  public static func named(_ name: String) -> PublicDataset? { catalogue.first { $0.name == name } }

  /// Whether a folder has all files with their published sizes.
  public func isComplete(in folder: String) -> Bool {
    files.allSatisfy { LocalFile.byteCount("\(folder)/\($0.name)") == $0.byteCount }
  }

  /// Whether files of the set were fetched into a folder, but not all.
  func isPartial(in folder: String) -> Bool {
    LocalFile.byteCount(FolderLock.path(folder)) != nil && !isComplete(in: folder)
  }

  /// How a file in a folder compares with the published one.
  public enum State: String, Codable, Sendable {
    case right, missing, wrong
  }

  /// Compares a file in the set's folder with the published one, by size and SHA-256.
  ///
  /// - Throws: `FormatError` for a file that cannot be read, or where libcrypto is not on the machine.
  public func state(of file: File, in folder: String) throws -> State {
    let path = "\(folder)/\(file.name)"
    guard let count = LocalFile.byteCount(path) else { return .missing }
    guard count == file.byteCount else { return .wrong }
    return try SHA256.digest(ofFile: path) == file.sha256 ? .right : .wrong
  }
}
