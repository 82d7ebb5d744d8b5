/// Why a file could not be fetched: which, from where, what went wrong, what to do.
public struct DownloadError: Error, Hashable, CustomStringConvertible {
  public enum Kind: String, Sendable {
    /// The caller asked to stop; what has come is kept for the next time.
    case cancelled
    /// The server could not be reached, broke off or was too slow.
    case interrupted
    /// The server does not have the file, or not the one that is published.
    case refused
    /// The bytes are not those of the published file.
    case wrongContents
    /// libcurl is not on the machine.
    case unavailable
  }

  public let kind: Kind
  public let description: String

  init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }
}
