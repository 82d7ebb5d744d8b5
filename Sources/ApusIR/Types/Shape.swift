/// The extents of a tensor, outermost axis first. A scalar has the empty shape; an extent may be zero.
public struct Shape: Hashable, Sendable {
  public var extents: [Int]

  @inlinable public init(_ extents: [Int]) { self.extents = extents }

  /// The number of axes.
  @inlinable public var rank: Int { extents.count }

  /// The number of elements: the product of the extents, 1 for a scalar.
  @inlinable public var elementCount: Int {
    var product = 1
    for extent in extents { product *= extent }
    return product
  }

  /// Distance in elements between neighbours along each axis, in row-major order.
  public var rowMajorStrides: [Int] {
    var strides = [Int](repeating: 1, count: rank)
    for axis in stride(from: rank - 2, through: 0, by: -1) {
      strides[axis] = strides[axis + 1] * extents[axis + 1]
    }
    return strides
  }

  /// This shape without the given axes.
  public func removing(axes: [Int]) -> Shape {
    Shape(extents.indices.filter { !axes.contains($0) }.map { extents[$0] })
  }

  /// This shape with extent 1 at the given axes.
  public func keeping(axes: [Int]) -> Shape {
    var result = self
    for axis in axes { result.extents[axis] = 1 }
    return result
  }

  /// The shape both operands broadcast to by NumPy's rule, or nil where they do not fit:
  /// aligned at the last axis, extents are equal or one of them is 1.
  public static func broadcast(_ a: Shape, _ b: Shape) -> Shape? {
    if a == b { return a }
    let rank = Swift.max(a.rank, b.rank)
    var extents = [Int](repeating: 1, count: rank)
    for back in 1..<(rank + 1) {
      let x = back <= a.rank ? a.extents[a.rank - back] : 1
      let y = back <= b.rank ? b.extents[b.rank - back] : 1
      guard x == y || x == 1 || y == 1 else { return nil }
      extents[rank - back] = x == 1 ? y : x
    }
    return Shape(extents)
  }

  /// Whether a tensor of this shape can be broadcast to `target` without changing `target`.
  public func broadcasts(to target: Shape) -> Bool {
    guard rank <= target.rank else { return false }
    for back in stride(from: 1, through: rank, by: 1) {
      let extent = extents[rank - back]
      guard extent == 1 || extent == target.extents[target.rank - back] else { return false }
    }
    return true
  }
}

extension Shape: ExpressibleByArrayLiteral {
  @inlinable public init(arrayLiteral elements: Int...) { self.init(elements) }
}

extension Shape: RandomAccessCollection, MutableCollection {
  @inlinable public var startIndex: Int { 0 }
  @inlinable public var endIndex: Int { extents.count }
  @inlinable public subscript(axis: Int) -> Int {
    get { extents[axis] }
    set { extents[axis] = newValue }
  }
}

extension Shape: CustomStringConvertible {
  public var description: String {
    "[" + extents.map(String.init).joined(separator: ", ") + "]"
  }
}

/// What is known of a tensor before it is computed.
public struct TensorType: Hashable, Sendable {
  public var dtype: DType
  public var shape: Shape

  @inlinable public init(_ dtype: DType, _ shape: Shape) {
    self.dtype = dtype
    self.shape = shape
  }

  public var byteCount: Int { shape.elementCount * dtype.byteCount }
}

extension TensorType: CustomStringConvertible {
  public var description: String { "\(dtype)\(shape)" }
}
