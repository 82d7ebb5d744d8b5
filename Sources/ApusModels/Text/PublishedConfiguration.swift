import Apus

/// A published `config.json` from which a model cannot be made.
public struct ModelConfigurationError: Error, Hashable, CustomStringConvertible {
  /// Which field has which value, and what it may be.
  public let description: String

  init(_ description: String) { self.description = description }
}

/// The fields of a published `config.json`, each under the names that there are for it.
struct PublishedConfiguration {
  private struct Name: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  private let model: String
  private let fields: KeyedDecodingContainer<Name>

  init(_ decoder: any Decoder, of model: String) throws {
    self.model = model
    fields = try decoder.container(keyedBy: Name.self)
  }

  /// A number of features, layers or the like.
  func size(_ names: String..., default standard: Int? = nil, upTo limit: Int = 1_000_000) throws -> Int {
    let value = try value(names, Int.self, standard)
    guard (1...limit).contains(value) else {
      throw ModelConfigurationError("\(model): '\(names[0])' is \(value); it must be from 1 to \(limit).")
    }
    return value
  }

  /// A number such as a probability.
  func number(
    _ names: String..., default standard: Double, in range: ClosedRange<Double> = 0...1
  ) throws -> Double {
    let value = try value(names, Double.self, standard)
    guard range.contains(value) else {
      throw ModelConfigurationError(
        "\(model): '\(names[0])' is \(value); it must be from \(range.lowerBound) to \(range.upperBound).")
    }
    return value
  }

  func flag(_ name: String, default standard: Bool) throws -> Bool { try value([name], Bool.self, standard) }

  func activation(_ name: String, default standard: TextActivation) throws -> TextActivation {
    let value = try value([name], String.self, standard.rawValue)
    guard let activation = TextActivation(rawValue: value) else {
      let known = TextActivation.allCases.map(\.rawValue).joined(separator: ", ")
      throw ModelConfigurationError("\(model): '\(name)' is '\(value)'; it must be one of \(known).")
    }
    return activation
  }

  /// - Throws: where the features cannot be shared by the heads.
  func checkHeads(_ heads: Int, width: Int) throws {
    guard width % heads == 0 else {
      throw ModelConfigurationError(
        "\(model): \(width) features cannot be split into \(heads) heads; the first must be a multiple of "
          + "the second.")
    }
  }

  private func value<Value: Decodable>(_ names: [String], _ type: Value.Type, _ standard: Value?) throws -> Value {
    for name in names {
      let key = Name(stringValue: name)
      guard fields.contains(key) else { continue }
      guard let value = try? fields.decode(type, forKey: key) else {
        throw ModelConfigurationError("\(model): '\(name)' is not of type \(type).")
      }
      return value
    }
    guard let standard else {
      throw ModelConfigurationError("\(model): the configuration has no '\(names.joined(separator: "' or '"))'.")
    }
    return standard
  }
}

/// What stands between the dense layers of a language model's block, by the names of Hugging Face's
/// configurations.
public enum TextActivation: String, CaseIterable, Sendable {
  case gelu
  /// `gelu` with the tanh approximation, which GPT-2 was trained with.
  case geluTanh = "gelu_new"
  case relu

  func callAsFunction(_ x: Tensor) -> Tensor {
    switch self {
    case .gelu: Apus.gelu(x)
    case .geluTanh: Apus.geluTanh(x)
    case .relu: Apus.relu(x)
    }
  }
}
