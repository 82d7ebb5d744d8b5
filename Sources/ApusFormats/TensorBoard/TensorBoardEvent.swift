import ApusIR

/// One entry of an event file, as `event.proto` of TensorBoard has it.
public struct TensorBoardEvent: Sendable {
  public enum Content: Sendable {
    /// The first event of a file.
    case version
    /// Training starts here: what an earlier file has from this step on is no longer valid.
    case start
    case scalar(tag: String, Double)
    case histogram(tag: String, Histogram)
    case image(tag: String, Image)
    /// A program, and what its first inputs are called, such as the paths of parameters.
    case graph(Program, inputNames: [String] = [])
  }

  public var content: Content
  public var step: Int
  /// Seconds since 1970.
  public var wallTime: Double

  public init(_ content: Content, step: Int, wallTime: Double) {
    self.content = content
    self.step = step
    self.wallTime = wallTime
  }

  /// The encoded message, without its frame.
  public var bytes: [UInt8] {
    ProtobufEncoder.message { event in
      event.double(1, wallTime)
      event.integer(2, step)
      switch content {
      case .version: event.string(3, "brain.Event:2")
      case .graph(let program, let names):
        event.data(4, TensorBoardGraph(program, inputNames: names).bytes)
      case .start: event.message(7) { $0.integer(1, 1) }
      case .scalar(let tag, let number):
        event.summary(tag) { $0.float(2, Float(number)) }
      case .image(let tag, let image):
        event.summary(tag) { value in
          value.message(4) { message in
            message.integer(1, image.height)
            message.integer(2, image.width)
            message.integer(3, image.channels)
            message.data(4, PNG.encode(image))
          }
        }
      case .histogram(let tag, let histogram):
        event.summary(tag) { value in value.message(5) { histogram.encode(to: &$0) } }
      }
    }
  }
}

extension ProtobufEncoder {
  /// A summary of one value.
  fileprivate mutating func summary(_ tag: String, _ body: (inout ProtobufEncoder) -> Void) {
    message(5) { summary in
      summary.message(1) { value in
        value.string(1, tag)
        body(&value)
      }
    }
  }
}

/// How often numbers fall between limits.
public struct Histogram: Hashable, Sendable {
  public private(set) var minimum = 0.0
  public private(set) var maximum = 0.0
  public private(set) var count = 0
  public private(set) var sum = 0.0
  public private(set) var squareSum = 0.0
  /// The upper ends of the buckets, which touch, and what is in them.
  public private(set) var limits: [Double] = []
  public private(set) var counts: [Double] = []

  /// Sums up the finite ones of `values` in buckets of equal width.
  public init(_ values: [Float], buckets: Int = 30) {
    let finite = values.filter(\.isFinite)
    guard let low = finite.min(), let high = finite.max() else { return }
    minimum = Double(low)
    maximum = Double(high)
    count = finite.count
    // One value alone gets a narrow bucket around it.
    let span = Swift.max(maximum - minimum, Swift.max(abs(maximum), 1) * 1e-6)
    let width = span / Double(Swift.max(buckets, 1))
    counts = [Double](repeating: 0, count: Swift.max(buckets, 1))
    for value in finite {
      let number = Double(value)
      sum += number
      squareSum += number * number
      counts[Swift.min(Int((number - minimum) / width), counts.count - 1)] += 1
    }
    limits = counts.indices.map { minimum + width * Double($0 + 1) }
  }

  func encode(to message: inout ProtobufEncoder) {
    message.double(1, minimum)
    message.double(2, maximum)
    message.double(3, Double(count))
    message.double(4, sum)
    message.double(5, squareSum)
    message.doubles(6, limits)
    message.doubles(7, counts)
  }
}
