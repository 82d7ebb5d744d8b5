import ApusIR

/// An operand: dense row-major memory and what lies in it.
struct Dense {
  let pointer: UnsafeRawPointer
  let type: TensorType

  var shape: Shape { type.shape }
  var count: Int { type.shape.elementCount }

  func elements<E: BitwiseCopyable>(_ element: E.Type) -> UnsafePointer<E> {
    pointer.assumingMemoryBound(to: element)
  }
}

/// A result: dense row-major memory to fill.
struct MutableDense {
  let pointer: UnsafeMutableRawPointer
  let type: TensorType

  var shape: Shape { type.shape }
  var count: Int { type.shape.elementCount }

  func elements<E: BitwiseCopyable>(_ element: E.Type) -> UnsafeMutablePointer<E> {
    pointer.assumingMemoryBound(to: element)
  }

  func copy(_ source: Dense) {
    pointer.copyMemory(from: source.pointer, byteCount: type.byteCount)
  }
}

/// A shape seen from one axis: element `[o, i, j]` of `[outer, extent, inner]`.
struct AxisView {
  let outer: Int
  let extent: Int
  let inner: Int

  init(_ shape: Shape, axis: Int) {
    outer = shape.extents[..<axis].reduce(1, *)
    extent = shape[axis]
    inner = shape.extents[(axis + 1)...].reduce(1, *)
  }
}

/// Visits all positions of `extents` in row-major order, with their offsets by two sets of strides.
@inline(__always)
func forEachPosition(
  _ extents: [Int], _ firstStrides: [Int], _ secondStrides: [Int], _ body: (Int, Int) -> Void
) {
  guard let last = extents.last else { return body(0, 0) }
  if extents.contains(0) { return }
  let axes = extents.count - 1
  var index = [Int](repeating: 0, count: axes)
  var (first, second) = (0, 0)
  let (firstStep, secondStep) = (firstStrides[axes], secondStrides[axes])
  while true {
    for position in 0..<last {
      body(first + position * firstStep, second + position * secondStep)
    }
    var axis = axes - 1
    while axis >= 0 {
      index[axis] += 1
      first += firstStrides[axis]
      second += secondStrides[axis]
      if index[axis] < extents[axis] { break }
      first -= firstStrides[axis] * extents[axis]
      second -= secondStrides[axis] * extents[axis]
      index[axis] = 0
      axis -= 1
    }
    if axis < 0 { return }
  }
}
