import ApusIR

/// How the movement primitives map an index of the result to an index of the operand.
enum Movement {
  /// nil where the map is no sum of loop variables, or the primitive is not a mere movement.
  static func operandIndices(
    _ primitive: Primitive, _ indices: [Kernel.Index], result: Shape, operand: Shape,
    extents: [Int]
  ) -> [Kernel.Index]? {
    switch primitive {
    case .broadcast:
      let added = result.rank - operand.rank
      return operand.indices.map { operand[$0] == 1 ? .constant(0) : indices[$0 + added] }
    case .reshape:
      return Kernel.Index.reshaping(indices, from: result, to: operand, extents: extents)
    case .transpose(let permutation):
      var moved = indices
      for (position, axis) in permutation.enumerated() { moved[axis] = indices[position] }
      return moved
    case .slice(let slicing):
      return indices.enumerated().map { axis, index in
        index.scaled(by: slicing.strides[axis]) + .constant(slicing.starts[axis])
      }
    case .reverse(let axes):
      return indices.enumerated().map { axis, index in
        axes.contains(axis) ? .constant(operand[axis] - 1) + index.scaled(by: -1) : index
      }
    default: return nil
    }
  }
}
