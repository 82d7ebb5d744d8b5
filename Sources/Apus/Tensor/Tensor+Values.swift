// Reading computes.

import ApusIR
import ApusRuntime

/// Computes the values of `tensors` together, which is cheaper than one after the other.
///
/// - Throws: `TensorError` where an operation fails, for instance on a singular matrix.
public func eval(_ tensors: [Tensor]) throws {
  EngineSetup.prepare()
  try Evaluation.evaluate(tensors.map(\.node))
}

/// Computes the values of `tensors` together, which is cheaper than one after the other.
///
/// - Throws: `TensorError` where an operation fails, for instance on a singular matrix.
public func eval(_ tensors: Tensor...) throws { try eval(tensors) }

extension Tensor {
  /// The value, computed, as data that does not remember what it was computed from. In a loop that
  /// feeds a result back this keeps the graph from growing; gradients do not flow through.
  public func evaluated() throws -> Tensor {
    try eval(self)
    return Tensor(Node(type, buffer: buffer(), device: device))
  }

  /// All elements in row-major order, converted to `Element`: `x.array(of: Float.self)`.
  public func array<Element: TensorScalar>(of type: Element.Type = Element.self) -> [Element] {
    buffer().converted(from: dtype, count: elementCount, to: type)
  }

  /// The only element: `loss.scalar(as: Float.self)`. Traps where there are several.
  public func scalar<Element: TensorScalar>(as type: Element.Type = Element.self) -> Element {
    guard
      check(
        elementCount == 1, .shape, "scalar", "shape \(shape) has \(elementCount) elements, not one",
        hint: "reduce the tensor, for instance with .mean(), or read it with .array().")
    else { return Element(scalar: .integer(0)) }
    return array(of: type)[0]
  }

  /// The only element as a `Double`. Traps where there are several.
  public var item: Double { scalar(as: Double.self) }

  /// The bytes of all elements in row-major order and native byte order.
  public func withBytes<Result>(
    _ body: (UnsafeRawBufferPointer) throws -> Result
  ) rethrows -> Result {
    let buffer = buffer()
    defer { withExtendedLifetime(buffer) {} }
    return try body(UnsafeRawBufferPointer(start: buffer.pointer, count: type.byteCount))
  }

  /// This tensor's value as data, computed if need be; a mistake is reported.
  func buffer() -> Buffer {
    if let known = node.buffer { return known }
    do {
      try eval(self)
    } catch let error as TensorError {
      TensorErrors.report(error)
    } catch {
      TensorErrors.report(TensorError(.engine, operation: "eval", "\(error)"))
    }
    return node.buffer ?? Tensor.zeroBuffer(type)
  }

  private static func zeroBuffer(_ type: TensorType) -> Buffer {
    let buffer = Buffer(byteCount: type.byteCount)
    buffer.pointer.initializeMemory(as: UInt8.self, repeating: 0, count: type.byteCount)
    return buffer
  }
}
