import ApusIR

/// Where the gradient of a trained parameter is taken: at the parameter, or, of a sparse embedding, at
/// the rows that were looked up, so that nothing of the table's size is computed.
enum GradientSource {
  case whole(Tensor)
  /// The rows as they were looked up, and the indices of distinct rows.
  case rows([Lookup], SparseRows)

  /// Embeddings whose table the loss uses in another way too are trained as a whole.
  static func all(for parameters: [Parameter], of loss: Tensor, _ tracer: Tracer) -> [GradientSource] {
    let leaves = Set(tracer.lookups.values.joined().map(\.rows.node))
    let whole = leaves.isEmpty ? [] : reached(from: loss.node, stoppingAt: leaves)
    return parameters.map { parameter in
      let table = tracer.placeholders[parameter]!
      guard let lookups = tracer.lookups[parameter], !whole.contains(table.node) else {
        return .whole(table)
      }
      return .rows(lookups, SparseRows(lookups.map(\.indices), in: table))
    }
  }

  /// All nodes that `root` depends on other than by way of `leaves`.
  private static func reached(from root: Node, stoppingAt leaves: Set<Node>) -> Set<Node> {
    var found: Set<Node> = []
    var open = [root]
    while let node = open.popLast() {
      guard !leaves.contains(node), found.insert(node).inserted else { continue }
      open += node.inputs
    }
    return found
  }

  var isSparse: Bool {
    if case .rows = self { true } else { false }
  }

  /// What to differentiate by.
  var targets: [Tensor] {
    switch self {
    case .whole(let table): [table]
    case .rows(let lookups, _): lookups.map(\.rows)
    }
  }

  /// What the optimizer sees: all of it, or distinct rows.
  func trained(
    _ path: String, _ table: Tensor, _ state: [String: Tensor], _ gradients: [Tensor]
  ) -> TrainedParameter {
    switch self {
    case .whole:
      TrainedParameter(path: path, value: table, gradient: gradients[0], state: state)
    case .rows(_, let rows):
      TrainedParameter(
        path: path, value: rows.of(table), gradient: rows.sum(gradients),
        state: state.mapValues { rows.of($0) })
    }
  }

  /// The new value of a table, or of an entry of its state.
  func merged(_ table: Tensor, _ old: Tensor, _ new: Tensor) -> Tensor {
    switch self {
    case .whole: new
    case .rows(_, let rows): old.node === new.node ? table : table.put(rows.indices, new)
    }
  }
}

/// The distinct rows of a table among indices that may repeat. There are as many places as indices;
/// those without a row have an index outside of the table, which reads zeros and writes nothing.
struct SparseRows {
  /// `[count]`, distinct where they lie in the table.
  let indices: Tensor
  /// The indices in order, and the place of each in `indices`.
  private let order: Tensor
  private let places: Tensor
  private let rowShape: Shape

  init(_ indices: [Tensor], in table: Tensor) {
    let all = concatenate(indices.map { $0.flattened().to(.i64) }, axis: 0)
    let count = all.shape[0]
    order = all.argSort(axis: 0)
    let sorted = all.take(order)
    let isFirst = concatenate(
      [Tensor.ones([Swift.min(count, 1)], dtype: .bool), sorted[1...] .!= sorted[..<(-1)]], axis: 0)
    places = isFirst.cumsum(axis: 0) - 1
    let outside = Tensor.full([count], table.shape[0], dtype: .i64)
    self.indices = outside.put(places, sorted)
    rowShape = Shape(Array(table.shape.dropFirst()))
  }

  /// The rows of a table.
  func of(_ table: Tensor) -> Tensor { table.take(indices) }

  /// The sums of what belongs to one row.
  func sum(_ values: [Tensor]) -> Tensor {
    let shape = Shape([indices.shape[0]] + rowShape.extents)
    let parts = values.map { value in
      let count = value.elementCount / Swift.max(rowShape.elementCount, 1)
      return value.reshaped(Shape([count] + rowShape.extents))
    }
    let all = concatenate(parts, axis: 0).take(order)
    return Tensor.zeros(shape, dtype: all.dtype).putAdd(places, all)
  }
}
