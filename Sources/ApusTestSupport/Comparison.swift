import ApusIR
import ApusRuntime

/// How far two results of one computation may lie apart.
///
/// Elements agree when their difference is at most `relative` times the greater of the expected
/// element's magnitude and the typical magnitude of the expected tensor: sums of numbers of both
/// signs lose digits against their terms, not against their result. Integers and truth values must
/// be equal; a NaN equals a NaN, 0 equals -0.
public struct Tolerance: Hashable, Sendable {
  public var relative: Double

  public init(relative: Double) { self.relative = relative }

  /// Equal numbers.
  public static let exact = Tolerance(relative: 0)

  /// For a chain of operations by different engines.
  public static func standard(_ dtype: DType) -> Tolerance {
    switch dtype {
    case .f64: Tolerance(relative: 1e-9)
    case .f32: Tolerance(relative: 1e-4)
    case .f16: Tolerance(relative: 2e-2)
    case .bf16: Tolerance(relative: 1e-1)
    default: .exact
    }
  }
}

/// What differs between two tensors of one type; nil where they agree.
public func difference(
  _ actual: Buffer, _ expected: Buffer, _ type: TensorType, tolerance: Tolerance? = nil
) -> String? {
  let tolerance = tolerance ?? .standard(type.dtype)
  let (got, wanted) = (numbers(in: actual, type), numbers(in: expected, type))
  let finite = wanted.filter { $0.isFinite }.map(\.magnitude)
  let scale = finite.isEmpty ? 0 : finite.reduce(0, +) / Double(finite.count)
  var worst: (index: Int, error: Double)?
  var count = 0
  for index in wanted.indices {
    let (x, y) = (got[index], wanted[index])
    if x == y || (x.isNaN && y.isNaN) { continue }
    let error = (x - y).magnitude / max(y.magnitude, scale, .leastNormalMagnitude)
    let isClose = type.dtype.isFloating && error <= tolerance.relative
    if isClose { continue }
    count += 1
    if worst == nil || !(error <= worst!.error) { worst = (index, error) }
  }
  guard let worst else { return nil }
  var place: [Int] = []
  for (extent, stride) in zip(type.shape, type.shape.rowMajorStrides) {
    place.append(worst.index / stride % extent)
  }
  return "\(count) of \(wanted.count) elements of \(type) differ; at \(place) expected "
    + "\(wanted[worst.index]), got \(got[worst.index]), relative difference \(worst.error), allowed "
    + "\(tolerance.relative)"
}

/// The elements as Doubles; i64 beyond 53 bits keep enough to tell them apart in tests.
public func numbers(in buffer: Buffer, _ type: TensorType) -> [Double] {
  let count = type.shape.elementCount
  func read<Element: BitwiseCopyable>(_ element: Element.Type, _ convert: (Element) -> Double)
    -> [Double]
  {
    buffer.elements(as: element).prefix(count).map(convert)
  }
  switch type.dtype {
  case .bool, .u8: return read(UInt8.self) { Double($0) }
  case .i8: return read(Int8.self) { Double($0) }
  case .i16: return read(Int16.self) { Double($0) }
  case .i32: return read(Int32.self) { Double($0) }
  case .i64: return read(Int64.self) { Double($0) }
  case .f16: return read(UInt16.self) { Double(Float16(bitPattern: $0)) }
  case .bf16: return read(UInt16.self) { Double(BFloat16(bitPattern: $0).float) }
  case .f32: return read(Float.self) { Double($0) }
  case .f64: return read(Double.self) { $0 }
  }
}

/// A buffer of one type from numbers.
public func buffer(_ numbers: [Double], _ type: TensorType) -> Buffer {
  precondition(numbers.count == type.shape.elementCount)
  func write<Element: BitwiseCopyable>(_ convert: (Scalar) -> Element) -> Buffer {
    Buffer(copying: numbers.map { convert(Scalar.floating($0).converted(to: type.dtype)) })
  }
  switch type.dtype {
  case .bool: return write { $0.bool ? 1 as UInt8 : 0 }
  case .u8: return write { UInt8(truncatingIfNeeded: $0.int64) }
  case .i8: return write { Int8(truncatingIfNeeded: $0.int64) }
  case .i16: return write { Int16(truncatingIfNeeded: $0.int64) }
  case .i32: return write { Int32(truncatingIfNeeded: $0.int64) }
  case .i64: return write { $0.int64 }
  case .f16: return write { Float16($0.double).bitPattern }
  case .bf16: return write { BFloat16($0.double).bitPattern }
  case .f32: return write { Float($0.double) }
  case .f64: return write { $0.double }
  }
}

extension Program {
  /// Compiles for an engine and runs once. Each output has memory of its own.
  public func run(on engine: any Engine, _ inputs: [Buffer]) throws -> [Buffer] {
    let compiled = try engine.compile(self, options: CompileOptions())
    let results = outputTypes.map { Buffer(byteCount: $0.byteCount) }
    try compiled.run(inputs: inputs, outputs: results, profiler: nil)
    return results
  }

  /// The first output in which two engines' results, or two programs', differ.
  public func difference(
    _ actual: [Buffer], _ expected: [Buffer], tolerance: Tolerance? = nil
  ) -> String? {
    for (index, type) in outputTypes.enumerated() {
      if let text = ApusTestSupport.difference(
        actual[index], expected[index], type, tolerance: tolerance)
      {
        return "output \(index) (%\(outputs[index])): \(text)"
      }
    }
    return nil
  }
}
