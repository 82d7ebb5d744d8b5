import Apus
import ApusFormats

/// The rows of a NumPy file: `samples[i]` is the array's `i`-th part along its first axis, as a tensor.
public struct NumPyDataset: Dataset {
  public let count: Int
  /// The extents and the type of one sample.
  public let shape: Shape
  public let dtype: DType
  private let bytes: [UInt8]

  /// Reads a `.npy` file. Throws `FormatError` for one that is damaged or holds a single number.
  public init(path: String) throws {
    try self.init(NumPyFile.read(path: path), name: path)
  }

  /// Takes an array in memory; `name` stands for the path in errors.
  public init(_ array: RawArray, name: String) throws {
    guard let count = array.shape.first else {
      throw FormatError(.malformed, name, "it holds a single number; a data set has an axis of samples.")
    }
    self.count = count
    shape = Shape(Array(array.shape.dropFirst()))
    dtype = array.dtype
    bytes = array.bytes
  }

  public subscript(index: Int) -> Tensor {
    precondition((0..<count).contains(index), "sample \(index) of \(count)")
    let size = bytes.count / count
    return bytes.withUnsafeBytes { raw in
      let part = UnsafeRawBufferPointer(rebasing: raw[index * size..<(index + 1) * size])
      return Tensor(bytes: part, shape: shape, dtype: dtype)
    }
  }
}
