// The way from an operation's mistake to the one checker, `TensorErrors`.

import ApusIR

/// Runs `body`. A mistake traps with its full sentence, or, inside `withTensorErrors`, is kept and
/// `standIn` takes the place of the result so that the code can run on.
func checked<Result>(
  as operation: String? = nil, standIn: @autoclosure () -> Result,
  _ body: () throws(TensorError) -> Result
) -> Result {
  do throws(TensorError) {
    return try body()
  } catch {
    var error = error
    if let operation { error.operation = operation }
    TensorErrors.report(error)
    return standIn()
  }
}

/// Reports a mistake unless `condition` holds; returns whether it does.
@discardableResult
package func check(
  _ condition: Bool, _ kind: TensorError.Kind, _ operation: String,
  _ message: @autoclosure () -> String, hint: @autoclosure () -> String? = nil
) -> Bool {
  if condition { return true }
  TensorErrors.report(TensorError(kind, operation: operation, message(), hint: hint()))
  return false
}

extension Tensor {
  /// The result of a primitive. `standIn` is the type that the result would have had.
  static func apply(
    _ primitive: Primitive, _ operands: [Tensor], as operation: String? = nil,
    device: Device? = nil, standIn: @autoclosure () -> TensorType? = nil
  ) -> Tensor {
    checked(
      as: operation, standIn: .standIn(standIn() ?? operands.first?.type ?? TensorType(.f32, []))
    ) { () throws(TensorError) in
      Tensor(try Node(primitive, operands.map(\.node), device: device))
    }
  }

  /// Zeros in place of a result that could not be made.
  static func standIn(_ type: TensorType) -> Tensor {
    Tensor(Node.constant(.integer(0), type, device: .current))
  }

  /// Axes counted from the front; negative ones count from the end. All axes for nil.
  func normalized(_ axes: [Int]?, _ operation: String) -> [Int] {
    guard let axes else { return Array(0..<rank) }
    let result = axes.map { normalized($0, operation) }
    guard Set(result).count == result.count else {
      check(false, .argument, operation, "axes \(axes) name one axis of shape \(shape) twice")
      return Array(Set(result)).sorted()
    }
    return result
  }

  /// An axis counted from the front; a negative one counts from the end.
  /// - Parameter extra: how many axes more than the shape has may be named.
  func normalized(_ axis: Int, _ operation: String, extra: Int = 0) -> Int {
    let count = rank + extra
    let result = axis < 0 ? axis + count : axis
    guard result >= 0 && result < count else {
      check(
        false, .index, operation, "axis \(axis) is out of range for shape \(shape) of rank \(rank)",
        hint: count == 0
          ? "a scalar has no axes." : "use an axis in \(-count)...\(count - 1).")
      return 0
    }
    return result
  }
}

/// Runs `body` and throws the first mistake in its tensor code, which would trap outside.
///
/// After the mistake `body` runs on, with stand-ins for the results that could not be made.
public func withTensorErrors<Result>(_ body: () throws -> Result) throws -> Result {
  try TensorErrors.collect(body)
}

/// Runs `body` with `device` as the place of the tensors it makes.
public func withDevice<Result>(_ device: Device, _ body: () throws -> Result) rethrows -> Result {
  try Device.$current.withValue(device, operation: body)
}
