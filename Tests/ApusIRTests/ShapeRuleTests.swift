import ApusIR
import Testing

private func type(_ dtype: DType, _ shape: Shape) -> TensorType { TensorType(dtype, shape) }

/// An operation on operands that fit, and the types it gives.
struct GoodCase: Sendable, CustomTestStringConvertible {
  let primitive: Primitive
  let operands: [TensorType]
  let results: [TensorType]

  init(_ primitive: Primitive, _ operands: [TensorType], _ results: TensorType...) {
    self.primitive = primitive
    self.operands = operands
    self.results = results
  }

  var testDescription: String { "\(primitive.name) \(operands)" }
}

/// An operation on operands that do not fit, and the sentence that says so.
struct BadCase: Sendable, CustomTestStringConvertible {
  let primitive: Primitive
  let operands: [TensorType]
  let sentence: String

  init(_ primitive: Primitive, _ operands: [TensorType], _ sentence: String) {
    self.primitive = primitive
    self.operands = operands
    self.sentence = sentence
  }

  var testDescription: String { "\(primitive.name) \(operands)" }
}

@Suite struct ShapeRuleTests {
  @Test(arguments: goodCases)
  func resultTypes(_ good: GoodCase) throws {
    #expect(try good.primitive.infer(good.operands) == good.results)
  }

  @Test(arguments: badCases)
  func mistakesAreSentences(_ bad: BadCase) {
    let error = #expect(throws: TensorError.self) { try bad.primitive.infer(bad.operands) }
    #expect(error?.description == bad.sentence)
  }

  /// Every primitive accepts its sample, and names itself when it gets too many operands.
  @Test(arguments: PrimitiveRegistry.all)
  func registrySamplesFit(_ entry: PrimitiveEntry) throws {
    #expect(try entry.primitive.infer(entry.operands).count >= 1)
    switch entry.primitive.kind {
    case .concatenate, .output, .barrier, .host: return
    default: break
    }
    let tooMany = entry.operands + [type(.f32, [1])]
    let error = #expect(throws: TensorError.self) { try entry.primitive.infer(tooMany) }
    #expect(error?.operation == entry.name)
  }

  @Test func registryNamesAreUnique() {
    let names = PrimitiveRegistry.all.map(\.name)
    #expect(Set(names).count == names.count)
    #expect(Set(PrimitiveRegistry.all.map(\.primitive.kind)) == Set(Primitive.Kind.allCases))
  }

  @Test func errorsNameTheModule() throws {
    let a = Node.placeholder(type(.f32, [2, 3]))
    let error = #expect(throws: TensorError.self) {
      try ModulePath.with("encoder.hidden") {
        try Node(.matmul(transposeA: false, transposeB: false), [a, a])
      }
    }
    #expect(
      error?.description == "encoder.hidden: matmul: shapes [2, 3] and [2, 3] do not fit: "
        + "inner extents 3 and 2 differ.")
  }

  @Test func devicesMustAgree() throws {
    let a = Node.placeholder(type(.f32, [2]), device: .cpu)
    let b = Node.placeholder(type(.f32, [2]), device: .reference)
    let error = #expect(throws: TensorError.self) { try Node(.binary(.add), [a, b]) }
    #expect(
      error?.description == "add: operands live on different devices, cpu and reference. "
        + "Hint: move one of them with .to(device:).")
    // A constant lives wherever it is needed.
    let two = try Node(.constant(.floating(2), type(.f32, [2])), device: .cpu)
    #expect(try Node(.binary(.add), [two, b]).device == .reference)
  }
}

private func f32(_ shape: Shape) -> TensorType { type(.f32, shape) }
private let plain = Primitive.matmul(transposeA: false, transposeB: false)

private func convolution(
  _ kind: Convolution.Kind = .forward, groups: Int = 1, stride: Int = 1, extents: [Int] = []
) -> Primitive {
  .convolution(
    Convolution(
      kind: kind, strides: [stride, stride], dilations: [1, 1], low: [0, 0], high: [0, 0],
      groups: groups, extents: extents))
}

