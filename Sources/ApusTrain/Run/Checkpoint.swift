import Apus
import ApusFormats
import ApusIR
import Synchronization

/// All that training needs to go on as if it had never stopped.
///
/// One safetensors file holds it: the tensors of model and optimizer, and the rest as JSON in the
/// file's metadata. So a checkpoint is written whole or not at all.
public struct Checkpoint: Sendable {
  /// Where training stands and how it got there.
  public struct Position: Codable, Hashable, Sendable {
    /// Epochs that are over.
    public var epoch = 0
    /// Steps of the next epoch that are over.
    public var step = 0
    /// Steps in all.
    public var totalSteps = 0
    /// Of the steps since the last record, by the name of the metric.
    public var means: [String: Mean] = [:]
    /// Seconds spent since the last record.
    public var seconds = 0.0
    public var history: [MetricRecord] = []

    public init() {}
  }

  /// A mean that is not complete yet.
  public struct Mean: Codable, Hashable, Sendable {
    public var sum = 0.0
    public var count = 0

    public var value: Double { sum / Double(max(count, 1)) }
  }

  public var position: Position
  /// Text that repeats the run: `config.yaml`.
  public var configuration: String
  /// By path, as in `ParameterStore`.
  public var model: [String: Tensor]
  /// What `Step` needs: optimizer, number of steps, seed.
  public var training: [String: Tensor]
  /// What callbacks keep, `name.entry`.
  public var callbacks: [String: Tensor]

  private static let metadataKey = "apus.checkpoint"
  private static let modelPrefix = "model."
  private static let trainingPrefix = "training."
  private static let callbackPrefix = "callback."

  /// The JSON part of the file.
  private struct Header: Codable {
    var position: Position
    var configuration: String
  }

  public init(
    position: Position, configuration: String = "", model: [String: Tensor],
    training: [String: Tensor], callbacks: [String: Tensor] = [:]
  ) {
    self.position = position
    self.configuration = configuration
    self.model = model
    self.training = training
    self.callbacks = callbacks
  }

  /// Writes the file, whole or not at all. Throws `FormatError`.
  public func write(to path: String) throws {
    var tensors: [String: Tensor] = [:]
    for (name, tensor) in model { tensors[Checkpoint.modelPrefix + name] = tensor }
    for (name, tensor) in training { tensors[Checkpoint.trainingPrefix + name] = tensor }
    for (name, tensor) in callbacks { tensors[Checkpoint.callbackPrefix + name] = tensor }
    let header = Header(position: position, configuration: configuration)
    try Safetensors.write(
      tensors, metadata: [Checkpoint.metadataKey: try JSON.line(header)], to: path)
  }

  /// Reads a file. Throws `FormatError`.
  public init(path: String) throws {
    let file = try SafetensorsFile(path: path)
    guard let json = file.metadata[Checkpoint.metadataKey] else {
      throw FormatError(.malformed, path, "it is no checkpoint of Apus: it does not say where training stood.")
    }
    do {
      let header = try JSON.decode(Header.self, from: json)
      position = header.position
      configuration = header.configuration
    } catch {
      throw FormatError(.malformed, path, "what it says of where training stood cannot be read: \(error).")
    }
    model = [:]
    training = [:]
    callbacks = [:]
    for name in file.names {
      let tensor = try Safetensors.tensor(file, name)
      if name.hasPrefix(Checkpoint.modelPrefix) {
        model[String(name.dropFirst(Checkpoint.modelPrefix.count))] = tensor
      } else if name.hasPrefix(Checkpoint.trainingPrefix) {
        training[String(name.dropFirst(Checkpoint.trainingPrefix.count))] = tensor
      } else if name.hasPrefix(Checkpoint.callbackPrefix) {
        callbacks[String(name.dropFirst(Checkpoint.callbackPrefix.count))] = tensor
      } else {
        throw FormatError(.malformed, path, "tensor '\(name)' belongs to neither model nor training.")
      }
    }
  }
}

/// Tensors in safetensors files.
public enum Safetensors {
  /// Writes computed tensors. Throws `FormatError`.
  public static func write(
    _ tensors: [String: Tensor], metadata: [String: String] = [:], to path: String
  ) throws {
    try AtomicFile.write(to: path) { file in
      _ = try write(tensors, metadata: metadata, to: &file)
    }
  }

  /// Writes computed tensors and returns their places in the file.
  static func write(
    _ tensors: [String: Tensor], metadata: [String: String] = [:], to file: inout AtomicFile.Writer
  ) throws -> [SafetensorsEntry] {
    try eval(Array(tensors.values))
    let items = tensors.map { SafetensorsWriter.Item($0.key, $0.value.dtype, $0.value.shape.extents) }
    let writer = try SafetensorsWriter(items, metadata: metadata)
    try writer.write(to: &file) { entry, put in
      try tensors[entry.name]!.withBytes { try put($0) }
    }
    return writer.entries
  }

  /// Reads one tensor. Throws `FormatError`.
  public static func tensor(_ file: SafetensorsFile, _ name: String) throws -> Tensor {
    let type = TensorType(try file.dtype(of: name), Shape(try file.entry(name).shape))
    let buffer = Buffer(byteCount: type.byteCount)
    try file.read(
      name, into: UnsafeMutableRawBufferPointer(start: buffer.pointer, count: type.byteCount))
    return Tensor(Node(type, buffer: buffer))
  }

  /// The tensors of a file, each of which is read when its value is needed. The file stays open. A
  /// compiled function that freezes its parameters so needs no memory for weights beside its own.
  ///
  /// Throws `FormatError`; where a value cannot be read, whoever asks for it throws.
  public static func open(path: String) throws -> [String: Tensor] {
    let file = try SafetensorsFile(path: path)
    let number = fileCount.add(1, ordering: .relaxed).newValue
    var tensors: [String: Tensor] = [:]
    for name in file.names {
      let type = TensorType(try file.dtype(of: name), Shape(try file.entry(name).shape))
      let read = HostOperation(
        name: "read", identity: "read \(number) \(name)", infer: { _ in [type] }, gradient: .zero
      ) { _, _, results, _ in
        try file.read(
          name, into: UnsafeMutableRawBufferPointer(start: results[0], count: type.byteCount))
      }
      tensors[name] = Tensor(try Node(.host(read)))
    }
    return tensors
  }

  /// Tells opened files apart.
  private static let fileCount = Atomic<UInt64>(0)

  /// Reads all tensors of a file. Throws `FormatError`.
  public static func read(path: String) throws -> [String: Tensor] {
    let file = try SafetensorsFile(path: path)
    var tensors: [String: Tensor] = [:]
    for name in file.names { tensors[name] = try tensor(file, name) }
    return tensors
  }
}
