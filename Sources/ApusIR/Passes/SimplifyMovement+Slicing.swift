// The rules for slice, pad and concatenate. Empty results are constants by now.

extension SimplifyMovement {
  func slice(
    _ x: Value, _ slicing: Slicing, _ module: String?, _ rewriter: inout ProgramRewriter
  ) -> Value? {
    let shape = rewriter.shape(x)
    let kept = Shape(shape.indices.map { slicing.extent($0) })
    if kept == shape { return x }
    guard let inner = rewriter.producer(x), kept.elementCount > 0 else { return nil }
    let source = inner.operands.first.map { rewriter.shape($0) }
    switch inner.primitive {
    case .slice(let first):
      var both = slicing
      for axis in shape.indices {
        both.starts[axis] = first.starts[axis] + slicing.starts[axis] * first.strides[axis]
        both.strides[axis] = kept[axis] == 1 ? 1 : first.strides[axis] * slicing.strides[axis]
        both.ends[axis] = both.starts[axis] + (kept[axis] - 1) * both.strides[axis] + 1
      }
      return rewriter.emit(.slice(both), inner.operands, module: module)
    case .broadcast:
      // Along repeated axes the slice only changes how often.
      guard let source else { return nil }
      let added = shape.rank - source.rank
      var narrow = Slicing(starts: source.map { _ in 0 }, ends: source.extents)
      for axis in source.indices where source[axis] > 1 {
        narrow.starts[axis] = slicing.starts[axis + added]
        narrow.ends[axis] = slicing.ends[axis + added]
        narrow.strides[axis] = slicing.strides[axis + added]
      }
      let whole = source.indices.allSatisfy { narrow.extent($0) == source[$0] }
      let moved =
        whole ? inner.operands[0] : rewriter.emit(.slice(narrow), inner.operands, module: module)
      return rewriter.broadcast(moved, to: kept, module: module)
    case .pad(let padding):
      guard let source, let within = slicing.inside(padding, of: source, kept: kept) else {
        return nil
      }
      let whole = source.indices.allSatisfy { within.extent($0) == source[$0] }
      return whole
        ? inner.operands[0] : rewriter.emit(.slice(within), inner.operands, module: module)
    case .concatenate(let axis):
      var start = 0
      for operand in inner.operands {
        let end = start + rewriter.shape(operand)[axis]
        defer { start = end }
        let last = slicing.starts[axis] + (kept[axis] - 1) * slicing.strides[axis]
        guard slicing.starts[axis] >= start, last < end else { continue }
        var part = slicing
        part.starts[axis] -= start
        part.ends[axis] = last - start + 1
        let whole = kept == rewriter.shape(operand)
        return whole ? operand : rewriter.emit(.slice(part), [operand], module: module)
      }
      return nil
    default:
      return nil
    }
  }

  func pad(
    _ x: Value, _ padding: Padding, _ module: String?, _ rewriter: inout ProgramRewriter
  ) -> Value? {
    let shape = rewriter.shape(x)
    if shape.indices.allSatisfy({ padding.extent($0, of: shape[$0]) == shape[$0] }) { return x }
    guard let inner = rewriter.producer(x), case .pad(let first) = inner.primitive,
      first.value == padding.value, padding.interior.allSatisfy({ $0 == 0 })
    else { return nil }
    var both = first
    for axis in shape.indices {
      both.low[axis] += padding.low[axis]
      both.high[axis] += padding.high[axis]
    }
    return rewriter.emit(.pad(both), inner.operands, module: module)
  }

  func concatenate(
    _ operands: [Value], _ axis: Int, _ module: String?, _ rewriter: inout ProgramRewriter
  ) -> Value? {
    var parts: [Value] = []
    for operand in operands where rewriter.shape(operand)[axis] > 0 {
      if let inner = rewriter.producer(operand), inner.primitive == .concatenate(axis: axis),
        rewriter.isUsedOnce(operand)
      {
        parts += inner.operands
      } else if let last = parts.last,
        let joined = join(last, operand, axis, module, &rewriter)
      {
        parts[parts.count - 1] = joined
      } else {
        parts.append(operand)
      }
    }
    if parts == operands && parts.count > 1 || parts.isEmpty {
      return mergeLater(operands, axis, module, &rewriter)
    }
    if parts.count == 1 { return parts[0] }
    return rewriter.emit(.concatenate(axis: axis), parts, module: module)
  }

  /// A concatenation of tensors that are all reshaped from more axes, `[…, n, k]` to `[…, n · k]`,
  /// along that axis: first side by side, then reshaped. Parts are then written by plain strides.
  private func mergeLater(
    _ operands: [Value], _ axis: Int, _ module: String?, _ rewriter: inout ProgramRewriter
  ) -> Value? {
    var sources: [Value] = []
    var common: [Int]?
    for operand in operands {
      guard let inner = rewriter.producer(operand), case .reshape = inner.primitive else { return nil }
      let merged = rewriter.shape(operand).extents
      let split = rewriter.shape(inner.operands[0]).extents
      guard split.count == merged.count + 1, split[..<axis] == merged[..<axis],
        split[axis] * split[axis + 1] == merged[axis],
        split[(axis + 2)...] == merged[(axis + 1)...], split[axis + 1] > 1
      else { return nil }
      var rest = split
      rest[axis] = 0
      guard common ?? rest == rest else { return nil }
      common = rest
      sources.append(inner.operands[0])
    }
    guard sources.count > 1 else { return nil }
    var shape = rewriter.shape(operands[0])
    shape.extents[axis] = operands.reduce(0) { $0 + rewriter.shape($1)[axis] }
    let whole = rewriter.emit(.concatenate(axis: axis), sources, module: module)
    return rewriter.emit(.reshape(shape), [whole], module: module)
  }

  /// Two neighbouring slices of one tensor as one slice, or the whole tensor.
  private func join(
    _ a: Value, _ b: Value, _ axis: Int, _ module: String?, _ rewriter: inout ProgramRewriter
  ) -> Value? {
    guard let first = rewriter.producer(a), case .slice(var slicing) = first.primitive,
      let second = rewriter.producer(b), case .slice(let next) = second.primitive,
      first.operands == second.operands, slicing.ends[axis] == next.starts[axis],
      slicing.strides[axis] == 1, next.strides[axis] == 1
    else { return nil }
    let source = rewriter.shape(first.operands[0])
    for other in source.indices where other != axis {
      guard slicing.starts[other] == next.starts[other], slicing.ends[other] == next.ends[other],
        slicing.strides[other] == next.strides[other]
      else { return nil }
    }
    slicing.ends[axis] = next.ends[axis]
    if source.indices.allSatisfy({ slicing.extent($0) == source[$0] }) { return first.operands[0] }
    return rewriter.emit(.slice(slicing), first.operands, module: module)
  }
}

extension Slicing {
  /// The slice of the tensor before padding that gives the same elements, where none is padding.
  fileprivate func inside(_ padding: Padding, of source: Shape, kept: Shape) -> Slicing? {
    var result = self
    for axis in source.indices {
      let spread = padding.interior[axis] + 1
      let first = starts[axis] - padding.low[axis]
      guard first >= 0, first % spread == 0, kept[axis] == 1 || strides[axis] % spread == 0 else {
        return nil
      }
      result.starts[axis] = first / spread
      result.strides[axis] = kept[axis] == 1 ? 1 : strides[axis] / spread
      result.ends[axis] = result.starts[axis] + (kept[axis] - 1) * result.strides[axis] + 1
      guard result.ends[axis] <= source[axis] else { return nil }
    }
    return result
  }
}