private let goodCases: [GoodCase] = [
  GoodCase(.iota(axis: 0, type(.u8, [4])), [], type(.u8, [4])),
  GoodCase(.unary(.exp), [type(.bf16, [])], type(.bf16, [])),
  GoodCase(.binary(.and), [type(.bool, [0]), type(.bool, [0])], type(.bool, [0])),
  GoodCase(.compare(.less), [f32([2]), f32([2])], type(.bool, [2])),
  GoodCase(.cast(.i8), [f32([2, 0])], type(.i8, [2, 0])),
  GoodCase(.broadcast([2, 0, 3]), [f32([1, 3])], f32([2, 0, 3])),
  GoodCase(.reshape([3, 1, 2]), [f32([6])], f32([3, 1, 2])),
  GoodCase(.reshape([5, 0]), [f32([0])], f32([5, 0])),
  GoodCase(.transpose([2, 0, 1]), [f32([2, 3, 4])], f32([4, 2, 3])),
  GoodCase(.slice(Slicing(starts: [1], ends: [6], strides: [2])), [f32([6])], f32([3])),
  GoodCase(.slice(Slicing(starts: [6], ends: [6])), [f32([6])], f32([0])),
  GoodCase(
    .pad(Padding(low: [1], high: [2], interior: [3], value: .floating(0))), [f32([4])], f32([16])),
  GoodCase(
    .pad(Padding(low: [1], high: [2], interior: [3], value: .floating(0))), [f32([0])], f32([3])),
  GoodCase(.concatenate(axis: 1), [f32([2, 1]), f32([2, 0]), f32([2, 4])], f32([2, 5])),
  GoodCase(.reduce(.sum, axes: [2, 0]), [f32([2, 3, 4])], f32([3])),
  GoodCase(.reduce(.maximum, axes: [0]), [type(.bool, [0, 2])], type(.bool, [2])),
  GoodCase(.argReduce(.argMax, axis: 1), [f32([0, 3])], type(.i64, [0])),
  GoodCase(plain, [f32([5, 2, 3]), f32([5, 3, 4])], f32([5, 2, 4])),
  GoodCase(
    .matmul(transposeA: true, transposeB: true), [f32([3, 2]), f32([4, 3])], f32([2, 4])),
  GoodCase(convolution(groups: 2), [f32([1, 5, 6, 4]), f32([6, 2, 3, 3])], f32([1, 3, 4, 6])),
  // Two inputs give this output; the extents say which one is meant.
  GoodCase(
    convolution(.inputGradient, stride: 2, extents: [5, 6]), [f32([1, 2, 2, 8]), f32([8, 3, 3, 3])],
    f32([1, 5, 6, 3])),
  GoodCase(
    convolution(.weightGradient, extents: [3, 3]), [f32([1, 5, 6, 3]), f32([1, 3, 4, 8])],
    f32([8, 3, 3, 3])),
  GoodCase(.windowReduce(.sum, Window(sizes: [2])), [f32([1, 5, 3])], f32([1, 2, 3])),
  GoodCase(.windowArgMax(Window(sizes: [2])), [f32([1, 5, 3])], type(.i32, [1, 2, 3])),
  GoodCase(.gather(axis: 1, .slices), [f32([2, 3, 4]), type(.i64, [5, 6])], f32([2, 5, 6, 4])),
  GoodCase(.gather(axis: 0, .slices), [f32([3]), type(.i32, [])], f32([])),
  GoodCase(.gather(axis: 1, .elements), [f32([2, 3]), type(.i32, [2, 7])], f32([2, 7])),
  GoodCase(
    .scatter(axis: 0, .slices, .add), [f32([3, 2]), type(.i32, [5]), f32([5, 2])], f32([3, 2])),
  GoodCase(.argSort(axis: 0, descending: true, count: 2), [f32([3, 2])], type(.i64, [2, 2])),
]

