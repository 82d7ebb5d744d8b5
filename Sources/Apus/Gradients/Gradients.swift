// Derivatives. All are graphs of ordinary operations, so they can be differentiated again.

import ApusIR

/// The gradients of a scalar with respect to `targets`: tensors anywhere in its graph.
///
/// A target that `loss` does not depend on gets zeros.
/// - Throws: `TensorError` where `loss` is no floating-point scalar, where a target is a number in
///   the source, or where an operation on the way has no gradient; it names the operation and the
///   module path.
public func gradients(of loss: Tensor, for targets: [Tensor]) throws(TensorError) -> [Tensor] {
  guard loss.elementCount == 1 else {
    throw TensorError(
      .shape, operation: "gradients", "the loss must be one number, its shape is \(loss.shape)",
      hint: "reduce it, for instance with .mean(), or give a seed.")
  }
  return try gradients(of: [loss], seeds: [loss.onesLike()], for: targets)
}

/// The gradients of a scalar with respect to parameters, in their order.
public func gradients(of loss: Tensor, for parameters: [Parameter]) throws(TensorError) -> [Tensor] {
  try gradients(of: loss, for: parameters.map(\.value))
}

/// The gradients of `outputs`, each weighted by its seed: the product of the seeds with the
/// Jacobian.
public func gradients(
  of outputs: [Tensor], seeds: [Tensor], for targets: [Tensor]
) throws(TensorError) -> [Tensor] {
  for target in targets where target.number != nil {
    throw TensorError(
      .gradient, operation: "gradients",
      "\(target.number!) is a number in the source, which no operation keeps apart",
      hint: "make it a tensor with a dtype: Tensor(\(target.number!), dtype: .f32).")
  }
  let found = try Gradients.compute(
    of: outputs.map(\.node), seeds: seeds.map(\.node), for: targets.map(\.node))
  return found.map { Tensor($0) }
}

/// The gradient of the scalar `function(point)`.
public func gradient(
  at point: Tensor, in function: (Tensor) -> Tensor
) throws(TensorError) -> Tensor {
  try valueAndGradient(at: point, in: function).gradient
}

/// `function(point)`, a scalar, and its gradient.
public func valueAndGradient(
  at point: Tensor, in function: (Tensor) -> Tensor
) throws(TensorError) -> (value: Tensor, gradient: Tensor) {
  let point = point.differentiable
  let value = function(point)
  return (value, try gradients(of: value, for: [point])[0])
}

/// `function(points)`, a scalar, and its gradients.
public func valueAndGradients(
  at points: [Tensor], in function: ([Tensor]) -> Tensor
) throws(TensorError) -> (value: Tensor, gradients: [Tensor]) {
  let points = points.map(\.differentiable)
  let value = function(points)
  return (value, try gradients(of: value, for: points))
}

/// `function(point)` and the product of `seed` with its Jacobian there (vector-Jacobian product).
public func vjp(
  at point: Tensor, seed: Tensor, in function: (Tensor) -> Tensor
) throws(TensorError) -> (value: Tensor, product: Tensor) {
  let point = point.differentiable
  let value = function(point)
  let seed = seed.matched(value.type, device: value.device)
  return (value, try gradients(of: [value], seeds: [seed], for: [point])[0])
}

/// `function(point)` and the product of its Jacobian there with `tangent` (Jacobian-vector product).
///
/// By two vector-Jacobian products: the first is linear in its seed, and the second, with respect to
/// that seed, is its transpose.
public func jvp(
  at point: Tensor, tangent: Tensor, in function: (Tensor) -> Tensor
) throws(TensorError) -> (value: Tensor, product: Tensor) {
  let point = point.differentiable
  let value = function(point)
  let seed = value.zerosLike().differentiable
  let transposed = try gradients(of: [value], seeds: [seed], for: [point])[0]
  let tangent = tangent.matched(point.type, device: point.device)
  return (value, try gradients(of: [transposed], seeds: [tangent], for: [seed])[0])
}

/// The product of the Hessian of the scalar `function` at `point` with `vector`.
public func hvp(
  at point: Tensor, vector: Tensor, in function: (Tensor) -> Tensor
) throws(TensorError) -> Tensor {
  let point = point.differentiable
  let slope = try gradients(of: function(point), for: [point])[0]
  let vector = vector.matched(point.type, device: point.device)
  return try gradients(of: [slope], seeds: [vector], for: [point])[0]
}

extension Tensor {
  /// The same value as a node of its own, a floating-point number in the source included.
  fileprivate var differentiable: Tensor {
    let floating = number == nil ? self : matched(TensorType(.defaultFloating, []), device: device)
    return .apply(.barrier, [floating])
  }
}
