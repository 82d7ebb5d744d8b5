import Apus

/// A small convolutional network for short commands: blocks of a 3 × 3 convolution, batch norm and pooling over
/// spectrograms, then the mean over time (in the line of Sainath and Parada, 2015).
///
/// Input: `[batch, frame, band]`, such as logarithms of mel spectrograms. Output: logits, `[batch, class]`.
/// Parameters: `norm`, `convolutions.<block>`, `norms.<block>`, `output`.
public struct SpeechCommandNet: Layer {
  public struct Configuration: Codable, Hashable, Sendable {
    public var bands: Int
    public var classes: Int
    /// Channels of each block, which halves both extents.
    public var widths: [Int]
    public var dropout: Double

    public init(bands: Int, classes: Int, widths: [Int] = [16, 32, 64, 96], dropout: Double = 0.3) {
      self.bands = bands
      self.classes = classes
      self.widths = widths
      self.dropout = dropout
    }
  }

  private let norm: BatchNorm
  private let convolutions: [Conv2D]
  private let norms: [BatchNorm]
  private let output: Linear
  private let dropout: Dropout
  private let bands: Int

  public init(_ scope: Scope, _ configuration: Configuration) {
    let widths = [1] + configuration.widths
    bands = configuration.bands
    norm = BatchNorm(scope / "norm", configuration.bands)
    convolutions = configuration.widths.indices.map {
      Conv2D(scope / "convolutions" / $0, widths[$0], widths[$0 + 1], kernel: 3, padding: 1, bias: false)
    }
    norms = configuration.widths.indices.map { BatchNorm(scope / "norms" / $0, widths[$0 + 1]) }
    output = Linear(scope / "output", widths[widths.count - 1], configuration.classes)
    dropout = Dropout(configuration.dropout)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { self(x) { $0 } }

  /// With a change of the normalised spectrograms, such as hiding parts of them in training.
  public func callAsFunction(_ x: Tensor, augment: (Tensor) -> Tensor) -> Tensor {
    let smallest = 1 << convolutions.count
    guard
      check(
        x.rank == 3 && x.shape[2] == bands && x.shape[1] >= smallest && bands >= smallest, .shape,
        "SpeechCommandNet",
        "needs [batch, frame, \(bands)] with at least \(smallest) frames and bands, got \(x.shape)",
        hint: "use spectrograms of the model's bands, padded to a common length.")
    else { return .zeros([x.shape.first ?? 1, output.weight.shape[0]]) }
    let start = augment(norm(x)).expanded(at: -1)
    let maps = zip(convolutions, norms).reduce(start) { h, block in
      maxPool2D(relu(block.1(block.0(h))), 2)
    }
    return output(dropout(globalAveragePool(maps)))
  }
}
