import Apus
import ApusFormats
import ApusIR

/// Makes batches of samples: what a ``Loader`` is given as `collate`.
///
/// All throw a ``CollateError`` for samples that do not fit together, since what they are comes from files.
public enum Collate {
  /// Tensors of one shape and dtype, stacked along a new first axis.
  public static func stack(_ samples: [Tensor]) throws -> Tensor {
    guard let first = samples.first else { throw CollateError("a batch needs at least one sample.") }
    let byteCount = first.shape.elementCount * first.dtype.byteCount
    var bytes: [UInt8] = []
    bytes.reserveCapacity(samples.count * byteCount)
    for (place, sample) in samples.enumerated() {
      guard sample.shape == first.shape && sample.dtype == first.dtype else {
        throw CollateError(
          "sample \(place) of the batch is \(sample.dtype)\(sample.shape), but the first is "
            + "\(first.dtype)\(first.shape); bring all to one shape, or pad them.")
      }
      sample.withBytes { bytes.append(contentsOf: $0) }
    }
    let shape = Shape([samples.count] + Array(first.shape))
    return bytes.withUnsafeBytes { Tensor(bytes: $0, shape: shape, dtype: first.dtype) }
  }

  /// Pairs of tensors: `x` and `y` stacked each.
  public static func pairs(_ samples: [(x: Tensor, y: Tensor)]) throws -> Batch {
    Batch(x: try stack(samples.map(\.x)), y: try stack(samples.map(\.y)))
  }

  /// Rows of equal length with a class each: `x` `[batch, feature]`, `y` `i64[batch]`.
  public static func rows<Scalar: TensorScalar>(_ samples: [(x: [Scalar], y: Int)]) throws -> Batch {
    let width = samples.first?.x.count ?? 0
    for (place, sample) in samples.enumerated() where sample.x.count != width {
      throw CollateError(
        "sample \(place) of the batch has \(sample.x.count) numbers, but the first has \(width); "
          + "pad them.")
    }
    return Batch(
      x: Tensor(samples.flatMap(\.x), shape: [samples.count, width]),
      y: Tensor(samples.map { Int64($0.y) }))
  }

  /// Images of one size with a class each: `x` `u8[batch, height, width, channel]`, `y` `i64[batch]`.
  public static func images(_ samples: [LabeledImage]) throws -> Batch {
    guard let first = samples.first?.image else {
      throw CollateError("a batch needs at least one sample.")
    }
    var pixels: [UInt8] = []
    pixels.reserveCapacity(samples.count * first.pixels.count)
    for (place, sample) in samples.enumerated() {
      guard sample.image.size == first.size else {
        throw CollateError(
          "image \(place) of the batch is \(sample.image.size), but the first is \(first.size) "
            + "(height × width × channels); end the transforms with one that fixes the size.")
      }
      pixels.append(contentsOf: sample.image.pixels)
    }
    let shape = Shape([samples.count, first.height, first.width, first.channels])
    return Batch(
      x: Tensor(pixels, shape: shape), y: Tensor(samples.map { Int64($0.label) }))
  }

  /// Sequences filled up to the longest: `values` `[batch, length]`, `lengths` `i64[batch]`.
  ///
  /// - Parameters:
  ///   - value: what stands after the end of a sequence.
  ///   - multiple: the length is rounded up to a multiple of this; each length there is compiles a
  ///     program of its own.
  ///   - limit: longer sequences lose their end.
  public static func padded<Scalar: TensorScalar>(
    _ samples: [[Scalar]], value: Scalar, multiple: Int = 1, limit: Int = .max
  ) -> PaddedBatch {
    precondition(multiple > 0, "a length is a multiple of a positive number")
    let counts = samples.map { min($0.count, limit) }
    let longest = counts.max() ?? 0
    let length = (longest + multiple - 1) / multiple * multiple
    var values: [Scalar] = []
    values.reserveCapacity(samples.count * length)
    for (sample, count) in zip(samples, counts) {
      values += sample.prefix(count)
      values += repeatElement(value, count: length - count)
    }
    return PaddedBatch(
      values: Tensor(values, shape: [samples.count, length], dtype: Scalar.impliedDType),
      lengths: Tensor(counts.map { Int64($0) }))
  }
}

/// Samples that do not fit into one batch.
public struct CollateError: Error, Hashable, CustomStringConvertible {
  /// What does not fit and what to do.
  public let description: String

  init(_ description: String) { self.description = description }
}
