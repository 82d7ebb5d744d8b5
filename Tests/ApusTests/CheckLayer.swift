import Apus
import Testing

/// What a layer, or anything else made from a scope, computes: several inputs, several outputs.
typealias LayerFunction = @Sendable ([Tensor]) -> [Tensor]

/// Checks what every layer must do: keys and shapes are known without values; computed on f32 and
/// bf16 alike; compiled it gives the same; a saved state gives the same results; one training step
/// changes every parameter.
func checkLayer(
  _ keys: [String: Shape], input: Shape, output: Shape,
  sourceLocation: SourceLocation = #_sourceLocation, _ make: (Scope) -> any Layer
) throws {
  let x = Tensor.normal(input, key: RandomKey(seed: 1))
  try eval(x)
  let check = LayerCheck(keys: keys, inputs: [x], outputs: [output], place: sourceLocation)
  try check.run { function(of: make($0)) }
}

/// Checks the same of a layer, and that its outputs, gradients and buffers are PyTorch's.
///
/// - Parameter golden: a case of the script in `scripts/golden` that made `file`. Its keys, shapes
///   and inputs are taken.
func checkLayer(
  golden: String, in file: Golden, sourceLocation: SourceLocation = #_sourceLocation,
  _ make: (Scope) -> any Layer
) throws {
  try checkLayer(golden: golden, in: file, sourceLocation: sourceLocation) { scope in
    function(of: make(scope))
  }
}

/// Checks the same of anything with several inputs or outputs:
/// `checkLayer(golden: "bilinear", in: file) { scope in let layer = …; return { [layer($0[0], $0[1])] } }`.
func checkLayer(
  golden: String, in file: Golden, sourceLocation: SourceLocation = #_sourceLocation,
  _ make: (Scope) -> LayerFunction
) throws {
  let golden = GoldenLayer(golden, file, place: sourceLocation)
  let check = LayerCheck(
    keys: golden.parameters.mapValues(\.shape), inputs: golden.inputs,
    outputs: golden.outputs.map(\.shape), place: sourceLocation, name: golden.name,
    constants: golden.constants)
  try check.run(make)
  try golden.check(make)
}

private func function(of layer: any Layer) -> LayerFunction { { [layer($0[0])] } }

/// Σ output · weights with weights cos(0), cos(1), … over all floating-point outputs: a scalar whose
/// gradient tells outputs apart.
private func weightedSum(_ outputs: [Tensor]) -> Tensor {
  var total = Tensor.zeros([])
  for output in outputs where output.dtype.isFloating {
    let weights = cos(Tensor.arange(output.elementCount, dtype: .f64)).reshaped(output.shape)
    total = total + (output * weights.to(output.dtype)).sum()
  }
  return total
}

private struct LayerCheck {
  let keys: [String: Shape]
  let inputs: [Tensor]
  let outputs: [Shape]
  let place: SourceLocation
  var name = ""
  /// Buffers that training leaves alone.
  var constants: Set<String> = []

  func run(_ make: (Scope) -> LayerFunction) throws {
    try checkShapesOnly(make)
    let store = ParameterStore(seed: 1)
    let layer = make(store.scope)
    // Programs of their own, else what is compared with the results could be fused with them and
    // round otherwise.
    try eval(inputs)
    try store.materialize()
    let results = layer(inputs)
    try eval(results)
    let shapes = results.map(\.shape)
    #expect(shapes == outputs, "\(name)", sourceLocation: place)
    for result in results where result.dtype.isFloating {
      let areFinite = isFinite(result).all().scalar(as: Bool.self)
      #expect(areFinite, "\(name)", sourceLocation: place)
    }
    let fast = try compiled { layer($0) }(inputs)
    for (a, b) in zip(fast, results) { expectClose(a, b, name, sourceLocation: place) }
    try checkReloaded(make, store.state, results)
    checkNarrow(make, results)
    if !store.trainable.isEmpty { try checkStep(layer, store) }
  }

  private func checkShapesOnly(_ make: (Scope) -> LayerFunction) throws {
    let store = ParameterStore.shapesOnly()
    let layer = make(store.scope)
    let found = Dictionary(uniqueKeysWithValues: store.parameters.map { ($0.path, $0.shape) })
    #expect(found == keys, "\(name)", sourceLocation: place)
    let shapes = layer(inputs).map(\.shape)
    #expect(shapes == outputs, "\(name)", sourceLocation: place)
  }

  private func checkReloaded(
    _ make: (Scope) -> LayerFunction, _ state: [String: Tensor], _ results: [Tensor]
  ) throws {
    let store = ParameterStore(seed: 2)
    let layer = make(store.scope)
    try store.load(state)
    let again = layer(inputs)
    try eval(again)
    let isSame = again == results
    #expect(isSame, "\(name)", sourceLocation: place)
  }

