// Short forms for building gradient expressions. Operands have one type; nothing is broadcast.

extension Node {
  /// This number in every element of this node's type.
  func filled(_ value: Double) throws(TensorError) -> Node {
    try Node.constant(.floating(value), type, device: device)
  }

  static func constant(
    _ value: Scalar, _ type: TensorType, device: Device? = nil
  ) throws(TensorError) -> Node {
    try Node(.constant(value.converted(to: type.dtype), type), device: device)
  }

  static func zeros(_ type: TensorType, device: Device) throws(TensorError) -> Node {
    try constant(.integer(0), type, device: device)
  }

  static func orZeros(_ node: Node?, like other: Node) throws(TensorError) -> Node {
    if let node { return node }
    return try zeros(other.type, device: other.device)
  }

  var isZero: Bool { constant.map { $0.double == 0 } ?? false }

  static func + (a: Node, b: Node) throws(TensorError) -> Node {
    if a.isZero { return b }
    if b.isZero { return a }
    return try Node(.binary(.add), [a, b])
  }

  static func - (a: Node, b: Node) throws(TensorError) -> Node {
    if b.isZero { return a }
    return try Node(.binary(.subtract), [a, b])
  }

  static func * (a: Node, b: Node) throws(TensorError) -> Node {
    if let one = a.constant, one.double == 1 { return b }
    if let one = b.constant, one.double == 1 { return a }
    return try Node(.binary(.multiply), [a, b])
  }

  static func * (a: Double, b: Node) throws(TensorError) -> Node { try b.filled(a) * b }
  static func + (a: Double, b: Node) throws(TensorError) -> Node { try b.filled(a) + b }
  static func - (a: Double, b: Node) throws(TensorError) -> Node { try b.filled(a) - b }

  static func / (a: Node, b: Node) throws(TensorError) -> Node {
    try Node(.binary(.divide), [a, b])
  }

  func applying(_ op: Unary) throws(TensorError) -> Node { try Node(.unary(op), [self]) }

  func compared(_ op: Comparison, _ other: Node) throws(TensorError) -> Node {
    try Node(.compare(op), [self, other])
  }

  /// `whenTrue` where this node, a `bool`, is true.
  func select(_ whenTrue: Node, _ whenFalse: Node) throws(TensorError) -> Node {
    try Node(.select, [self, whenTrue, whenFalse])
  }

  func cast(_ dtype: DType) throws(TensorError) -> Node {
    dtype == self.dtype ? self : try Node(.cast(dtype), [self])
  }

  func reshaped(_ shape: Shape) throws(TensorError) -> Node {
    shape == self.shape ? self : try Node(.reshape(shape), [self])
  }

  func broadcast(_ shape: Shape) throws(TensorError) -> Node {
    shape == self.shape ? self : try Node(.broadcast(shape), [self])
  }

  func transposed(_ permutation: [Int]) throws(TensorError) -> Node {
    permutation == Array(0..<shape.rank) ? self : try Node(.transpose(permutation), [self])
  }

  func reduced(_ op: Reduction, axes: [Int]) throws(TensorError) -> Node {
    axes.isEmpty ? self : try Node(.reduce(op, axes: axes), [self])
  }

  func sliced(_ axis: Int, _ range: Range<Int>) throws(TensorError) -> Node {
    var slicing = Slicing(starts: shape.map { _ in 0 }, ends: shape.extents)
    slicing.starts[axis] = range.lowerBound
    slicing.ends[axis] = range.upperBound
    return try Node(.slice(slicing), [self])
  }

  /// Adds elements before and after along one axis.
  func padded(_ axis: Int, low: Int, high: Int, value: Scalar) throws(TensorError) -> Node {
    var padding = Padding(low: shape.map { _ in 0 }, high: shape.map { _ in 0 }, value: value)
    padding.low[axis] = low
    padding.high[axis] = high
    return try Node(.pad(padding), [self])
  }
}

extension Array where Element == Int {
  /// The permutation that undoes this one.
  var inversePermutation: [Int] {
    var inverse = self
    for (position, axis) in enumerated() { inverse[axis] = position }
    return inverse
  }
}
