/// What is wrong with a file, or with writing one: which file, what, with which values, what to do.
public struct FormatError: Error, Hashable, Sendable {
  public enum Kind: String, Sendable {
    /// There is no such file or folder.
    case notFound
    /// The system does not let us read it.
    case unreadable
    /// The file ends before its own header says it does.
    case truncated
    /// The contents break the rules of the format.
    case malformed
    /// The contents are valid, but Apus does not read this variant.
    case unsupported
    /// The contents ask for more memory than is sensible.
    case tooLarge
    /// The file has no entry of the name asked for.
    case missing
    /// The system does not let us write it.
    case unwritable
    /// The disk, the quota or the limit on a file's size is full.
    case diskFull
  }

  public var kind: Kind
  /// Path of the file or folder, or what stands for it when the bytes came from elsewhere.
  public var file: String
  /// A sentence without the file's name: what was wrong and, where there is something, what to do.
  public var reason: String

  public init(_ kind: Kind, _ file: String, _ reason: String) {
    self.kind = kind
    self.file = file
    self.reason = reason
  }
}

extension FormatError: CustomStringConvertible {
  public var description: String { "\(file): \(reason)" }
}
