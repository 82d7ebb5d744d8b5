import Apus

/// A classifier of texts by convolutions of several widths, of which the greatest answers over time count
/// (Kim, 2014).
///
/// Input: tokens, integers `[batch, time]`, and how many of each row are not padding. Output: logits,
/// `[batch, class]`, which do not depend on the padding.
///
/// Parameters: `embedding.weight` `[vocabulary, width]`, uniform in ±0.25 at first, `convs.0.weight`
/// `[filters, width, kernel]` and `convs.0.bias` `[filters]` …, `fc.weight` `[class, kernels · filters]` and
/// `fc.bias`.
public struct TextCNN: Sendable {
  private let embedding: Embedding
  private let convolutions: [(kernel: Int, layer: Conv1D)]
  private let output: Linear
  private let probability: Double

  /// - Parameters:
  ///   - width: the features of a token.
  ///   - kernels: over how many tokens each convolution reaches.
  ///   - filters: of each convolution.
  ///   - dropout: the probability in training, of the last features.
  public init(
    _ scope: Scope, vocabulary: Int, classes: Int, width: Int = 300, kernels: [Int] = [3, 4, 5],
    filters: Int = 100, dropout: Double = 0.5
  ) {
    check(
      !kernels.isEmpty && kernels.allSatisfy { $0 > 0 }, .argument, "TextCNN",
      "kernels must be positive, got \(kernels)")
    let table = (scope / "embedding").with(weightInitializer: .uniform(-0.25, 0.25))
    embedding = Embedding(table, vocabulary, width)
    convolutions = kernels.enumerated().map { index, kernel in
      let layer = Conv1D(
        scope / "convs" / index, width, filters, kernel: PerAxis(kernel), padding: .symmetric(PerAxis(kernel - 1)))
      return (kernel, layer)
    }
    output = Linear(scope / "fc", kernels.count * filters, classes)
    probability = dropout
  }

  /// - Parameter lengths: integers `[batch]`, each 1 at least.
  public func callAsFunction(_ tokens: Tensor, lengths: Tensor) -> Tensor {
    guard
      check(
        tokens.rank == 2 && lengths.shape == [tokens.shape[0]], .shape, "TextCNN",
        "tokens \(tokens.shape) and lengths \(lengths.shape) do not fit together",
        hint: "they are [batch, time] and [batch].")
    else { return .zeros([1, 1]) }
    let x = Tensor.where(isBefore(lengths, tokens.shape[1]), embedding(tokens), 0)
    let features = convolutions.map { kernel, layer in
      // Windows that have one token at least.
      let answers = relu(layer(x))
      let isFilled = isBefore(lengths + Tensor(kernel - 1), answers.shape[1])
      return Tensor.where(isFilled, answers, 0).max(axis: 1)
    }
    return output(dropout(concatenate(features, axis: -1), probability))
  }

  /// `[batch, time, 1]`, true at the times below each row's length.
  private func isBefore(_ lengths: Tensor, _ time: Int) -> Tensor {
    let isBefore = Tensor.arange(time).expanded(at: 0) .< lengths.expanded(at: 1)
    return isBefore.expanded(at: -1)
  }
}
