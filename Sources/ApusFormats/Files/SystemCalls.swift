#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Calls that may be interrupted by a signal, and what their errors mean to a user.
package enum SystemCalls {
  /// Repeats `call` while a signal interrupts it.
  package static func retrying(_ call: () -> Int) -> Int {
    while true {
      let result = call()
      if result >= 0 || errno != EINTR { return result }
    }
  }

  package static func message(_ code: Int32) -> String { String(cString: strerror(code)) }

  /// The error of a failed read of `path`.
  package static func readError(_ path: String, code: Int32) -> FormatError {
    switch code {
    case ENOENT, ENOTDIR:
      FormatError(.notFound, path, "there is no such file or folder.")
    case EACCES, EPERM:
      FormatError(.unreadable, path, "no permission to read it.")
    case EISDIR:
      FormatError(.unreadable, path, "this is a folder; a file is expected.")
    default:
      FormatError(.unreadable, path, "it could not be read: \(message(code)).")
    }
  }

  /// The error of a failed write to `path`.
  package static func writeError(_ path: String, code: Int32) -> FormatError {
    switch code {
    case ENOSPC, EDQUOT:
      FormatError(
        .diskFull, path,
        "the disk is full, so it was not written; what was there before is unchanged.")
    case EFBIG:
      FormatError(
        .diskFull, path,
        "the limit on the size of a file is reached (see ulimit -f), so it was not written; "
          + "what was there before is unchanged.")
    case EACCES, EPERM, EROFS:
      FormatError(
        .unwritable, path,
        "no permission to write in this folder (\(message(code))); choose another or change its rights.")
    case ENOENT, ENOTDIR:
      FormatError(.unwritable, path, "its folder does not exist; create it first.")
    default:
      FormatError(.unwritable, path, "it could not be written: \(message(code)).")
    }
  }
}
