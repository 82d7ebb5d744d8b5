import ApusIR

// Index expressions that are sums of loop variables, and their division where ranges allow it.
extension Kernel.Index {
  static func variable(_ variable: Int) -> Kernel.Index {
    Kernel.Index(terms: [Term(variable, stride: 1)])
  }

  static func constant(_ offset: Int) -> Kernel.Index { Kernel.Index(offset: offset) }

  func scaled(by factor: Int) -> Kernel.Index {
    if factor == 1 { return self }
    if factor == 0 { return .constant(0) }
    var result = self
    result.offset *= factor
    for index in result.terms.indices { result.terms[index].stride *= factor }
    for index in result.dynamic.indices { result.dynamic[index].stride *= factor }
    return result
  }

  static func + (a: Kernel.Index, b: Kernel.Index) -> Kernel.Index {
    var result = a
    result.offset += b.offset
    for term in b.terms {
      if let index = result.terms.firstIndex(where: { $0.variable == term.variable }) {
        result.terms[index].stride += term.stride
        if result.terms[index].stride == 0 { result.terms.remove(at: index) }
      } else {
        let place = result.terms.firstIndex { $0.variable > term.variable }
        result.terms.insert(term, at: place ?? result.terms.endIndex)
      }
    }
    result.dynamic += b.dynamic
    return result
  }

  /// The least and greatest value, for variables in 0..<extent; no dynamic terms.
  func range(_ extents: [Int]) -> ClosedRange<Int> {
    var (low, high) = (offset, offset)
    for term in terms {
      let reach = term.stride * Swift.max(extents[term.variable] - 1, 0)
      if reach < 0 { low += reach } else { high += reach }
    }
    return low...high
  }

  /// Quotient and remainder by a positive number, where both are sums of variables again.
  func dividing(by divisor: Int, extents: [Int]) -> (quotient: Kernel.Index, remainder: Kernel.Index)? {
    guard dynamic.isEmpty else { return nil }
    var quotient = Kernel.Index()
    var remainder = Kernel.Index()
    for term in terms {
      if term.stride % divisor == 0 {
        quotient.terms.append(Term(term.variable, stride: term.stride / divisor))
      } else {
        remainder.terms.append(term)
      }
    }
    let whole = Int((Double(offset) / Double(divisor)).rounded(.down))
    quotient.offset = whole
    remainder.offset = offset - whole * divisor
    let range = remainder.range(extents)
    let turns = range.lowerBound >= 0 ? range.lowerBound / divisor : -((-range.lowerBound + divisor - 1) / divisor)
    quotient.offset += turns
    remainder.offset -= turns * divisor
    guard range.upperBound - turns * divisor < divisor else { return nil }
    return (quotient, remainder)
  }

  /// The position in a dense block of the given shape.
  static func linear(_ indices: [Kernel.Index], in shape: Shape) -> Kernel.Index {
    linear(indices, strides: shape.rowMajorStrides)
  }

  static func linear(_ indices: [Kernel.Index], strides: [Int], offset: Int = 0) -> Kernel.Index {
    var result = Kernel.Index.constant(offset)
    for (index, stride) in zip(indices, strides) { result = result + index.scaled(by: stride) }
    return result
  }

  /// Indices into `source` for indices into a reshaped `target` of as many elements, or nil where
  /// they are no sums of variables.
  static func reshaping(
    _ indices: [Kernel.Index], from target: Shape, to source: Shape, extents: [Int]
  ) -> [Kernel.Index]? {
    if target == source { return indices }
    var result = [Kernel.Index](repeating: .constant(0), count: source.rank)
    var (t, s) = (0, 0)
    while t < target.rank || s < source.rank {
      // The smallest groups of neighbouring axes with as many elements on both sides.
      let (firstT, firstS) = (t, s)
      var (sizeT, sizeS) = (1, 1)
      repeat {
        if (sizeT <= sizeS && t < target.rank) || s == source.rank {
          sizeT *= target[t]
          t += 1
        } else {
          sizeS *= source[s]
          s += 1
        }
      } while sizeT != sizeS && (t < target.rank || s < source.rank)
      let group = Shape(Array(target[firstT..<t]))
      var rest = linear(Array(indices[firstT..<t]), in: group)
      for axis in stride(from: s - 1, to: firstS, by: -1) where source[axis] != 1 {
        guard let (quotient, remainder) = rest.dividing(by: source[axis], extents: extents) else {
          return nil
        }
        result[axis] = remainder
        rest = quotient
      }
      if firstS < s {
        if source[firstS] != 1 { result[firstS] = rest }
      }
    }
    return result
  }
}
