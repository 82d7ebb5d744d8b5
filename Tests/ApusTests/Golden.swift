import Apus
import ApusFormats
import Foundation
import Testing

/// Expected tensors from a file made by a script in `scripts/golden`.
struct Golden {
  private let file: SafetensorsFile
  let names: [String]

  init(_ name: String) {
    do {
      file = try SafetensorsFile(path: Golden.path(name + ".safetensors"))
      names = file.names
    } catch {
      fatalError("\(error)")
    }
  }

  static func path(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Resources/" + name).path
  }

  subscript(name: String) -> Tensor {
    do {
      let array = try file.read(name)
      return array.bytes.withUnsafeBytes {
        Tensor(bytes: $0, shape: Shape(array.shape), dtype: array.dtype)
      }
    } catch {
      fatalError("\(error)")
    }
  }
}

/// Checks shape, dtype and, within the tolerances, every element; a NaN equals a NaN.
func expectClose(
  _ actual: Tensor, _ expected: Tensor, relative: Double = 1e-5, absolute: Double = 1e-6,
  _ comment: String = "", sourceLocation: SourceLocation = #_sourceLocation
) {
  guard actual.shape == expected.shape, actual.dtype == expected.dtype else {
    Issue.record(
      "\(comment): \(actual.dtype)\(actual.shape), expected \(expected.dtype)\(expected.shape)",
      sourceLocation: sourceLocation)
    return
  }
  let a = actual.array(of: Double.self)
  let b = expected.array(of: Double.self)
  for index in a.indices where a[index] != b[index] && !(a[index].isNaN && b[index].isNaN) {
    let bound = absolute + relative * Swift.abs(b[index])
    if Swift.abs(a[index] - b[index]) <= bound { continue }
    Issue.record(
      "\(comment): element \(index) is \(a[index]), expected \(b[index])",
      sourceLocation: sourceLocation)
    return
  }
}

/// The sentence of the mistake that `body` makes.
func mistake(_ body: () throws -> Void) -> String {
  do {
    try withTensorErrors(body)
    return "no mistake"
  } catch {
    return "\(error)"
  }
}
