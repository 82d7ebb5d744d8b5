import Foundation

/// A folder with one folder of images for each class, as `torchvision.datasets.ImageFolder` has it.
///
/// The classes are the names of the folders in ascending order of their bytes, and so are the files
/// within a class (those in deeper folders included), so the same folder gives the same data set on
/// every machine. Names that start with a dot are left out.
public struct ImageFolder: Sendable {
  public struct Sample: Hashable, Sendable {
    public let path: String
    /// Index of the class in ``ImageFolder/classNames``.
    public let label: Int
  }

  public let path: String
  public let classNames: [String]
  public let samples: [Sample]

  /// Links that lead back up must not be followed for ever.
  private static let maximumDepth = 16

  /// Lists a folder. Throws ``FormatError`` when it is missing or no folder, has no folders of
  /// classes, or has a class without images.
  public init(path: String) throws {
    self.path = path
    let names = try ImageFolder.list(path).filter { ImageFolder.isFolder("\(path)/\($0)") }
    guard !names.isEmpty else {
      throw FormatError(
        .malformed, path, "it has no folders; one folder of images is needed for each class.")
    }
    var samples: [Sample] = []
    for (label, name) in names.enumerated() {
      let images = try ImageFolder.images(in: "\(path)/\(name)", depth: 0)
      guard !images.isEmpty else {
        let endings = ImageFile.extensions.map { ".\($0)" }.joined(separator: ", ")
        throw FormatError(
          .malformed, "\(path)/\(name)",
          "the class '\(name)' has no images (\(endings)); add some or remove the folder.")
      }
      samples += images.map { Sample(path: $0, label: label) }
    }
    classNames = names
    self.samples = samples
  }

  private static func images(in folder: String, depth: Int) throws -> [String] {
    guard depth < maximumDepth else { return [] }
    return try list(folder).flatMap { name in
      let path = "\(folder)/\(name)"
      if isFolder(path) { return try images(in: path, depth: depth + 1) }
      let ending = name.split(separator: ".").last.map { $0.lowercased() } ?? ""
      return ImageFile.extensions.contains(ending) ? [path] : []
    }
  }

  private static func list(_ folder: String) throws -> [String] {
    guard FileManager.default.fileExists(atPath: folder) else {
      throw FormatError(.notFound, folder, "there is no such folder.")
    }
    guard isFolder(folder) else {
      throw FormatError(.unreadable, folder, "this is a file; a folder is expected.")
    }
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
      throw FormatError(.unreadable, folder, "no permission to list it.")
    }
    return names.filter { !$0.hasPrefix(".") }
      .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  private static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
  }
}
