import ApusFormats
import Foundation

/// The files of a folder with one of some endings, such as recordings; each is read when it is asked for.
public struct FileDataset: Dataset {
  /// One file, read.
  public struct Element: Sendable {
    public let path: String
    public let bytes: [UInt8]

    /// The last part of the path.
    public var name: String { String(path[(path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex)...]) }
  }

  /// In ascending order of the bytes of their names, the same on every machine.
  public let paths: [String]
  private let maximumByteCount: Int

  /// Lists a folder; those within it are passed over, and so are names that start with a dot.
  ///
  /// - Parameter maximumByteCount: A larger file is refused.
  /// - Throws: `FormatError` for a folder that cannot be listed or has no such files.
  public init(folder: String, endings: Set<String>, maximumByteCount: Int = 1 << 30) throws {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: folder)
    } catch {
      throw FormatError(.notFound, folder, "there is no such folder, or no permission to list it.")
    }
    let chosen = names.filter { name in
      let ending = name.split(separator: ".").last.map { $0.lowercased() } ?? ""
      return !name.hasPrefix(".") && endings.contains(ending)
    }
    guard !chosen.isEmpty else {
      let wanted = endings.sorted().map { ".\($0)" }.joined(separator: ", ")
      throw FormatError(.missing, folder, "it has no files that end in \(wanted).")
    }
    paths = chosen.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map { "\(folder)/\($0)" }
    self.maximumByteCount = maximumByteCount
  }

  public var count: Int { paths.count }

  public subscript(index: Int) -> Element {
    get throws {
      let path = paths[index]
      return Element(path: path, bytes: try ByteSource(path: path).readAll(limit: maximumByteCount))
    }
  }
}
