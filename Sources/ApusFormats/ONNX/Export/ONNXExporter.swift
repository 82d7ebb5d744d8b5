import ApusIR
import Foundation

/// Writes programs as ONNX graphs.
///
/// A program has fixed extents, an ONNX graph should take any batch. So the same function is traced
/// with two batch sizes: an extent that differs between the two programs is the batch.
public struct ONNXExporter {
  /// The operator set of the graphs; ONNX 1.14 (IR version 9) and newer know it.
  static let operatorSet: Int64 = 19
  static let irVersion: Int64 = 9

  /// Where the value of an input of a program comes from.
  public enum Source: Sendable {
    /// The user of the graph gives it, under this name.
    case argument(String)
    /// It lies in the safetensors file beside the model.
    case weight(SafetensorsEntry)
    /// It lies in the model.
    case data(RawArray)
  }

  /// The name of a free batch extent.
  private static let batchName = "batch"

  let program: Program
  /// The same function with another batch size.
  let other: Program
  let weightsFile: String

  var graph = ONNXGraphProto()
  /// What each value of the program is called in the graph.
  var known: [Int: Known] = [:]
  private var constants: [String: String] = [:]
  private var usedNames: Set<String> = []

  /// A value in the graph.
  struct Known {
    var name: String
    /// Whether it has its full shape; if not, it has one that broadcasts to it.
    var isFull = true
  }

  /// Makes the model that computes `program`.
  ///
  /// - Parameters:
  ///   - program: the function, traced with one batch size.
  ///   - other: the same, traced with another one.
  ///   - sources: for each input of the programs where its value comes from.
  ///   - outputs: a name for each output.
  ///   - weightsFile: the name of the safetensors file, in the folder of the model.
  /// - Returns: the bytes of the model file.
  /// - Throws: `FormatError` for an operation that this exporter does not know.
  public static func export(
    _ program: Program, tracedAgain other: Program, sources: [Source], outputs: [String],
    name: String, weightsFile: String, producerVersion: String
  ) throws -> [UInt8] {
    precondition(sources.count == program.inputCount, "one source for each input")
    precondition(outputs.count == program.outputs.count, "one name for each output")
    // ONNX has operators, not calls with gradients of their own.
    let program = InlineCalls.rewrite(program) ?? program
    let other = InlineCalls.rewrite(other) ?? other
    var exporter = ONNXExporter(program: program, other: other, weightsFile: weightsFile)
    try exporter.checkAgreement()
    exporter.graph.name = name
    exporter.usedNames = Set(outputs)
    exporter.addInputs(sources)
    for (index, instruction) in program.instructions.enumerated() {
      try exporter.add(instruction, at: index)
    }
    exporter.addOutputs(outputs)

    var model = ONNXModelProto()
    model.irVersion = irVersion
    model.producerName = "apus"
    model.producerVersion = producerVersion
    var operators = ONNXOperatorSetIdProto()
    operators.domain = ""
    operators.version = operatorSet
    model.opsetImport = [operators]
    model.graph = exporter.graph
    return try ONNXFile.encode(model, file: BundleDescription.modelFile)
  }

  private init(program: Program, other: Program, weightsFile: String) {
    self.program = program
    self.other = other
    self.weightsFile = weightsFile
  }

  /// The two programs must differ in extents only.
  private func checkAgreement() throws {
    let isSame =
      program.instructions.count == other.instructions.count
      && zip(program.instructions, other.instructions).allSatisfy { a, b in
        a.primitive.name == b.primitive.name && a.operands == b.operands
      }
    guard isSame else {
      throw ONNXExporter.failure("the model computes something else for another batch size.")
    }
  }

  // MARK: - Inputs and outputs

  private mutating func addInputs(_ sources: [Source]) {
    for (value, source) in sources.enumerated() {
      switch source {
      case .argument(let name):
        graph.input.append(valueInfo(name, value))
        known[value] = Known(name: unique(name))
      case .weight(let entry):
        let type = program.types[value]
        graph.initializer.append(
          ONNXTensorProto(entry, dtype: type.dtype, location: weightsFile))
        known[value] = Known(name: unique(entry.name))
      case .data(let array):
        known[value] = Known(name: constant(array, hint: "constant"))
      }
    }
  }