  private func checkNarrow(_ make: (Scope) -> LayerFunction, _ results: [Tensor]) {
    let layer = make(ParameterStore(seed: 1).scope.with(dtype: .bf16))
    let narrow = layer(inputs.map { $0.dtype.isFloating ? $0.to(.bf16) : $0 })
    for (a, b) in zip(narrow, results) where b.dtype.isFloating {
      let dtype = a.dtype
      #expect(dtype == .bf16, "\(name)", sourceLocation: place)
      let isNear = a.to(.f32).allClose(b, relative: 0.1, absolute: 0.1)
      #expect(isNear, "\(name)", sourceLocation: place)
    }
  }

  private func checkStep(_ layer: @escaping LayerFunction, _ store: ParameterStore) throws {
    let before = store.state
    let step = Step<LayerFunction, [Tensor]>(layer, SGD(learningRate: 0.1)) { layer, inputs in
      weightedSum(layer(inputs))
    }
    try step(inputs)
    for parameter in store.parameters where !constants.contains(parameter.path) {
      let isChanged = parameter.value != before[parameter.path]!
      #expect(isChanged, "\(name): \(parameter) did not change", sourceLocation: place)
    }
  }
}

/// One case of a file made with `scripts/golden/layer_cases.py`, which says what it holds.
private struct GoldenLayer {
  let name: String
  private let file: Golden
  private let place: SourceLocation

  init(_ name: String, _ file: Golden, place: SourceLocation) {
    (self.name, self.file, self.place) = (name, file, place)
  }

  var inputs: [Tensor] { list("input") }
  var outputs: [Tensor] { list("output") }
  var parameters: [String: Tensor] { all("parameter") }

  /// Buffers that PyTorch's training leaves alone.
  var constants: Set<String> {
    let before = parameters
    return Set(all("after").filter { $0.value == before[$0.key] }.keys)
  }

  func check(_ make: (Scope) -> LayerFunction) throws {
    let store = ParameterStore()
    let layer = make(store.scope)
    try store.load(parameters)
    let inputs = inputs
    var results = layer(inputs)
    compare(results, outputs, "output")
    let trained = list("training.output")
    if !trained.isEmpty {
      results = withTraining { layer(inputs) }
      compare(results, trained, "training.output")
    }
    for (path, value) in all("after") {
      expect(store[path]!.value, value, "after.\(path)")
    }
    // A second run, now with the state as it was.
    try store.load(parameters)
    if !trained.isEmpty { results = withTraining { layer(inputs) } } else { results = layer(inputs) }
    try checkGradients(weightedSum(results), inputs, store)
  }

  private func checkGradients(_ loss: Tensor, _ inputs: [Tensor], _ store: ParameterStore) throws {
    let expected = all("gradient")
    var targets: [(name: String, tensor: Tensor)] = []
    for (index, x) in inputs.enumerated() where expected["input.\(index)"] != nil {
      targets.append(("input.\(index)", x))
    }
    for parameter in store.trainable where expected["parameter.\(parameter.path)"] != nil {
      targets.append(("parameter.\(parameter.path)", parameter.value))
    }
    let names = Set(targets.map(\.name))
    #expect(names == Set(expected.keys), "\(name)", sourceLocation: place)
    let found = try gradients(of: loss, for: targets.map(\.tensor))
    try eval(found)
    for (target, gradient) in zip(targets, found) {
      expect(gradient, expected[target.name]!, "gradient.\(target.name)")
    }
  }

  private func compare(_ actual: [Tensor], _ expected: [Tensor], _ key: String) {
    #expect(actual.count == expected.count, "\(name).\(key)", sourceLocation: place)
    for (index, (a, b)) in zip(actual, expected).enumerated() { expect(a, b, "\(key).\(index)") }
  }

  private func expect(_ actual: Tensor, _ expected: Tensor, _ key: String) {
    expectClose(
      actual, expected, relative: 1e-5, absolute: 2e-6, "\(name).\(key)", sourceLocation: place)
  }

  private func list(_ key: String) -> [Tensor] {
    var result: [Tensor] = []
    while file.names.contains("\(name).\(key).\(result.count)") {
      result.append(file["\(name).\(key).\(result.count)"])
    }
    return result
  }

  private func all(_ key: String) -> [String: Tensor] {
    let prefix = "\(name).\(key)."
    let names = file.names.filter { $0.hasPrefix(prefix) }
    return Dictionary(
      uniqueKeysWithValues: names.map { (String($0.dropFirst(prefix.count)), file[$0]) })
  }
}

extension Golden {
  /// The cases of layers that the file holds.
  var layerCases: Set<String> {
    let ends = names.filter { $0.hasSuffix(".output.0") && !$0.hasSuffix(".training.output.0") }
    return Set(ends.map { String($0.dropLast(".output.0".count)) })
  }
}
