/// A change of all gradients before the optimizer sees them.
public struct GradientTransform: Sendable {
  /// The new gradients, of the same shapes and dtypes.
  let apply: @Sendable (_ parameters: [TrainedParameter]) -> [Tensor]
  /// Whether a row without a gradient is left without one.
  let keepsRows: Bool

  /// - Parameter keepsRows: whether a row without a gradient is left without one, and what it does to
  ///   others does not depend on such rows.
  public init(
    keepsRows: Bool = false, _ apply: @escaping @Sendable (_ parameters: [TrainedParameter]) -> [Tensor]
  ) {
    self.apply = apply
    self.keepsRows = keepsRows
  }

  private init(
    keepsRows: Bool = true, each change: @escaping @Sendable (TrainedParameter) -> Tensor
  ) {
    self.init(keepsRows: keepsRows) { $0.map(change) }
  }

  /// Scaled down together so that their common norm is at most `norm` (Pascanu et al., 2013;
  /// `clip_grad_norm_`).
  public static func clip(norm: Double) -> GradientTransform {
    GradientTransform(keepsRows: true) { parameters in
      let squares = parameters.map { squaredNorm($0.gradient) }
      guard let first = squares.first else { return [] }
      let total = sqrt(squares.dropFirst().reduce(first) { $0 + $1 })
      return parameters.map { $0.gradient * factor(norm, total).to($0.gradient.dtype) }
    }
  }

  /// Each scaled down so that its own norm is at most `norm`.
  public static func clip(eachNorm norm: Double) -> GradientTransform {
    GradientTransform(each: { parameter in
      let own = sqrt(squaredNorm(parameter.gradient))
      return parameter.gradient * factor(norm, own).to(parameter.gradient.dtype)
    })
  }

  /// Each element between -value and value (`clip_grad_value_`).
  public static func clip(value: Double) -> GradientTransform {
    GradientTransform(each: { $0.gradient.clamped(Tensor(-value), Tensor(value)) })
  }

  /// Adds `factor` times the parameter, the gradient of factor / 2 · ‖parameter‖² (L2 regularisation;
  /// PyTorch's `weight_decay` but for AdamW's).
  public static func decay(_ factor: Double) -> GradientTransform {
    GradientTransform(keepsRows: false, each: { $0.gradient + $0.value * Tensor(factor) })
  }

  /// Adds `factor` times the parameter's sign, the gradient of factor · ‖parameter‖₁ (L1
  /// regularisation).
  public static func l1(_ factor: Double) -> GradientTransform {
    GradientTransform(keepsRows: false, each: { $0.gradient + sign($0.value) * Tensor(factor) })
  }

  /// Gradients of matrices and kernels without their mean over all axes but the first (Yong et al.,
  /// 2020).
  public static let centralize = GradientTransform(each: { parameter in
    let gradient = parameter.gradient
    guard gradient.rank > 1 else { return gradient }
    return gradient - gradient.mean(axes: Array(1..<gradient.rank), keepDims: true)
  })

  private static func squaredNorm(_ gradient: Tensor) -> Tensor {
    let wide = gradient.to(gradient.dtype.accumulator)
    return (wide * wide).sum()
  }

  private static func factor(_ limit: Double, _ norm: Tensor) -> Tensor {
    minimum(Tensor(limit) / (norm + 1e-6), 1)
  }
}

/// An optimizer that sees transformed gradients; made by `after`.
public struct TransformedOptimizer: OptimizerWrapper {
  private let transforms: [GradientTransform]
  public let base: any Optimizer

  init(_ transforms: [GradientTransform], _ base: any Optimizer) {
    self.transforms = transforms
    self.base = base
  }

  public func updated(
    _ parameters: [TrainedParameter], numbers: [Tensor], step: Int
  ) -> [TrainedParameter] {
    var parameters = parameters
    for transform in transforms {
      let gradients = transform.apply(parameters)
      for index in parameters.indices { parameters[index].gradient = gradients[index] }
    }
    return base.updated(parameters, numbers: numbers, step: step)
  }

  public func updatesRows(of path: String) -> Bool {
    transforms.allSatisfy(\.keepsRows) && base.updatesRows(of: path)
  }
}

extension Optimizer {
  /// This optimizer after changes of the gradients, the first one first:
  /// `AdamW().after(.clip(norm: 1))`.
  public func after(_ transforms: GradientTransform...) -> TransformedOptimizer {
    TransformedOptimizer(transforms, self)
  }
}
