// Numbers and nested lists in the source are tensors where one is expected: `x * 2`,
// `let identity: Tensor = [[1, 0], [0, 1]]`.

import ApusIR

extension Tensor: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral
{
  public init(floatLiteral value: Double) { self.init(number: .floating(value)) }
  public init(integerLiteral value: Int) { self.init(number: .integer(Int64(value))) }
  public init(booleanLiteral value: Bool) { self.init(number: .bool(value)) }
}

extension Tensor: ExpressibleByArrayLiteral {
  /// The elements stacked along a new first axis. Numbers become data of their common dtype
  /// (`f32` where one is floating, else `i64`, else `bool`); `[]` is an empty `f32`.
  public init(arrayLiteral elements: Tensor...) {
    let numbers = elements.compactMap(\.number)
    guard numbers.count == elements.count else {
      self = Tensor.joiningLiteral(elements)
      return
    }
    self = Tensor.data(numbers, dtype: elements.isEmpty ? .f32 : Tensor.commonDType(elements))
  }

  private static func data(_ numbers: [Scalar], dtype: DType) -> Tensor {
    func make<Element: TensorScalar>(_ type: Element.Type) -> Tensor {
      let buffer = Buffer(copying: numbers.map { Element(scalar: $0) })
      return Tensor(Node(TensorType(dtype, [numbers.count]), buffer: buffer))
    }
    return make(dtype.scalarType)
  }

  /// Rows of a nested literal are joined as data where all are, else by an operation.
  private static func joiningLiteral(_ rows: [Tensor]) -> Tensor {
    let first = rows[0]
    let areData = rows.allSatisfy { row in
      row.node.isLeaf && row.node.buffer != nil && row.shape == first.shape
    }
    guard areData else { return stacked(rows, axis: 0) }
    let type = TensorType(commonDType(rows), Shape([rows.count] + first.shape.extents))
    let buffer = Buffer(byteCount: type.byteCount)
    func fill<Element: TensorScalar>(_ element: Element.Type) {
      let target = buffer.elements(as: Element.self)
      var position = 0
      for row in rows {
        for value in row.array(of: Element.self) {
          target[position] = value
          position += 1
        }
      }
    }
    fill(type.dtype.scalarType)
    return Tensor(Node(type, buffer: buffer))
  }
}
