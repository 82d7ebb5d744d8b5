/// Moves fewer elements: movements that do nothing go, two in a row become one, and broadcasts come
/// last, so that other movements work on the smaller tensor.
///
/// No element is changed, so results stay the same to the bit.
struct SimplifyMovement: PeepholePass {
  typealias Value = Program.Value

  init() {}

  mutating func simplify(
    _ instruction: Program.Instruction, _ operands: [Value], in rewriter: inout ProgramRewriter
  ) -> Value? {
    guard let x = operands.first else { return nil }
    let module = instruction.module
    switch instruction.primitive {
    case .broadcast(let shape): return broadcast(x, to: shape, module, &rewriter)
    case .reshape(let shape): return reshape(x, to: shape, module, &rewriter)
    case .transpose(let permutation): return transpose(x, permutation, module, &rewriter)
    case .reverse(let axes): return reverse(x, axes, module, &rewriter)
    case .slice(let slicing): return slice(x, slicing, module, &rewriter)
    case .pad(let padding): return pad(x, padding, module, &rewriter)
    case .concatenate(let axis): return concatenate(operands, axis, module, &rewriter)
    default: return nil
    }
  }

  private func broadcast(
    _ x: Value, to shape: Shape, _ module: String?, _ rewriter: inout ProgramRewriter
  ) -> Value? {
    let source = rewriter.shape(x)
    if source == shape { return x }
    if source.elementCount == shape.elementCount {
      // Only unit axes are new.
      return reshape(x, to: shape, module, &rewriter)
        ?? rewriter.emit(.reshape(shape), [x], module: module)
    }
    guard let inner = rewriter.producer(x) else { return nil }
    switch inner.primitive {
    case .broadcast:
      return rewriter.emit(.broadcast(shape), inner.operands, module: module)
    case .reshape:
      // A reshape that only adds leading unit axes is part of the broadcast.
      let original = rewriter.shape(inner.operands[0])
      guard source.rank > original.rank, Array(source.suffix(original.rank)) == original.extents
      else { return nil }
      return rewriter.emit(.broadcast(shape), inner.operands, module: module)
    default:
      return nil
    }
  }

  private func reshape(
    _ x: Value, to shape: Shape, _ module: String?, _ rewriter: inout ProgramRewriter
  ) -> Value? {
    if rewriter.shape(x) == shape { return x }
    guard let inner = rewriter.producer(x) else { return nil }
    switch inner.primitive {
    case .reshape:
      let original = inner.operands[0]
      return rewriter.shape(original) == shape
        ? original : rewriter.emit(.reshape(shape), [original], module: module)
    case .broadcast(let middle):
      // Only unit axes come and go: the same broadcast of a reshaped source.
      let wide = middle.indices.filter { middle[$0] != 1 }
      guard wide.map({ middle[$0] }) == shape.filter({ $0 != 1 }) else { return nil }
      let source = rewriter.shape(inner.operands[0]).aligned(to: middle.rank)
      var next = wide.makeIterator()
      let narrow = Shape(shape.map { $0 == 1 ? 1 : source[next.next()!] })
      let moved = rewriter.reshaped(inner.operands[0], to: narrow, module: module)
      return rewriter.emit(.broadcast(shape), [moved], module: module)
    default:
      return nil
    }
  }

  private func transpose(
    _ x: Value, _ permutation: [Int], _ module: String?, _ rewriter: inout ProgramRewriter
  ) -> Value? {
    let shape = rewriter.shape(x)
    if permutation == Array(0..<shape.rank) { return x }
    let wide = permutation.filter { shape[$0] != 1 }
    if wide == wide.sorted() {
      // Only unit axes change places.
      let target = Shape(permutation.map { shape[$0] })
      return reshape(x, to: target, module, &rewriter)
        ?? rewriter.emit(.reshape(target), [x], module: module)
    }
    guard let inner = rewriter.producer(x) else { return nil }
    switch inner.primitive {
    case .transpose(let first):
      let both = permutation.map { first[$0] }
      return both == Array(0..<shape.rank)
        ? inner.operands[0] : rewriter.emit(.transpose(both), inner.operands, module: module)
    case .broadcast:
      let source = rewriter.shape(inner.operands[0]).aligned(to: shape.rank)
      let aligned = rewriter.reshaped(inner.operands[0], to: source, module: module)
      let moved = rewriter.emit(.transpose(permutation), [aligned], module: module)
      return rewriter.emit(
        .broadcast(Shape(permutation.map { shape[$0] })), [moved], module: module)
    case .concatenate(let axis) where rewriter.isUsedOnce(x):
      let parts = inner.operands.map {
        rewriter.emit(.transpose(permutation), [$0], module: module)
      }
      return rewriter.emit(
        .concatenate(axis: permutation.firstIndex(of: axis)!), parts, module: module)
    default:
      return nil
    }
  }

  private func reverse(
    _ x: Value, _ axes: [Int], _ module: String?, _ rewriter: inout ProgramRewriter
  ) -> Value? {
    let shape = rewriter.shape(x)
    let needed = axes.filter { shape[$0] > 1 }
    if needed.isEmpty { return x }
    let inner = rewriter.producer(x)
    switch inner?.primitive {
    case .reverse(let first):
      let both = Set(first).symmetricDifference(needed).sorted()
      return both.isEmpty
        ? inner!.operands[0] : rewriter.emit(.reverse(axes: both), inner!.operands, module: module)
    case .broadcast:
      let source = rewriter.shape(inner!.operands[0])
      let added = shape.rank - source.rank
      let left = needed.filter { $0 >= added && source[$0 - added] > 1 }.map { $0 - added }
      if left.isEmpty { return x }
      let moved = rewriter.emit(.reverse(axes: left), inner!.operands, module: module)
      return rewriter.emit(.broadcast(shape), [moved], module: module)
    default:
      return needed.count < axes.count
        ? rewriter.emit(.reverse(axes: needed), [x], module: module) : nil
    }
  }
}

extension Shape {
  /// This shape with leading unit axes up to the given rank.
  func aligned(to rank: Int) -> Shape {
    Shape([Int](repeating: 1, count: rank - self.rank) + extents)
  }
}

extension ProgramRewriter {
  mutating func reshaped(_ value: Value, to shape: Shape, module: String?) -> Value {
    self.shape(value) == shape ? value : emit(.reshape(shape), [value], module: module)
  }

  mutating func broadcast(_ value: Value, to shape: Shape, module: String?) -> Value {
    self.shape(value) == shape ? value : emit(.broadcast(shape), [value], module: module)
  }
}
