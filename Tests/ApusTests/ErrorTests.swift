import Apus
import Testing

/// The sentences of mistakes, word for word.
@Suite struct ErrorTests {
  static let a = Tensor.zeros([2, 3]), b = Tensor.zeros([4]), i = Tensor.arange(3)

  static let cases: [(mistake: @Sendable () -> Void, sentence: String)] = [
    ({ _ = a + b }, "add: shapes [2, 3] and [4] cannot be broadcast together. Hint: aligned at the last axis, extents must be equal or 1."),
    ({ _ = matmul(a, a) }, "matmul: shapes [2, 3] and [2, 3] do not fit: inner extents 3 and 2 differ. Hint: the last axis of the first must equal the last but one of the second."),
    ({ _ = matmul(a, 2) }, "matmul: shapes [2, 3] and []: a scalar cannot be multiplied as a matrix. Hint: use *."),
    ({ _ = a.reshaped(4, 2) }, "reshape: shape [2, 3] with 6 elements cannot become [4, 2] with 8."),
    ({ _ = a.reshaped(-1, 4) }, "reshape: shape [2, 3] with 6 elements cannot become [-1, 4]."),
    ({ _ = a.reshaped(-1, -1) }, "reshape: shape [-1, -1] leaves more than one extent open."),
    ({ _ = a.sum(axis: 2) }, "sum: axis 2 is out of range for shape [2, 3] of rank 2. Hint: use an axis in -2...1."),
    ({ _ = a.sum(axes: [0, -2]) }, "sum: axes [0, -2] name one axis of shape [2, 3] twice."),
    ({ _ = a[2] }, "subscript: index 2 is out of range for axis 0 of shape [2, 3]."),
    ({ _ = a[0, 0, 0] }, "subscript: 3 indices are too many for shape [2, 3]."),
    ({ _ = a[a .> 0] }, "subscript: an index tensor must hold integers, got bool. Hint: choose by a mask with .maskedSelect(mask) or Tensor.where(mask, a, b)."),
    ({ _ = Tensor.where(a, a, a) }, "where: the condition must be bool, got f32. Hint: compare, for instance x .!= 0."),
    ({ _ = concatenate([a, b]) }, "concatenate: shapes [2, 3] and [4] differ outside axis 0."),
    ({ _ = stack([a, b]) }, "stack: shapes [2, 3] and [4] differ."),
    ({ _ = a & a }, "and: is not defined for f32. Hint: convert the operand first, for instance with .to(.f32)."),
    ({ _ = Tensor([true]) - Tensor([true]) }, "subtract: is not defined for bool. Hint: convert the operand first, for instance with .to(.f32)."),
    ({ _ = Tensor([1, 2, 3], shape: [2, 2]) }, "Tensor: 3 elements cannot have shape [2, 2] with 4."),
    ({ let _: Float = a.scalar() }, "scalar: shape [2, 3] has 6 elements, not one. Hint: reduce the tensor, for instance with .mean(), or read it with .array()."),
    ({ _ = a.max(axis: 0) + Tensor.zeros([0, 2]).max(axis: 0) }, "max: shape [0, 2] has no element to choose from along its axes."),
    ({ _ = einsum("ij,jk->ik", a, a) }, "einsum: \"ij,jk->ik\": extents 3 and 2 of \"j\" differ."),
    ({ _ = meanSquaredError(b, b.expanded(at: 1)) }, "meanSquaredError: predictions of shape [4] and targets of shape [4, 1] differ. Hint: reshape one of them; a loss does not broadcast."),
    ({ _ = crossEntropy(logits: a, labels: i) }, "crossEntropy: labels of shape [3] do not fit logits [2, 3]. Hint: labels are integers with one axis less than logits."),
    ({ _ = convolution(Tensor.zeros([1, 8, 8, 3]), Tensor.zeros([4, 5, 3, 3])) }, "convolution: input [1, 8, 8, 3] has 3 channels, but kernel [4, 5, 3, 3] with 1 group needs 5. Hint: activations are channels-last, [batch, spatial…, channel]."),
    ({ _ = maxPool2D(Tensor.zeros([1, 1, 1, 3]), 2) }, "maxPool2D: window [2, 2] does not fit into shape [1, 1, 1, 3] along spatial axis 0."),
  ]

  @Test(arguments: cases.indices) func sentence(_ index: Int) {
    let (body, sentence) = Self.cases[index]
    #expect(mistake(body) == sentence)
  }

  @Test func theModulePathComesFirst() {
    let store = ParameterStore()
    let layer = Linear(store.scope / "encoder" / "layers" / 0, 4, 2)
    #expect(mistake { _ = layer(Self.a) }.hasPrefix("encoder.layers.0: matmul: shapes [2, 3] and [4, 2]"))
  }

  @Test func twoParametersOfOneName() {
    let sentence = mistake {
      let scope = ParameterStore().scope
      _ = Linear(scope, 1, 1)
      _ = Linear(scope, 1, 1)
    }
    #expect(sentence == "Parameter: there are two parameters weight. Hint: give each layer a scope of its own: scope / \"name\".")
  }

  @Test func statesThatDoNotFit() {
    let store = ParameterStore()
    _ = Linear(store.scope / "a", 2, 3)
    let state = ["a.weight": Tensor.zeros([2, 3]), "b.bias": Tensor.zeros([3])]
    #expect(mistake { try store.load(state) } == """
      load: the state does not fit the model: missing: a.bias; unexpected: b.bias; a.weight has shape \
      [2, 3], expected [3, 2]. Hint: load(_:strict: false) takes what fits by name.
      """)
    #expect(mistake {
      let loading = ParameterStore(loading: { state[$0] })
      _ = Linear(loading.scope / "a", 3, 2)
    } == "a: load: there is no value for a.bias.")
  }
}
