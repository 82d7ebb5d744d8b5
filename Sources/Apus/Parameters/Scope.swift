import ApusIR

/// The only way to make a parameter: a place in the model, and what its parameters have in common.
///
/// `scope / "name"` is the place one step further in. Names are the checkpoint's keys and match
/// PyTorch's.
public struct Scope: Sendable {
  let store: ParameterStore
  /// The path so far: `encoder.layers.0`, empty for the whole model.
  public private(set) var path: String
  /// The dtype of floating-point parameters.
  public var dtype: DType
  /// Whether training updates the parameters made here.
  public var isTrainable: Bool
  /// Takes the place of the layers' own choice for weights, where it is set.
  public var weightInitializer: Initializer?
  /// Takes the place of the layers' own choice for biases, where it is set.
  public var biasInitializer: Initializer?
  /// Where a layer's weight is kept that is computed from it; nil for `weight`.
  private var weightName: String?

  init(store: ParameterStore) {
    self.store = store
    path = ""
    dtype = .defaultFloating
    isTrainable = true
  }

  private init(_ other: Scope, path: String) {
    self = other
    self.path = path
    weightName = nil
  }

  public static func / (scope: Scope, name: String) -> Scope {
    Scope(scope, path: scope.join(name))
  }

  public static func / (scope: Scope, index: Int) -> Scope { scope / String(index) }

  /// The same place with another dtype for floating-point parameters.
  public func with(dtype: DType) -> Scope {
    var result = self
    result.dtype = dtype
    return result
  }

  /// The same place with another initialiser for weights.
  public func with(weightInitializer: Initializer) -> Scope {
    var result = self
    result.weightInitializer = weightInitializer
    return result
  }

  /// The same place with other initialisers for weights and biases.
  public func with(weightInitializer: Initializer, biasInitializer: Initializer) -> Scope {
    var result = with(weightInitializer: weightInitializer)
    result.biasInitializer = biasInitializer
    return result
  }

  /// The same place, where the weight of the layer itself, not of layers within it, has another name.
  func with(weightName: String) -> Scope {
    var result = self
    result.weightName = weightName
    return result
  }

  /// The same place with parameters that training leaves alone.
  public var frozen: Scope {
    var result = self
    result.isTrainable = false
    return result
  }

  private func join(_ name: String) -> String { path.isEmpty ? name : path + "." + name }

  /// Makes a trainable parameter.
  public func parameter(_ name: String, _ shape: Shape, _ initializer: Initializer) -> Parameter {
    let chosen =
      switch name {
      case "weight": weightInitializer
      case "bias": biasInitializer
      default: nil as Initializer?
      }
    let place = name == "weight" ? weightName ?? name : name
    return make(place, shape, dtype, chosen ?? initializer, isTrainable: isTrainable)
  }

  /// Makes a tensor that belongs to the model but is not trained, such as a running mean.
  public func buffer(
    _ name: String, _ shape: Shape, _ initializer: Initializer, dtype: DType? = nil
  ) -> Parameter {
    make(name, shape, dtype ?? self.dtype, initializer, isTrainable: false)
  }

  private func make(
    _ name: String, _ shape: Shape, _ dtype: DType, _ initializer: Initializer, isTrainable: Bool
  ) -> Parameter {
    let full = join(name)
    let value = ModulePath.with(path) { firstValue(full, TensorType(dtype, shape), initializer) }
    let parameter = Parameter(path: full, value: value, isTrainable: isTrainable)
    store.add(parameter)
    return parameter
  }

  private func firstValue(_ path: String, _ type: TensorType, _ initializer: Initializer) -> Tensor {
    switch store.source {
    case .random(let seed):
      let key = RandomKey(seed: Scope.seed(seed, path))
      return initializer.make(type.shape, type.dtype, key)
    case .shapesOnly:
      return Tensor(Node.placeholder(type, module: path))
    case .lookup(let lookup):
      return loaded(path, type, lookup)
    }
  }

  private func loaded(
    _ path: String, _ type: TensorType, _ lookup: (String) throws -> Tensor?
  ) -> Tensor {
    do {
      let found = try lookup(path)
      guard
        check(found != nil, .value, "load", "there is no value for \(path)"),
        let found,
        check(
          found.shape == type.shape, .shape, "load",
          "\(path) has shape \(found.shape), expected \(type.shape)")
      else { return .standIn(type) }
      return found.to(type.dtype)
    } catch {
      let known = error as? TensorError
      TensorErrors.report(known ?? TensorError(.value, operation: "load", "\(path): \(error)"))
      return .standIn(type)
    }
  }

  /// A seed for one path: FNV-1a over the seed and the path's bytes, then the finaliser of SplitMix64.
  static func seed(_ seed: UInt64, _ path: String) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for shift in stride(from: UInt64(0), to: 64, by: 8) {
      hash = (hash ^ ((seed >> shift) & 0xFF)) &* 0x100_0000_01B3
    }
    for byte in path.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    hash = (hash ^ (hash >> 30)) &* 0xBF58_476D_1CE4_E5B9
    hash = (hash ^ (hash >> 27)) &* 0x94D0_49BB_1331_11EB
    return hash ^ (hash >> 31)
  }
}
