import Apus

/// The losses of logits `[batch, class]` and labels, `[batch]` or probabilities `[batch, class]`.
enum LossCatalog {
  typealias Make = @Sendable (_ classes: Int) throws -> @Sendable (Tensor, Tensor) -> Tensor
  typealias Entry = Catalog<Make>.Entry

  static let catalog = Catalog<Make>("loss", entries)

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
      { classes in
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
      { classes in
        { logits, labels in
          sigmoidFocalLoss(
            logits, probabilities(labels, classes), alpha: a.optionalNumber("alpha"),
            gamma: a.number("gamma"), reduction: .batchMean)
        }
      }
    },
    Entry("binaryCrossEntropy", [], "of each class, its mean over the classes") { _ in
      { classes in
        { logits, labels in binaryCrossEntropyWithLogits(logits, probabilities(labels, classes)) }
      }
    },
    Entry("multiMargin", [.integer("p", 1...2, 1), .number("margin", .any, 1)], "no `mixUp`, `cutMix`") { a in
      { _ in { logits, labels in multiMarginLoss(logits, labels, p: a.integer("p"), margin: a.number("margin")) } }
    },
    Entry("meanSquaredError", [], "of the probabilities: Brier's score") { _ in
      { classes in
        { logits, labels in meanSquaredError(softmax(logits), probabilities(labels, classes)) }
      }
    },
  ]
}
