// Sources: nodes without tensor operands. `input` and `constant` need no rule of their own.

extension Primitive {
  /// `iota`: element `[i0, …, in]` is the index along `axis`. Any dtype but `bool`.
  func inferIota(
    _ operands: [TensorType], axis: Int, type: TensorType
  ) throws(TensorError) -> TensorType {
    try expect(operands, count: 0)
    try expect(axes: [axis], in: type)
    guard type.dtype != .bool else { throw failure(.dtype, "cannot count in bool") }
    return type
  }

  /// `randomBits`: uniformly random bits by Philox4x32-10 (Salmon et al., 2011).
  ///
  /// Operand: key `i64[2]`, seed and stream. Element `e` in row-major order is made from the block
  /// with counter (e, stream) and key seed: its first word as `i32`, its first two as `i64`
  /// (first word low). The same key gives the same bits on any engine and number of threads.
  func inferRandomBits(
    _ operands: [TensorType], type: TensorType
  ) throws(TensorError) -> TensorType {
    try expect(operands, count: 1)
    guard operands[0] == TensorType(.i64, [2]) else {
      throw failure(.dtype, "the key must be i64[2] (seed, stream), got \(operands[0])")
    }
    guard type.dtype == .i32 || type.dtype == .i64 else {
      throw failure(.dtype, "makes i32 or i64, not \(type.dtype)")
    }
    return type
  }
}
