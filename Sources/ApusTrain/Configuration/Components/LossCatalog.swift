import Apus

/// What a model predicts.
enum PredictionTarget: Hashable, Sendable {
  case classes(Int)
  case numbers

  /// How many numbers the model gives for each prediction.
  var outputs: Int {
    switch self {
    case .classes(let count): count
    case .numbers: 1
    }
  }
}

/// The losses of logits `[batch, class]` and labels, `[batch]` or probabilities `[batch, class]`; and those of
/// numbers of one shape.
enum LossCatalog {
  typealias Function = @Sendable (_ predictions: Tensor, _ targets: Tensor) -> Tensor
  typealias Make = @Sendable (PredictionTarget) throws -> Function
  typealias Entry = Catalog<Make>.Entry

  static let catalog = Catalog<Make>("loss", entries)

  /// The loss where none is named.
  static func standard(_ target: PredictionTarget) -> Component {
    if case .classes = target { "crossEntropy" } else { "meanSquaredError" }
  }

  /// A loss of classes alone.
  private static func ofClasses(
    _ a: Arguments, _ make: @escaping @Sendable (_ classes: Int) throws -> Function
  ) -> Make {
    { target in
      guard case .classes(let count) = target else {
        throw a.place.error(
          "'loss': what is predicted here are numbers, for which there are meanSquaredError, meanAbsoluteError "
            + "and huber.")
      }
      return try make(count)
    }
  }

  /// A loss of numbers alone.
  private static func ofNumbers(_ a: Arguments, _ function: @escaping Function) -> Make {
    { target in
      if case .classes = target {
        throw a.place.error("'loss': what is predicted here are classes, for which there is crossEntropy.")
      }
      return function
    }
  }

  private static func probabilities(_ labels: Tensor, _ classes: Int) -> Tensor {
    labels.dtype.isFloating ? labels : labels.oneHot(classes, dtype: .f32)
  }

  private static let entries: [Entry] = [
    Entry(
      "crossEntropy",
      [
        .number("labelSmoothing", .share, 0),
        ConfigurationOption(
          "classWeights", .list(.number(.nonNegative), count: 1...100_000), nil, "one for each class"),
      ]
    ) { a in
      ofClasses(a) { classes in
        let weights = a.isGiven("classWeights") ? a.numbers("classWeights") : nil
        if let weights, weights.count != classes {
          throw a.error("\(weights.count) 'classWeights' do not fit \(classes) classes.")
        }
        let smoothing = a.number("labelSmoothing")
        return { logits, labels in
          crossEntropy(
            logits: logits, labels: labels, weight: weights.map { Tensor($0.map(Float.init)) },
            labelSmoothing: smoothing)
        }
      }
    },
    Entry(
      "focal", [.number("gamma", .nonNegative, 2), .number("alpha", .share, nil, "left out: none")],
      "sigmoid focal loss of each class, its sum over the classes"
    ) { a in
      ofClasses(a) { classes in
        { logits, labels in
          sigmoidFocalLoss(
            logits, probabilities(labels, classes), alpha: a.optionalNumber("alpha"),
            gamma: a.number("gamma"), reduction: .batchMean)
        }
      }
    },
    Entry("binaryCrossEntropy", [], "of each class, its mean over the classes") { a in
      ofClasses(a) { classes in
        { logits, labels in binaryCrossEntropyWithLogits(logits, probabilities(labels, classes)) }
      }
    },
    Entry("multiMargin", [.integer("p", 1...2, 1), .number("margin", .any, 1)], "no `mixUp`, `cutMix`") { a in
      ofClasses(a) { _ in
        { logits, labels in multiMarginLoss(logits, labels, p: a.integer("p"), margin: a.number("margin")) }
      }
    },
    Entry("meanSquaredError", [], "of numbers; of classes that of the probabilities, Brier's score") { _ in
      { target in
        guard case .classes(let classes) = target else { return { meanSquaredError($0, $1) } }
        return { logits, labels in meanSquaredError(softmax(logits), probabilities(labels, classes)) }
      }
    },
    Entry("meanAbsoluteError", [], "of numbers") { a in ofNumbers(a) { meanAbsoluteError($0, $1) } },
    Entry("huber", [.number("delta", .positive, 1)], "of numbers") { a in
      ofNumbers(a) { huberLoss($0, $1, delta: a.number("delta")) }
    },
  ]
}
