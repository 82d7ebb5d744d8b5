import ApusIR

/// The tensors that go into a model and those that come out.
public struct BundleSignature: Codable, Hashable, Sendable {
  public var inputs: [Value]
  public var outputs: [Value]

  public init(inputs: [Value], outputs: [Value]) {
    self.inputs = inputs
    self.outputs = outputs
  }

  /// One tensor of the signature; in JSON `{"name": "image", "dtype": "u8", "shape": ["batch", 8, 8, 1]}`.
  public struct Value: Codable, Hashable, Sendable {
    public var name: String
    public var dtype: DType
    public var shape: [Extent]

    public init(name: String, dtype: DType, shape: [Extent]) {
      self.name = name
      self.dtype = dtype
      self.shape = shape
    }
  }

  /// The extent of one axis.
  public enum Extent: Hashable, Sendable {
    case fixed(Int)
    /// Any extent, the same wherever the same name stands. In JSON the name, or null.
    case free(String)

    public static let batch = Extent.free("batch")
  }
}

extension BundleSignature.Extent: ExpressibleByIntegerLiteral {
  public init(integerLiteral value: Int) { self = .fixed(value) }
}

extension BundleSignature.Extent: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .batch
    } else if let name = try? container.decode(String.self) {
      self = .free(name)
    } else if let extent = try? container.decode(Int.self), extent >= 0 {
      self = .fixed(extent)
    } else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "an extent is a whole number from 0 on, a name or null")
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .fixed(let extent): try container.encode(extent)
    case .free(let name): try container.encode(name)
    }
  }
}

extension DType: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let name = try container.decode(String.self)
    guard let dtype = DType(rawValue: name) else {
      let known = DType.allCases.map(\.rawValue).joined(separator: ", ")
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "'\(name)' is no dtype; those known are \(known)")
    }
    self = dtype
  }
}
