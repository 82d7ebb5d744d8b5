import ApusIR

/// A function of one tensor with parameters of its own.
///
/// A layer is a value: a struct of parameters and settings, made from a `Scope`. `Docs/AddingALayer.md`
/// says how to write one.
public protocol Layer: Sendable {
  func callAsFunction(_ x: Tensor) -> Tensor
}

extension Scope {
  /// Runs a layer's body with its path as the place named in errors and graphs.
  public func run<Result>(_ body: () throws -> Result) rethrows -> Result {
    try ModulePath.with(path, body)
  }
}

/// Layers one after the other; the parameters of the first are `0.weight`, as in PyTorch.
///
/// ```swift
/// Sequential(scope, { Linear($0, 784, 500) }, { _ in ReLU() }, { Linear($0, 500, 10) })
/// ```
public struct Sequential: Layer {
  public let layers: [any Layer]

  public init(_ scope: Scope, _ makers: (Scope) -> any Layer...) {
    layers = makers.enumerated().map { index, make in make(scope / index) }
  }

  public init(_ layers: [any Layer]) { self.layers = layers }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    layers.reduce(x) { value, layer in layer(value) }
  }
}