private let badCases: [BadCase] = [
  BadCase(.iota(axis: 0, type(.bool, [2])), [], "iota: cannot count in bool."),
  BadCase(
    .randomBits(type(.f32, [2])), [type(.i64, [2])], "randomBits: makes i32 or i64, not f32."),
  BadCase(
    .randomBits(type(.i32, [2])), [type(.i32, [2])],
    "randomBits: the key must be i64[2] (seed, stream), got i32[2]."),
  BadCase(
    .unary(.exp), [type(.i32, [2])],
    "exp: is not defined for i32. Hint: convert the operand first, for instance with .to(.f32)."),
  BadCase(.binary(.add), [f32([2])], "add: takes 2 operands, got 1."),
  BadCase(.binary(.add), [f32([2]), f32([3])], "add: shapes [2] and [3] differ."),
  BadCase(.binary(.add), [f32([2]), type(.i32, [2])], "add: dtypes f32 and i32 differ."),
  BadCase(
    .select, [f32([2]), f32([2]), f32([2])], "select: the condition must be bool, got f32."),
  BadCase(
    .select, [type(.bool, [1]), f32([2]), f32([2])],
    "select: condition shape [1] and value shape [2] differ."),
  BadCase(
    .broadcast([2, 2]), [f32([3])],
    "broadcast: shape [3] cannot be broadcast to [2, 2]. "
      + "Hint: aligned at the last axis, each extent must be equal or 1."),
  BadCase(
    .reshape([4]), [f32([2, 3])],
    "reshape: shape [2, 3] with 6 elements cannot become [4] with 4."),
  BadCase(
    .transpose([0, 0]), [f32([2, 3])],
    "transpose: [0, 0] is no permutation of the axes of shape [2, 3]."),
  BadCase(
    .slice(Slicing(starts: [1], ends: [7])), [f32([6])],
    "slice: 1..<7 by 1 is out of range for axis 0 of shape [6]."),
  BadCase(
    .pad(Padding(low: [-1], high: [0], value: .floating(0))), [f32([6])],
    "pad: padding must not be negative. Hint: use slicing to crop."),
  BadCase(
    .concatenate(axis: 0), [f32([2, 3]), f32([2, 4])],
    "concatenate: shapes [2, 3] and [2, 4] differ outside axis 0."),
  BadCase(
    .reverse(axes: [2]), [f32([2, 3])],
    "reverse: axis 2 is out of range for shape [2, 3] of rank 2."),
  BadCase(.reverse(axes: [1, 1]), [f32([2, 3])], "reverse: axes [1, 1] name one axis twice."),
  BadCase(
    .reduce(.sum, axes: [0]), [type(.bool, [2])],
    "reduceSum: is not defined for bool. Hint: convert with .to(.i64) first."),
  BadCase(
    .argReduce(.argMax, axis: 0), [f32([0, 3])],
    "argMax: axis 0 of shape [0, 3] has no element to choose from."),
  BadCase(
    plain, [f32([2, 3]), f32([4, 5])],
    "matmul: shapes [2, 3] and [4, 5] do not fit: inner extents 3 and 4 differ."),
  BadCase(
    .matmul(transposeA: false, transposeB: true), [f32([2, 3]), f32([3, 5])],
    "matmul: shapes [2, 3] and [3, 5] (transposed) do not fit: inner extents 3 and 5 differ."),
  BadCase(
    plain, [f32([2, 2, 3]), f32([3, 3, 4])],
    "matmul: shapes [2, 2, 3] and [3, 3, 4] must agree in all axes but the last two."),
  BadCase(
    plain, [f32([2, 3]), type(.f16, [3, 4])], "matmul: dtypes f32 and f16 cannot be multiplied."),
  BadCase(
    convolution(), [f32([1, 5, 5, 4]), f32([8, 3, 3, 3])],
    "convolution: input [1, 5, 5, 4] has 4 channels, but kernel [8, 3, 3, 3] with 1 group needs 3. "
      + "Hint: activations are channels-last, [batch, spatial…, channel]."),
  BadCase(
    convolution(), [f32([1, 2, 5, 3]), f32([8, 3, 3, 3])],
    "convolution: kernel [8, 3, 3, 3] does not fit into input [1, 2, 5, 3] along spatial axis 0. "
      + "Hint: pad the input or use a smaller kernel."),
  BadCase(
    convolution(), [type(.i32, [1, 5, 5, 3]), type(.i32, [8, 3, 3, 3])],
    "convolution: needs two operands of one floating dtype, got i32 and i32."),
  BadCase(
    convolution(.inputGradient, extents: [9, 9]), [f32([1, 3, 3, 8]), f32([8, 3, 3, 3])],
    "convolutionInputGradient: input [1, 9, 9, 3] and kernel [8, 3, 3, 3] give extent 7 along "
      + "spatial axis 0, but the output is [1, 3, 3, 8]."),
  BadCase(
    .windowReduce(.maximum, Window(sizes: [3, 3])), [f32([1, 2, 5, 1])],
    "windowMaximum: window [3, 3] does not fit into shape [1, 2, 5, 1] along spatial axis 0."),
  BadCase(
    .windowReduce(.maximum, Window(sizes: [2])), [f32([5, 3])],
    "windowMaximum: shape [5, 3] must have rank 3 for 1 spatial axes. "
      + "Hint: activations are channels-last, [batch, spatial…, channel]."),
  BadCase(
    .gather(axis: 0, .slices), [f32([3]), f32([2])],
    "gather: indices must be i32 or i64, got f32. Hint: use .to(.i64)."),
  BadCase(
    .gather(axis: 0, .elements), [f32([3, 2]), type(.i64, [1, 3])],
    "gather: values [3, 2] and indices [1, 3] differ outside axis 0."),
  BadCase(
    .scatter(axis: 0, .slices, .add), [f32([3]), type(.i64, [2]), f32([3])],
    "scatter: updates must be f32[2] for target f32[3] and indices i64[2], got f32[3]."),
  BadCase(
    .argSort(axis: 0, descending: false, count: 4), [f32([3])],
    "argSort: cannot take 4 elements along axis 0 of shape [3]."),
]
