import ApusIR
import ApusRuntime
import Synchronization

/// A tensor that belongs to a model and can change: a weight, or a buffer such as a running mean.
///
/// A class, because it has an identity: layers share it, optimizers update it, and its path is its
/// name in checkpoints. Only a `Scope` makes parameters.
public final class Parameter: Sendable {
  /// The place in the model, as in PyTorch's state dictionary: `encoder.layers.0.weight`.
  public let path: String
  public let type: ParameterType
  private let state: Mutex<State>

  private struct State {
    var isTrainable: Bool
    /// Nil while a training step updates it in place.
    var value: Node?
  }

  init(path: String, value: Tensor, isTrainable: Bool) {
    self.path = path
    type = ParameterType(dtype: value.dtype, shape: value.shape)
    state = Mutex(State(isTrainable: isTrainable, value: value.node))
  }

  public var shape: Shape { type.shape }
  public var dtype: DType { type.dtype }

  /// Whether training steps update it. Freeze a layer by setting false before the first step.
  public var isTrainable: Bool {
    get { state.withLock { $0.isTrainable } }
    set { state.withLock { $0.isTrainable = newValue } }
  }

  /// The current value. Inside a compiled function it is an input of the function.
  ///
  /// Setting a value of another shape or dtype is a mistake; see `TensorError`.
  public var value: Tensor {
    get { Parameter.replaced[self] ?? Tracer.current?.value(of: self) ?? stored }
    set {
      guard
        check(
          newValue.shape == shape && newValue.dtype == dtype, .shape, "Parameter",
          "\(path) is \(dtype)\(shape), it cannot become \(newValue.dtype)\(newValue.shape)")
      else { return }
      if let tracer = Tracer.current {
        tracer.update(self, to: newValue)
      } else {
        put(newValue.node)
      }
    }
  }

  /// Runs `body`, which reads another value instead of this one.
  func with<Result>(_ value: Tensor, _ body: () throws -> Result) rethrows -> Result {
    try Parameter.$replaced.withValue(Parameter.replaced.merging([self: value]) { $1 }, operation: body)
  }

  @TaskLocal private static var replaced: [Parameter: Tensor] = [:]

  /// The value outside of compiled functions.
  var stored: Tensor {
    guard let value = state.withLock({ $0.value }) else {
      fatalError("Apus: \(path) is read while a training step updates it")
    }
    return Tensor(value)
  }

  /// Takes the value away, so that its memory can be reused where no one else holds it.
  func take() -> Node {
    let taken = state.withLock { state in
      let value = state.value
      state.value = nil
      return value
    }
    guard let taken else { fatalError("Apus: \(path) is updated by two training steps at once") }
    return taken
  }

  func put(_ value: Node) {
    state.withLock { $0.value = value }
    Parameter.changeCount.add(1, ordering: .releasing)
  }

  /// How many values have been set anywhere: as long as it stays, no parameter has changed.
  static let changeCount = Atomic<UInt64>(0)
}

/// Dtype and shape of a parameter.
public struct ParameterType: Hashable, Sendable {
  public let dtype: DType
  public let shape: Shape
}

extension Parameter: Hashable {
  public static func == (a: Parameter, b: Parameter) -> Bool { a === b }
  public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

extension Parameter: CustomStringConvertible {
  public var description: String { "\(path): \(dtype)\(shape)" }
}
