import Apus
import ApusData
import ApusFormats
import ApusIR

extension Classifier {
  /// Writes the three files of a bundle into a folder; all of them, or none.
  ///
  /// The ONNX graph takes `image`, `u8[batch, height, width, channel]`, 0 to 255, and gives `logits`
  /// and `probabilities`, `f32[batch, class]`. Its weights are the tensors of the safetensors file.
  ///
  /// - Throws: `FormatError` where a file cannot be written.
  public func save(to folder: String, name: String, training: TrainingRecord?) throws {
    try AtomicFile.createFolder(folder)
    let state = store.state
    let files = FileTransaction()
    var entries: [SafetensorsEntry] = []
    try files.write(to: "\(folder)/\(BundleDescription.weightsFile)") { file in
      entries = try Safetensors.write(state, to: &file)
    }
    let model = try onnx(entries: entries, name: name)
    try files.write(to: "\(folder)/\(BundleDescription.modelFile)") { try $0.write(model) }
    let json = try description(name: name, training: training).json()
    try files.write(to: "\(folder)/\(BundleDescription.descriptionFile)") { try $0.write(json) }
    try files.commit()
  }

  /// Tells before hours of training whether the model can be written.
  ///
  /// - Throws: `FormatError` that names the operation that has no ONNX form.
  func checkExport() throws {
    let items = store.parameters.map { SafetensorsWriter.Item($0.path, $0.dtype, $0.shape.extents) }
    _ = try onnx(entries: SafetensorsWriter(items).entries, name: architecture)
  }

  /// Reads the model of a bundle.
  ///
  /// - Throws: `FormatError`, ``ConfigurationError`` or `TensorError` where the folder is no bundle, is
  ///   damaged, or holds a model that is not made for images or not known here.
  public init(bundle folder: String) throws {
    if let other = try SavedModelKind(in: RunFolder(path: folder)) { throw other.isNoClassifier(folder) }
    let description = try BundleDescription(folder: folder)
    let path = "\(folder)/\(BundleDescription.descriptionFile)"
    guard case .image(let height, let width, let channels) = description.input else {
      throw FormatError(.unsupported, path, "its model does not take images.")
    }
    guard !description.labels.isEmpty else {
      throw FormatError(.malformed, path, "it has no labels.")
    }
    let weightsPath = "\(folder)/\(BundleDescription.weightsFile)"
    let weights = try Safetensors.read(path: weightsPath)
    let store = ParameterStore(loading: { path in
      guard let value = weights[path] else {
        throw FormatError(.missing, weightsPath, "it has no tensor '\(path)'.")
      }
      return value
    })
    let definition = try description.definition.map { try Component(model: $0, file: path) }
    try self.init(
      definition ?? Component(description.architecture),
      size: ImageSize(height: height, width: width, channels: channels),
      classNames: description.labels,
      normalization: try Classifier.normalization(description.preprocessing, channels, file: path),
      store: store)
    let known = Set(self.store.parameters.map(\.path))
    if let stranger = weights.keys.filter({ !known.contains($0) }).min() {
      throw FormatError(
        .malformed, weightsPath, "its tensor '\(stranger)' belongs to no layer of the model '\(architecture)'.")
    }
  }

  private static func normalization(
    _ steps: [PreprocessingStep], _ channels: Int, file: String
  ) throws -> Normalization {
    if case .scale(Normalization.scale)? = steps.dropLast().last,
      case .normalize(let mean, let deviation)? = steps.last,
      mean.count == channels || mean.count == 1, steps.count == 2
    {
      return Normalization(mean: mean, standardDeviation: deviation)
    }
    throw FormatError(
      .unsupported, file, "its pre-processing is not 'scale' by 1/255 and 'normalize', which Apus writes.")
  }

  private func description(name: String, training: TrainingRecord?) throws -> BundleDescription {
    let classes = BundleSignature.Extent.fixed(classNames.count)
    let image: [BundleSignature.Extent] = [
      .batch, .fixed(size.height), .fixed(size.width), .fixed(size.channels),
    ]
    return BundleDescription(
      name: name, architecture: architecture,
      definition: definition.options.isEmpty ? nil : try definition.modelText(),
      signature: BundleSignature(
        inputs: [.init(name: "image", dtype: .u8, shape: image)],
        outputs: [
          .init(name: "logits", dtype: .f32, shape: [.batch, classes]),
          .init(name: "probabilities", dtype: .f32, shape: [.batch, classes]),
        ]),
      input: .image(height: size.height, width: size.width, channels: size.channels),
      labels: classNames,
      preprocessing: [
        .scale(factor: Normalization.scale),
        .normalize(mean: normalization.mean, standardDeviation: normalization.standardDeviation),
      ], training: training)
  }

  private func onnx(entries: [SafetensorsEntry], name: String) throws -> [UInt8] {
    let first = try program(batch: 2)
    let second = try program(batch: 3)
    let byName = Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0) })
    var byNode: [Node: SafetensorsEntry] = [:]
    for parameter in store.parameters { byNode[parameter.value.node] = byName[parameter.path] }
    let sources: [ONNXExporter.Source] = first.captured.map { leaf in
      if let entry = byNode[leaf] { return .weight(entry) }
      let tensor = Tensor(leaf)
      return .data(RawArray(leaf.dtype, leaf.shape.extents, tensor.withBytes { Array($0) }))
    }
    return try ONNXExporter.export(
      first.program, tracedAgain: second.program, sources: [.argument("image")] + sources,
      outputs: ["logits", "probabilities"], name: name, weightsFile: BundleDescription.weightsFile,
      producerVersion: ApusVersion.current)
  }
}
