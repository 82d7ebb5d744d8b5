// PyTorch's type promotion. A tensor with axes outweighs a scalar tensor, and that a weakly typed
// number: the lighter one changes the dtype only where it is of a higher category.

import ApusIR

extension Tensor {
  private enum Weight: Int, CaseIterable {
    case number, scalar, array
  }

  private var weight: Weight {
    if number != nil { return .number }
    return rank == 0 ? .scalar : .array
  }

  /// The dtype in which these tensors meet.
  static func commonDType(_ tensors: [Tensor]) -> DType {
    var common: DType?
    for weight in Weight.allCases {
      var level: DType?
      for tensor in tensors where tensor.weight == weight {
        level = level.map { DType.promote($0, tensor.dtype) } ?? tensor.dtype
      }
      guard let level else { continue }
      common = common.map { combine(heavier: level, lighter: $0) } ?? level
    }
    return common ?? .defaultFloating
  }

  private static func combine(heavier: DType, lighter: DType) -> DType {
    heavier.category >= lighter.category ? heavier : DType.promote(heavier, lighter)
  }

  /// The operands in one type: their common dtype, or the default floating dtype where only
  /// floating will do, and the shape they broadcast to.
  static func matched(
    _ tensors: [Tensor], _ operation: String, floating: Bool = false
  ) -> [Tensor] {
    var dtype = commonDType(tensors)
    if floating && !dtype.isFloating { dtype = .defaultFloating }
    return broadcast(tensors, operation, dtype: dtype)
  }

  /// The operands broadcast together, all but numbers with their own dtype if `dtype` is nil.
  static func broadcast(_ tensors: [Tensor], _ operation: String, dtype: DType?) -> [Tensor] {
    var shape = tensors[0].shape
    for tensor in tensors.dropFirst() {
      guard let common = Shape.broadcast(shape, tensor.shape) else {
        check(
          false, .shape, operation,
          "shapes \(shape) and \(tensor.shape) cannot be broadcast together",
          hint: "aligned at the last axis, extents must be equal or 1.")
        return tensors.map { .standIn(TensorType(dtype ?? $0.dtype, shape)) }
      }
      shape = common
    }
    let device = tensors.first { $0.number == nil }?.device ?? .current
    return tensors.map { $0.matched(TensorType(dtype ?? $0.dtype, shape), device: device) }
  }

  /// This tensor in another dtype and, by broadcasting, shape. A number becomes a constant.
  func matched(_ type: TensorType, device: Device) -> Tensor {
    if let number {
      if type == self.type && device == self.device { return Tensor(node) }
      return Tensor(Node.constant(number, type, device: device))
    }
    return to(type.dtype).expanded(to: type.shape)
  }
}
