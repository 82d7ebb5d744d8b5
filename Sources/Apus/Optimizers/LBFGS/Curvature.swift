import ApusIR

/// What L-BFGS knows of the curvature: the last steps, and how the gradient changed along them.
struct Curvature {
  let limit: Int
  private var steps: [[Double]] = []
  private var changes: [[Double]] = []
  /// Of the first approximation of the inverse Hessian, a multiple of the identity.
  private var scale = 1.0
  /// The gradient and the direction of the iteration before; nil before the first.
  private(set) var previous: (gradient: [Double], direction: [Double])?
  /// How far the last iteration went along its direction.
  var length = 0.0

  init(limit: Int) { self.limit = limit }

  /// The direction of the next iteration: minus the gradient times the approximate inverse Hessian, by
  /// two loops over the history (Nocedal, 1980).
  mutating func direction(at point: Evaluated) -> [Double] {
    if let previous { learn(from: previous, point.gradient) }
    var direction = point.gradient.negated
    var shares: [Double] = []
    for (step, change) in zip(steps, changes).reversed() {
      let share = step.dot(direction) / change.dot(step)
      direction = direction.moved(by: -share, along: change)
      shares.append(share)
    }
    direction = direction.map { $0 * scale }
    for ((step, change), share) in zip(zip(steps, changes), shares.reversed()) {
      let other = change.dot(direction) / change.dot(step)
      direction = direction.moved(by: share - other, along: step)
    }
    previous = (point.gradient, direction)
    return direction
  }

  private mutating func learn(from old: (gradient: [Double], direction: [Double]), _ gradient: [Double]) {
    let change = gradient.moved(by: -1, along: old.gradient)
    let step = old.direction.map { $0 * length }
    let product = change.dot(step)
    guard product > 1e-10 else { return }
    if steps.count == limit {
      steps.removeFirst()
      changes.removeFirst()
    }
    steps.append(step)
    changes.append(change)
    scale = product / change.dot(change)
  }

  // MARK: - State

  /// `old_dirs` are the changes of the gradient and `old_stps` the steps, `[history, element]`.
  var state: [String: Tensor] {
    guard let previous else { return [:] }
    let shape: Shape = [steps.count, previous.gradient.count]
    return [
      "d": Tensor(previous.direction, dtype: .f64), "t": Tensor([length], shape: [], dtype: .f64),
      "prev_flat_grad": Tensor(previous.gradient, dtype: .f64),
      "H_diag": Tensor([scale], shape: [], dtype: .f64),
      "old_dirs": Tensor(changes.flatMap { $0 }, shape: shape, dtype: .f64),
      "old_stps": Tensor(steps.flatMap { $0 }, shape: shape, dtype: .f64),
    ]
  }

  init(restoring state: [String: Tensor], elements: Int, limit: Int) throws(TensorError) {
    self.limit = limit
    guard let direction = state["d"] else { return }
    let count = state["old_stps"].map { $0.rank == 2 ? $0.shape[0] : 0 } ?? 0
    let vector: Shape = [elements]
    let matrix: Shape = [Swift.min(count, limit), elements]
    let expected: [(String, Shape)] = [
      ("d", vector), ("prev_flat_grad", vector), ("t", []), ("H_diag", []), ("old_dirs", matrix),
      ("old_stps", matrix),
    ]
    for (name, shape) in expected where state[name]?.shape != shape {
      let found = state[name].map { "\($0.shape)" } ?? "missing"
      throw TensorError(
        .shape, operation: "restore", "\(name) of L-BFGS is \(found), expected \(shape)")
    }
    func rows(_ name: String) -> [[Double]] {
      let all = state[name]?.array(of: Double.self) ?? []
      return (0..<matrix[0]).map { Array(all[($0 * elements)..<(($0 + 1) * elements)]) }
    }
    steps = rows("old_stps")
    changes = rows("old_dirs")
    previous = (state["prev_flat_grad"]!.array(of: Double.self), direction.array(of: Double.self))
    length = state["t"]!.scalar()
    scale = state["H_diag"]!.scalar()
  }
}
