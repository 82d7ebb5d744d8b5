/// A line search for a point that lies low enough and where the slope is flat enough (the strong Wolfe
/// conditions): first an interval that holds one, then ever smaller ones. It takes the decisions of
/// PyTorch's `_strong_wolfe`, which are minFunc's.
struct StrongWolfe {
  let changeTolerance: Double
  let maxEvaluations: Int
  private let sufficientDecrease = 1e-4
  private let flatness = 0.9

  init(changeTolerance: Double, maxEvaluations: Int) {
    self.changeTolerance = changeTolerance
    self.maxEvaluations = maxEvaluations
  }

  /// A place on the line.
  private struct Place {
    var length: Double
    var point: Evaluated
    var slope: Double
    var loss: Double { point.loss }
  }

  /// - Parameters:
  ///   - slope: of the loss along the direction, at its start.
  ///   - length: the first to try.
  ///   - evaluate: the loss and its gradient at a length.
  /// - Returns: the point, how far along it lies, and how often the loss was evaluated.
  func run(
    from point: Evaluated, along direction: [Double], _ slope: Double, _ length: Double,
    _ evaluate: (_ length: Double) throws -> Evaluated
  ) rethrows -> (Evaluated, length: Double, evaluations: Int) {
    func place(_ length: Double) throws -> Place {
      let point = try evaluate(length)
      return Place(length: length, point: point, slope: point.gradient.dot(direction))
    }
    let start = Place(length: 0, point: point, slope: slope)
    var (previous, current) = (start, try place(length))
    var (evaluations, rounds) = (1, 0)
    var bracket: [Place]?
    while rounds < maxEvaluations {
      if isTooHigh(current, start) || (rounds > 1 && current.loss >= previous.loss) {
        bracket = [previous, current]
        break
      }
      if isFlat(current, start) { return (current.point, current.length, evaluations) }
      if current.slope >= 0 {
        bracket = [previous, current]
        break
      }
      let least = current.length + 0.01 * (current.length - previous.length)
      let next = StrongWolfe.minimum(previous, current, least, current.length * 10)
      previous = current
      current = try place(next)
      evaluations += 1
      rounds += 1
    }
    var interval = Interval(bracket ?? [start, current])
    var hasStalled = false
    while rounds < maxEvaluations && interval.width * direction.greatest >= changeTolerance {
      let next = interval.next(&hasStalled)
      current = try place(next)
      evaluations += 1
      rounds += 1
      if isTooHigh(current, start) || current.loss >= interval.low.loss {
        interval.replaceHigh(with: current)
      } else {
        let isDone = isFlat(current, start)
        interval.replaceLow(with: current, keepsHigh: isDone)
        if isDone { break }
      }
    }
    return (interval.low.point, interval.low.length, evaluations)
  }

  private func isTooHigh(_ place: Place, _ start: Place) -> Bool {
    place.loss > start.loss + sufficientDecrease * place.length * start.slope
  }

  private func isFlat(_ place: Place, _ start: Place) -> Bool {
    Swift.abs(place.slope) <= -flatness * start.slope
  }

  /// The minimum of the cubic through two places with their slopes, in `low...high`.
  private static func minimum(_ a: Place, _ b: Place, _ low: Double, _ high: Double) -> Double {
    let mean = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.length - b.length)
    let square = mean * mean - a.slope * b.slope
    guard square >= 0 else { return (low + high) / 2 }
    let root = square.squareRoot()
    let (near, far) = a.length <= b.length ? (a, b) : (b, a)
    let share = (far.slope + root - mean) / (far.slope - near.slope + 2 * root)
    let best = far.length - (far.length - near.length) * share
    return Swift.min(Swift.max(best, low), high)
  }

  /// Two places between which a good one lies.
  private struct Interval {
    private var places: [Place]
    private var lowIndex: Int

    init(_ places: [Place]) {
      self.places = places
      lowIndex = places[0].loss <= places[1].loss ? 0 : 1
    }

    var low: Place { places[lowIndex] }
    var width: Double { Swift.abs(places[1].length - places[0].length) }

    /// The next length to try: the cubic's minimum, away from the ends where the last one was near
    /// them too.
    func next(_ hasStalled: inout Bool) -> Double {
      let left = Swift.min(places[0].length, places[1].length)
      let right = Swift.max(places[0].length, places[1].length)
      let best = StrongWolfe.minimum(places[0], places[1], left, right)
      let margin = 0.1 * (right - left)
      guard Swift.min(right - best, best - left) < margin else {
        hasStalled = false
        return best
      }
      guard hasStalled || best >= right || best <= left else {
        hasStalled = true
        return best
      }
      hasStalled = false
      return Swift.abs(best - right) < Swift.abs(best - left) ? right - margin : left + margin
    }

    mutating func replaceHigh(with place: Place) {
      places[1 - lowIndex] = place
      lowIndex = places[0].loss <= places[1].loss ? 0 : 1
    }

    /// The old low place becomes the high one where the slope leads away from that.
    mutating func replaceLow(with place: Place, keepsHigh: Bool) {
      let distance = places[1 - lowIndex].length - places[lowIndex].length
      if !keepsHigh && place.slope * distance >= 0 { places[1 - lowIndex] = places[lowIndex] }
      places[lowIndex] = place
    }
  }
}