  private mutating func addOutputs(_ names: [String]) {
    for (name, value) in zip(names, program.outputs) {
      let source = full(value)
      append("Identity", [source], named: name)
      graph.output.append(valueInfo(name, value))
    }
  }

  private func valueInfo(_ name: String, _ value: Int) -> ONNXValueInfoProto {
    let type = program.types[value]
    var shape = ONNXTensorShapeProto()
    for (extent, again) in zip(type.shape, other.types[value].shape) {
      var dimension = ONNXTensorShapeProto.Dimension()
      if extent == again {
        dimension.dimValue = Int64(extent)
      } else {
        dimension.dimParam = ONNXExporter.batchName
      }
      shape.dim.append(dimension)
    }
    var tensor = ONNXTypeProto.Tensor()
    tensor.elemType = Int32(ONNXTensorProto.DataType(type.dtype).rawValue)
    tensor.shape = shape
    var info = ONNXValueInfoProto()
    info.name = name
    info.type.tensorType = tensor
    return info
  }

  // MARK: - Nodes

  /// Appends a node with one result and returns the result's name.
  @discardableResult
  mutating func append(
    _ operation: String, _ inputs: [String], _ attributes: [ONNXAttributeProto] = [],
    named name: String? = nil, module: String? = nil
  ) -> String {
    var node = ONNXNodeProto()
    let place = [module?.replacingOccurrences(of: ".", with: "/"), operation].compactMap { $0 }
    let result = name ?? unique(place.joined(separator: "/"))
    node.opType = operation
    node.name = result
    node.input = inputs
    node.output = [result]
    node.attribute = attributes
    graph.node.append(node)
    return result
  }

  /// A name that nothing in the graph has yet.
  mutating func unique(_ name: String) -> String {
    var candidate = name
    var number = 1
    while !usedNames.insert(candidate).inserted {
      number += 1
      candidate = "\(name)_\(number)"
    }
    return candidate
  }

  /// The name of an array that lies in the model; equal ones are kept once.
  mutating func constant(_ array: RawArray, hint: String) -> String {
    let key = "\(array.dtype) \(array.shape) \(array.bytes)"
    if let name = constants[key] { return name }
    let name = unique(hint)
    graph.initializer.append(ONNXTensorProto(name, array))
    constants[key] = name
    return name
  }

  /// The name of a list of whole numbers, as shapes and axes are given.
  mutating func integers(_ numbers: [Int], hint: String) -> String {
    constant(
      RawArray(.i64, [numbers.count], numbers.flatMap { Int64($0).littleEndianBytes }), hint: hint)
  }

  /// The name of a value with its full shape.
  mutating func full(_ value: Int) -> String {
    let entry = known[value]!
    if entry.isFull { return entry.name }
    let name = append("Expand", [entry.name, shape(of: value)])
    known[value] = Known(name: name)
    return name
  }

  /// The name of a tensor that holds the extents of a value, those of the batch at run time.
  private mutating func shape(of value: Int) -> String {
    let extents = program.types[value].shape.extents
    let isBatch = zip(extents, other.types[value].shape).map { $0 != $1 }
    guard isBatch.contains(true), let argument = graph.input.first?.name else {
      return integers(extents, hint: "shape")
    }
    let all = append("Shape", [argument])
    let batch = append("Slice", [all, integers([0], hint: "start"), integers([1], hint: "end")])
    let parts = zip(extents, isBatch).map { extent, isFree in
      isFree ? batch : integers([extent], hint: "extent")
    }
    return append("Concat", parts, [ONNXAttributeProto("axis", 0)])
  }

  /// The axes along which an extent of a value is the batch.
  func batchAxes(_ value: Int) -> [Int] {
    let (a, b) = (program.types[value].shape, other.types[value].shape)
    return a.indices.filter { a[$0] != b[$0] }
  }

  static func failure(_ reason: String) -> FormatError {
    FormatError(.unsupported, BundleDescription.modelFile, reason)
  }
}

extension ONNXAttributeProto {
  init(_ name: String, _ value: Int) {
    self.init()
    self.name = name
    type = .int
    i = Int64(value)
  }

  init(_ name: String, _ values: [Int]) {
    self.init()
    self.name = name
    type = .ints
    ints = values.map(Int64.init)
  }
}
