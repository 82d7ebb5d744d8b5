import ApusIR

/// Keys and values of what has been read, so that reading one more token costs one token's work.
///
/// The capacity is fixed, so a compiled function keeps its shape from token to token. Places past the
/// capacity are lost without a word, since the count is known only when it is computed: ask for no
/// more tokens than that.
public struct KeyValueCache: TensorStructure {
  /// `[batch, head, capacity, feature]`
  public var keys: Tensor
  /// `[batch, head, capacity, feature]`
  public var values: Tensor
  /// How many places are filled: an `i64` scalar.
  public var count: Tensor

  public init(keys: Tensor, values: Tensor, count: Tensor) {
    self.keys = keys
    self.values = values
    self.count = count
  }

  /// An empty cache.
  public init(batch: Int, heads: Int, capacity: Int, width: Int, dtype: DType = .defaultFloating) {
    let empty = Tensor.zeros([batch, heads, capacity, width], dtype: dtype)
    self.init(keys: empty, values: empty, count: Tensor(0, dtype: .i64))
  }

  public var capacity: Int { keys.shape.rank == 4 ? keys.shape[2] : 0 }

  /// Writes `[batch, head, time, feature]` behind what is there.
  public mutating func append(_ newKeys: Tensor, _ newValues: Tensor) {
    let isFitting = newKeys.rank == 4 && keys.rank == 4 && newKeys.shape[2] <= capacity
      && newKeys.shape.removing(axes: [2]) == keys.shape.removing(axes: [2])
    guard
      check(
        isFitting && newValues.rank == 4
          && newValues.shape.removing(axes: [3]) == newKeys.shape.removing(axes: [3]),
        .shape, "KeyValueCache",
        "keys \(newKeys.shape) and values \(newValues.shape) do not fit into a cache of \(keys.shape)",
        hint: "the axes are [batch, head, time, feature].")
    else { return }
    let places = count + Tensor.arange(newKeys.shape[2])
    keys = keys.put(places, newKeys.to(keys.dtype), axis: 2)
    values = values.put(places, newValues.to(values.dtype), axis: 2)
    count = count + Tensor(newKeys.shape[2])
  }

  public var tensors: [Tensor] { [keys, values, count] }
  public func replacing(with tensors: inout ArraySlice<Tensor>) -> KeyValueCache {
    KeyValueCache(
      keys: tensors.removeFirst(), values: tensors.removeFirst(), count: tensors.removeFirst())
  }
}

/// A cache kept in buffers, which a compiled function that sets `value` updates in place.
///
/// Buffers: `keys` and `values` `[batch, head, capacity, feature]`, `count` `[]`, zeros at first.
public struct StoredKeyValueCache: Sendable {
  private let keys: Parameter
  private let values: Parameter
  private let count: Parameter

  /// - Parameter scope: of a store of its own, so that a cache is no part of the model's checkpoint:
  ///   `ParameterStore().scope / layer`.
  public init(_ scope: Scope, batch: Int, heads: Int, capacity: Int, width: Int) {
    let shape: Shape = [batch, heads, capacity, width]
    keys = scope.buffer("keys", shape, .zeros)
    values = scope.buffer("values", shape, .zeros)
    count = scope.buffer("count", [], .zeros, dtype: .i64)
  }

  public var value: KeyValueCache {
    get { KeyValueCache(keys: keys.value, values: values.value, count: count.value) }
    nonmutating set {
      keys.value = newValue.keys
      values.value = newValue.values
      count.value = newValue.count
    }
  }

  /// Begins anew. What the buffers hold is never looked at again.
  public func clear() { count.value = Tensor(0, dtype: .i64) }
}
