import ApusFormats
import Foundation

/// Where data sets are on this machine.
public enum DataFolder {
  /// The folder of data sets: `$APUS_DATA`, else `$XDG_CACHE_HOME/apus/data`, else
  /// `~/.cache/apus/data`.
  public static func cache(
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> String {
    func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
    if let folder = value("APUS_DATA") { return folder }
    return fallback(environment)
  }

  private static func fallback(_ environment: [String: String]) -> String {
    if let caches = environment["XDG_CACHE_HOME"], !caches.isEmpty { return caches + "/apus/data" }
    return (environment["HOME"] ?? NSHomeDirectory()) + "/.cache/apus/data"
  }

  /// The path of a data set: `option` where it is given (the value of `--data`), else the folder `name` in
  /// `$APUS_DATA`, else in the user's cache. Throws `FormatError` of kind `notFound` that says where it was
  /// looked for.
  public static func find(
    _ name: String, option: String? = nil,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws -> String {
    let files = FileManager.default
    if let option {
      if files.fileExists(atPath: option) { return option }
      throw FormatError(.notFound, option, "there is no such file or folder; --data needs the place of \(name).")
    }
    let places = [cache(environment: environment), fallback(environment)].map { "\($0)/\(name)" }
    let set = PublicDataset.named(name)
    let place = places.first { files.fileExists(atPath: $0) && set?.isPartial(in: $0) != true }
    if let place { return place }
    let cure = set == nil ? "put it there" : "fetch it with 'apus data get \(name)'"
    throw FormatError(
      .notFound, name,
      "the data set is not at \(places[0]); \(cure), give --data with its path, or set APUS_DATA to the "
        + "folder that holds '\(name)'.")
  }
}
