import Apus
import ApusFormats
import ApusIR
import Foundation

/// What a model or a file of weights consists of.
public struct Inspection: Encodable, Sendable {
  public var path: String
  /// `bundle`, `safetensors` or `onnx`.
  public var kind: String
  /// The architecture, or the name of the graph.
  public var name: String?
  public var inputs: [Value]?
  public var outputs: [Value]?
  public var layers: [Layer]?
  public var tensors: [Value]?
  /// The number of nodes of an ONNX graph by operator.
  public var operators: [String: Int]?
  /// Numbers in all weights.
  public var parameters: Int
  public var weightBytes: Int
  /// Pictures answered at once, in the figures that follow.
  public var batch: Int?
  /// Floating-point operations; a multiply-add counts as two.
  public var flops: Int?
  /// Weights, input, output and intermediate results together, in bytes; exact.
  public var peakMemoryBytes: Int?

  /// A named tensor.
  public struct Value: Codable, Hashable, Sendable {
    public var name: String
    public var dtype: String
    /// Extents; free ones by name.
    public var shape: [String]
  }

  /// A module with parameters of its own.
  public struct Layer: Codable, Hashable, Sendable {
    public var name: String
    /// The shapes of its parameters by name.
    public var weights: [String: [Int]]
    public var parameters: Int
    public var flops: Int
  }

  /// Looks at a file or folder.
  ///
  /// - Throws: `FormatError` where it is none of the known kinds or damaged.
  public init(path: String, batch: Int = 1) throws {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw FormatError(.notFound, path, "there is no such file or folder.")
    }
    if isFolder.boolValue, try SavedModelKind(in: RunFolder(path: path)) != nil {
      // Its layers need data to be made for.
      try self.init(safetensors: RunFolder(path: path).weights)
    } else if isFolder.boolValue {
      try self.init(bundle: path, batch: batch)
    } else if path.hasSuffix(".safetensors") {
      try self.init(safetensors: path)
    } else if path.hasSuffix(".onnx") {
      try self.init(onnx: path)
    } else {
      throw FormatError(
        .unsupported, path, "it is no folder of a model, no .safetensors and no .onnx file.")
    }
  }

  private init(bundle path: String, batch: Int) throws {
    let classifier = try Classifier(bundle: path)
    let description = try BundleDescription(folder: path)
    let program = try classifier.program(batch: batch).program
    let parameters = classifier.store.parameters
    self.init(path, "bundle", weights: parameters.map { ($0.dtype, $0.shape.extents) })
    name = classifier.architecture
    inputs = description.signature.inputs.map(Value.init)
    outputs = description.signature.outputs.map(Value.init)
    layers = Inspection.layers(parameters, program)
    self.batch = batch
    let cost = try classifier.cost(batch: batch)
    flops = cost.flops
    peakMemoryBytes = cost.peakBytes
  }

  private init(safetensors path: String) throws {
    let file = try SafetensorsFile(path: path)
    tensors = file.entries.map { entry in
      Value(name: entry.name, dtype: entry.dtype?.rawValue ?? entry.elementType, shape: entry.shape.map(String.init))
    }
    self.path = path
    kind = "safetensors"
    parameters = file.entries.reduce(0) { $0 + $1.shape.reduce(1, *) }
    weightBytes = file.entries.reduce(0) { $0 + $1.byteCount }
  }

  private init(onnx path: String) throws {
    let graph = try ONNXFile.read(path: path).graph
    let weights = graph.initializer.map { tensor in
      (DType(onnxElementType: tensor.dataType) ?? .u8, tensor.dims.map(Int.init))
    }
    self.init(path, "onnx", weights: weights)
    name = graph.name
    let names = Set(graph.initializer.map(\.name))
    inputs = graph.input.filter { !names.contains($0.name) }.map(Value.init)
    outputs = graph.output.map(Value.init)
    operators = Dictionary(graph.node.map { ($0.opType, 1) }, uniquingKeysWith: +)
  }

  private init(_ path: String, _ kind: String, weights: [(DType, [Int])]) {
    self.path = path
    self.kind = kind
    parameters = weights.reduce(0) { $0 + $1.1.reduce(1, *) }
    weightBytes = weights.reduce(0) { $0 + $1.1.reduce($1.0.byteCount, *) }
  }

  /// The modules in the order in which they were made, with the work of what their code computes.
  private static func layers(_ parameters: [Parameter], _ program: Program) -> [Layer] {
    var flops: [String: Int] = [:]
    for instruction in program.instructions {
      let work = instruction.primitive.flops(
        operands: instruction.operands.map { program.types[$0] },
        results: Array(program.types[instruction.results]))
      flops[instruction.module ?? "", default: 0] += work
    }
    var layers: [Layer] = []
    for parameter in parameters {
      let parts = parameter.path.split(separator: ".").map { String($0) }
      let module = parts.dropLast().joined(separator: ".")
      if layers.last?.name != module {
        layers.append(Layer(name: module, weights: [:], parameters: 0, flops: flops[module] ?? 0))
      }
      layers[layers.count - 1].weights[parts.last ?? ""] = parameter.shape.extents
      layers[layers.count - 1].parameters += parameter.shape.elementCount
    }
    return layers
  }
}

extension Inspection.Value {
  fileprivate init(_ value: BundleSignature.Value) {
    let shape = value.shape.map { extent in
      switch extent {
      case .fixed(let count): String(count)
      case .free(let name): name
      }
    }
    self.init(name: value.name, dtype: value.dtype.rawValue, shape: shape)
  }

  fileprivate init(_ value: ONNXValueInfoProto) {
    let type = value.type.tensorType
    let shape = type.shape.dim.map { dimension in
      switch dimension.value {
      case .dimValue(let extent)?: String(extent)
      case .dimParam(let name)?: name
      case nil: "?"
      }
    }
    self.init(
      name: value.name, dtype: DType(onnxElementType: type.elemType)?.rawValue ?? "type \(type.elemType)",
      shape: shape)
  }
}
