import ApusIR

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A sequence that beam search found.
public struct Hypothesis: Hashable, Sendable {
  /// The tokens without the start; the end token is the last, where the sequence came to one.
  public var tokens: [Int]
  /// The sum of the tokens' log-probabilities.
  public var logProbability: Double
  /// `logProbability / length^lengthPenalty`: what hypotheses are compared by.
  public var score: Double

  public init(tokens: [Int], logProbability: Double, score: Double) {
    self.tokens = tokens
    self.logProbability = logProbability
    self.score = score
  }
}

/// How a beam search is run.
public struct BeamSearch: Hashable, Sendable {
  /// How many unfinished sequences are followed for each input.
  public var width: Int
  /// The greatest number of tokens, the end token included.
  public var maximumLength: Int
  /// The token that ends a sequence.
  public var endToken: Int
  /// 0 compares sums of log-probabilities, which favours short sequences; 1 compares means.
  public var lengthPenalty: Double

  public init(width: Int = 5, maximumLength: Int, endToken: Int, lengthPenalty: Double = 1) {
    check(width > 0, .argument, "BeamSearch", "the width must be positive, got \(width)")
    check(
      maximumLength > 0, .argument, "BeamSearch", "the length must be positive, got \(maximumLength)")
    check(
      lengthPenalty >= 0, .argument, "BeamSearch",
      "the length penalty must not be negative, got \(lengthPenalty)")
    self.width = Swift.max(width, 1)
    self.maximumLength = Swift.max(maximumLength, 1)
    self.endToken = endToken
    self.lengthPenalty = Swift.max(lengthPenalty, 0)
  }

  /// The best sequences for each of several inputs, the best first, at most `width` of each.
  ///
  /// The loop runs on the host; rows `i · width ..< (i + 1) · width` of tokens and state belong to
  /// input i, so a state made for the inputs is `repeated(width, axis: 0)` first. A search ends when
  /// no unfinished sequence can become better than the worst of `width` finished ones.
  ///
  /// - Parameters:
  ///   - starts: the first token for each input, such as the start of a sentence.
  ///   - state: what the model remembers of each row.
  ///   - reorder: the state with row `rows[i]` in place of row i, for `i64` `[inputs · width]`. Where
  ///     nil, all tensors of the state with axes are taken along axis 0.
  ///   - step: from the last tokens, `i64` `[inputs · width]`, and the state the log-probabilities of
  ///     the next, `[inputs · width, vocabulary]`, and the next state.
  /// - Throws: what `step` throws, and `TensorError` where its shape is another one or it gives a NaN.
  public func callAsFunction<State: TensorStructure>(
    starts: [Int], state: State, reorder: ((_ state: State, _ rows: Tensor) -> State)? = nil,
    step: (_ tokens: Tensor, _ state: State) throws -> (logProbabilities: Tensor, state: State)
  ) throws -> [[Hypothesis]] {
    var inputs = starts.map { _ in Beams() }
    var tokens = starts.flatMap { Array(repeating: $0, count: width) }
    var state = state
    for length in 1...maximumLength where inputs.contains(where: { !$0.isDone }) {
      let (logProbabilities, next) = try step(Tensor(tokens, dtype: .i64), state)
      let candidates = try candidates(logProbabilities, rows: tokens.count)
      var rows = Array(0..<tokens.count)
      for index in inputs.indices where !inputs[index].isDone {
        let first = index * width
        let origins = inputs[index].advance(
          Array(candidates[first..<(first + width)]), length: length, self)
        for (beam, origin) in origins.enumerated() {
          rows[first + beam] = first + origin
          tokens[first + beam] = inputs[index].live[beam].tokens.last ?? endToken
        }
      }
      if length == maximumLength { break }
      let order = Tensor(rows, dtype: .i64)
      state = reorder?(next, order) ?? next.taking(order)
      // Else each step would keep the graph of all before.
      try eval(state.tensors)
    }
    return inputs.map { $0.best(width) }
  }

  /// The likeliest next tokens of each row. Of all rows of an input together no more can be needed:
  /// the width, and as many that end.
  private func candidates(
    _ logProbabilities: Tensor, rows: Int
  ) throws(TensorError) -> [[(token: Int, logProbability: Double)]] {
    let shape = logProbabilities.shape
    guard shape.rank == 2, shape[0] == rows, shape[1] > 0, logProbabilities.dtype.isFloating else {
      throw TensorError(
        .shape, operation: "BeamSearch",
        "the step gave \(logProbabilities.dtype)\(shape), expected log-probabilities [\(rows), vocabulary]")
    }
    let count = Swift.min(width + 1, shape[1])
    let (values, indices) = logProbabilities.to(.f64).topK(count)
    let (found, places) = (values.array(of: Double.self), indices.array(of: Int.self))
    guard !found.contains(where: \.isNaN) else {
      throw TensorError(.value, operation: "BeamSearch", "the step gave a NaN as log-probability")
    }
    return (0..<rows).map { row in
      (0..<count).map { (places[row * count + $0], found[row * count + $0]) }
    }
  }

  fileprivate func score(_ logProbability: Double, length: Int) -> Double {
    logProbability / pow(Double(length), lengthPenalty)
  }
}

/// What is followed and what is finished for one input.
private struct Beams {
  struct Beam {
    var tokens: [Int]
    var logProbability: Double
  }

  var live = [Beam(tokens: [], logProbability: 0)]
  var finished: [Hypothesis] = []
  var isDone = false

  /// One token more; gives for each live beam the one it comes from. An impossible one is followed no
  /// further.
  mutating func advance(
    _ candidates: [[(token: Int, logProbability: Double)]], length: Int, _ search: BeamSearch
  ) -> [Int] {
    var all: [(origin: Int, token: Int, logProbability: Double)] = []
    for (origin, beam) in live.enumerated() {
      for (token, logProbability) in candidates[origin] where logProbability > -.infinity {
        all.append((origin, token, beam.logProbability + logProbability))
      }
    }
    all.sort { ($0.logProbability, $1.origin, $1.token) > ($1.logProbability, $0.origin, $0.token) }
    var next: [Beam] = []
    var origins: [Int] = []
    for (origin, token, logProbability) in all {
      let tokens = live[origin].tokens + [token]
      if token == search.endToken {
        let score = search.score(logProbability, length: length)
        finished.append(Hypothesis(tokens: tokens, logProbability: logProbability, score: score))
      } else if next.count < search.width {
        next.append(Beam(tokens: tokens, logProbability: logProbability))
        origins.append(origin)
      }
    }
    live = next
    finished = best(search.width)
    if length == search.maximumLength {
      finished += live.map { beam in
        Hypothesis(
          tokens: beam.tokens, logProbability: beam.logProbability,
          score: search.score(beam.logProbability, length: length))
      }
    }
    // A log-probability only falls, and what divides it is greatest at the greatest length.
    let bound = live.first.map { search.score($0.logProbability, length: search.maximumLength) }
    isDone = live.isEmpty || finished.count >= search.width && finished.last!.score >= bound!
    return origins
  }

  func best(_ count: Int) -> [Hypothesis] {
    Array(finished.sorted { $0.score > $1.score }.prefix(count))
  }
}
