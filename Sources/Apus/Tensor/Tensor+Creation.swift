import ApusIR

// MARK: - From values

extension Tensor {
  /// A number. Without a dtype it is weakly typed; with one it is data, which may change from step
  /// to step without compiling anew.
  public init<Element: TensorScalar>(_ value: Element, dtype: DType? = nil) {
    guard let dtype else {
      self.init(number: value.scalar)
      return
    }
    self.init(Node(TensorType(dtype, []), buffer: .converting([value], to: dtype)))
  }

  /// Data from an array in row-major order.
  ///
  /// - Parameters:
  ///   - shape: the extents, one axis if nil. Their product must be the number of elements.
  ///   - dtype: the dtype of `Element` if nil, but `f32` for `Double`.
  public init<Element: TensorScalar>(_ elements: [Element], shape: Shape? = nil, dtype: DType? = nil) {
    let dtype = dtype ?? Element.impliedDType
    let shape = shape ?? [elements.count]
    guard
      check(
        shape.elementCount == elements.count && !shape.contains { $0 < 0 }, .shape, "Tensor",
        "\(elements.count) elements cannot have shape \(shape) with \(shape.elementCount)")
    else {
      self = .standIn(TensorType(dtype, shape))
      return
    }
    self.init(Node(TensorType(dtype, shape), buffer: .converting(elements, to: dtype)))
  }

  /// Data from nested arrays of equal length, `[row, column]`.
  public init<Element: TensorScalar>(_ rows: [[Element]], dtype: DType? = nil) {
    let width = rows.first?.count ?? 0
    let isEven = rows.allSatisfy { $0.count == width }
    check(isEven, .shape, "Tensor", "the rows have different lengths \(rows.map(\.count))")
    let elements = isEven ? Array(rows.joined()) : Array(repeating: rows[0][0], count: rows.count * width)
    self.init(elements, shape: [rows.count, width], dtype: dtype)
  }

  /// Data from raw memory in row-major order and native byte order, copied.
  public init(bytes: UnsafeRawBufferPointer, shape: Shape, dtype: DType) {
    let type = TensorType(dtype, shape)
    guard
      check(
        bytes.count == type.byteCount, .shape, "Tensor",
        "\(bytes.count) bytes cannot be \(type) of \(type.byteCount) bytes")
    else {
      self = .standIn(type)
      return
    }
    let buffer = Buffer(byteCount: type.byteCount)
    if let base = bytes.baseAddress { buffer.pointer.copyMemory(from: base, byteCount: bytes.count) }
    self.init(Node(type, buffer: buffer))
  }
}

// MARK: - Filled

extension Tensor {
  public static func zeros(_ shape: Shape, dtype: DType = .defaultFloating) -> Tensor {
    full(shape, 0, dtype: dtype)
  }

  public static func ones(_ shape: Shape, dtype: DType = .defaultFloating) -> Tensor {
    full(shape, 1, dtype: dtype)
  }

  /// One number everywhere. Without a dtype, that of `value`'s type (`f32` for `Double`).
  public static func full<Element: TensorScalar>(
    _ shape: Shape, _ value: Element, dtype: DType? = nil
  ) -> Tensor {
    let type = TensorType(dtype ?? Element.impliedDType, shape)
    return filled(type, value.scalar, device: .current, "full")
  }

  /// Zeros of this tensor's shape, dtype and device.
  public func zerosLike(dtype: DType? = nil) -> Tensor { filledLike(0, dtype: dtype) }

  /// Ones of this tensor's shape, dtype and device.
  public func onesLike(dtype: DType? = nil) -> Tensor { filledLike(1, dtype: dtype) }

  /// One number in this tensor's shape, dtype and device.
  public func filledLike<Element: TensorScalar>(_ value: Element, dtype: DType? = nil) -> Tensor {
    let type = TensorType(dtype ?? self.dtype, shape)
    return Tensor(Node.constant(value.scalar, type, device: device))
  }

  private static func filled(
    _ type: TensorType, _ value: Scalar, device: Device, _ operation: String
  ) -> Tensor {
    check(
      !type.shape.contains { $0 < 0 }, .shape, operation, "shape \(type.shape) has a negative extent")
    return Tensor(Node.constant(value, type, device: device))
  }
}

// MARK: - Counting

extension Tensor {
  /// `0, 1, …, count - 1`.
  public static func arange(_ count: Int, dtype: DType = .i64) -> Tensor {
    counting(count, dtype: dtype, device: .current)
  }

  /// `start, start + step, …` before `end`, as `i64` unless another dtype is named.
  public static func arange(_ start: Int, _ end: Int, step: Int = 1, dtype: DType = .i64) -> Tensor {
    guard check(step != 0, .argument, "arange", "the step must not be zero") else {
      return arange(0, dtype: dtype)
    }
    let distance = step > 0 ? end - start : start - end
    let count = Swift.max(0, (distance + abs(step) - 1) / abs(step))
    let index = counting(count, dtype: dtype, device: .current)
    return index * Tensor(step) + Tensor(start)
  }

  /// `start, start + step, …` before `end`.
  public static func arange(
    _ start: Double, _ end: Double, step: Double = 1, dtype: DType = .defaultFloating
  ) -> Tensor {
    guard check(step != 0, .argument, "arange", "the step must not be zero") else {
      return arange(0, dtype: dtype)
    }
    let count = Swift.max(0, Int(((end - start) / step).rounded(.up)))
    let values = (0..<count).map { start + Double($0) * step }
    return Tensor(values, dtype: dtype)
  }

  /// `count` numbers evenly spaced from `start` to `end`, both included.
  public static func linspace(
    _ start: Double, _ end: Double, count: Int, dtype: DType = .defaultFloating
  ) -> Tensor {
    check(count >= 0, .argument, "linspace", "the count \(count) must not be negative")
    let step = count > 1 ? (end - start) / Double(count - 1) : 0
    var values = (0..<Swift.max(count, 0)).map { start + Double($0) * step }
    if count > 1 { values[count - 1] = end }
    return Tensor(values, dtype: dtype)
  }

  /// The identity matrix, or `rows × columns` with ones on the diagonal.
  public static func eye(
    _ rows: Int, _ columns: Int? = nil, dtype: DType = .defaultFloating
  ) -> Tensor {
    let shape: Shape = [rows, columns ?? rows]
    let row = index(along: 0, shape, device: .current)
    let column = index(along: 1, shape, device: .current)
    return (row .== column).to(dtype)
  }

  static func counting(_ count: Int, dtype: DType, device: Device) -> Tensor {
    check(count >= 0, .argument, "arange", "the count \(count) must not be negative")
    return index(along: 0, [Swift.max(count, 0)], dtype: dtype, device: device)
  }

  /// In each element its index along `axis`.
  static func index(
    along axis: Int, _ shape: Shape, dtype: DType = .i64, device: Device
  ) -> Tensor {
    apply(.iota(axis: axis, TensorType(dtype, shape)), [], device: device)
  }
}
