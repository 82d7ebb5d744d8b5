import Apus
import Testing

/// Every function gives what PyTorch gives, with PyTorch's dtype.
@Suite struct FunctionTests {
  static let golden = Golden("functions")
  static let x = golden["input.x"], y = golden["input.y"], p = golden["input.p"]
  static let g = golden["input.g"], i = golden["input.i"], j = golden["input.j"]
  static let b = golden["input.b"], c = golden["input.c"]
  static let u = 2 * p - 1

  typealias Case = (name: String, result: @Sendable () -> Tensor)

  static let elementwise: [Case] = [
    ("abs", { abs(x) }), ("sign", { sign(x) }), ("floor", { floor(x) }), ("ceil", { ceil(x) }),
    ("round", { round(x) }), ("trunc", { trunc(x) }), ("exp", { exp(x) }), ("expm1", { expm1(x) }),
    ("exp2", { exp2(x) }), ("log", { log(p) }), ("log1p", { log1p(p) }), ("log2", { log2(p) }),
    ("log10", { log10(p) }), ("sqrt", { sqrt(p) }), ("rsqrt", { rsqrt(p) }), ("sin", { sin(x) }),
    ("cos", { cos(x) }), ("tan", { tan(x) }), ("asin", { asin(u) }), ("acos", { acos(u) }),
    ("atan", { atan(x) }), ("sinh", { sinh(x) }), ("cosh", { cosh(x) }), ("tanh", { tanh(x) }),
    ("asinh", { asinh(x) }), ("acosh", { acosh(g) }), ("atanh", { atanh(u) }), ("erf", { erf(x) }),
    ("erfc", { erfc(x) }), ("erfInverse", { erfInverse(u) }), ("sigmoid", { sigmoid(x) }),
    ("square", { square(x) }), ("reciprocal", { reciprocal(x) }), ("softplus", { softplus(x) }),
    ("logSigmoid", { logSigmoid(x) }), ("relu", { relu(x) }), ("relu6", { relu6(4 * x) }),
    ("leakyRelu", { leakyRelu(x) }), ("elu", { elu(x) }), ("selu", { selu(x) }), ("gelu", { gelu(x) }),
    ("geluTanh", { geluTanh(x) }), ("silu", { silu(x) }), ("mish", { mish(x) }),
    ("hardSigmoid", { hardSigmoid(2 * x) }), ("hardSwish", { hardSwish(2 * x) }),
    ("hardTanh", { hardTanh(x) }), ("softsign", { softsign(x) }), ("softmax", { softmax(c) }),
    ("softmaxAxis0", { softmax(c, axis: 0) }), ("logSoftmax", { logSoftmax(c) }),
    ("clamp", { clamp(x, -1, 1.5) }), ("expInteger", { exp(i) }), ("floorInteger", { floor(i) }),
    ("notInteger", { .!i }), ("notBool", { .!b }),
  ]

  static let binary: [Case] = [
    ("add", { x + y }), ("subtract", { x - y }), ("multiply", { x * y }), ("divide", { x / y }),
    ("divideInteger", { i / j }), ("addBool", { b + b }), ("multiplyBool", { b * .!b }),
    ("power", { pow(p, y) }), ("powerInteger", { pow(i, 3) }), ("remainder", { remainder(x, y) }),
    ("remainderInteger", { remainder(i, j) }), ("fmod", { fmod(x, y) }), ("fmodInteger", { fmod(i, j) }),
    ("floorDivide", { floorDivide(x, y) }), ("floorDivideInteger", { floorDivide(i, j) }),
    ("maximum", { maximum(x, y) }), ("minimum", { minimum(x, y) }), ("atan2", { atan2(x, y) }),
    ("hypot", { hypot(x, y) }), ("logAddExp", { logAddExp(x, y) }), ("lerp", { lerp(x, y, 0.3) }),
    ("where", { Tensor.where(b, x, y) }), ("less", { x .< y }), ("equal", { i .== j }),
    ("greaterEqual", { i .>= j }), ("and", { i & j }), ("or", { i | j }), ("xor", { i ^ j }),
    ("shiftLeft", { i << 2 }), ("shiftRight", { i >> 1 }),
    ("broadcast", { x + y[0..<1] * c[0..., 0..., 0..<1] }), ("mixed", { i * 2.5 }),
    ("mixedScalar", { i + Tensor(2.5, dtype: .f64) }),
  ]

  static let reductions: [Case] = [
    ("sum", { c.sum() }), ("sumAxes", { c.sum(axes: [0, 2]) }), ("sumKeep", { c.sum(axis: 1, keepDims: true) }),
    ("sumInteger", { i.sum(axis: 0) }), ("sumBool", { b.sum() }), ("prod", { c.prod(axis: 1) }),
    ("prodInteger", { i.prod() }), ("max", { c.max(axes: [0, 1]) }), ("min", { c.min(axis: -1) }),
    ("any", { b.any(axis: 0) }), ("all", { b.all(axis: 1) }), ("mean", { c.mean(axes: [1, 2]) }),
    ("variance", { c.variance(axis: 1) }),
    ("varianceBiased", { c.variance(axes: [0, 2], correction: 0, keepDims: true) }), ("std", { c.std() }),
    ("argMax", { c.argMax() }), ("argMaxAxis", { c.argMax(axis: 1) }),
    ("argMinAxis", { c.argMin(axis: -1, keepDims: true) }), ("logSumExp", { c.logSumExp(axis: -1) }),
    ("norm", { c.norm(axes: [1, 2]) }), ("norm1", { c.norm(1, axis: -1) }),
    ("normInfinity", { c.norm(.infinity, axis: -1) }), ("norm3", { c.norm(3, axis: -1) }),
    ("cumsum", { c.cumsum(axis: 1) }), ("cumprod", { c.cumprod(axis: -1) }), ("cummax", { c.cummax(axis: 1) }),
    ("cumsumInteger", { i.cumsum(axis: 0) }), ("sorted", { c.sorted().values }),
    ("sortedIndices", { c.sorted(axis: 1, descending: true).indices }), ("topK", { c.topK(2).values }),
    ("topKIndices", { c.topK(2, largest: false).indices }),
  ]

  static let movement: [Case] = [
    ("flattened", { c.flattened(from: 1) }), ("transposed", { c.transposed() }),
    ("permuted", { c.permuted(2, 0, 1) }), ("movingAxis", { c.movingAxis(0, to: -1) }),
    ("flipped", { c.flipped(axes: [0, 2]) }), ("tiled", { x.tiled([2, 1, 3]) }),
    ("repeated", { x.repeated(3, axis: 1) }), ("rolled", { x.rolled(2, axis: 1) }),
    ("rolledBack", { x.rolled(-1, axis: 0) }), ("concatenated", { concatenate([x, y], axis: 1) }),
    ("stacked", { stack([x, y], axis: 1) }), ("split", { c.split(sizes: [1, 3], axis: 2)[1] }),
    ("chunked", { c.chunked(2, axis: 1)[1] }),
    ("padConstant", { x.padded([(0, 1), (1, 2)], .constant(7)) }),
    ("padReflect", { c.padded([(0, 0), (0, 0), (2, 1)], .reflect) }),
    ("padReplicate", { c.padded([(0, 0), (0, 0), (2, 1)], .replicate) }),
    ("padCircular", { c.padded([(0, 0), (0, 0), (2, 1)], .circular) }), ("tril", { x.tril() }),
    ("triu", { c.triu(1) }), ("diagonal", { c.diagonal() }), ("diagonalOffset", { x.diagonal(-1) }),
    ("diagonalMatrix", { x.diagonalMatrix() }), ("oneHot", { remainder(abs(i), 3).oneHot(3) }),
    ("gather", { c.gather([[[0, 2, 1, 0]], [[2, 2, 0, 1]]], axis: 1) }), ("take", { c.take([2, 0, 2], axis: 1) }),
    ("scatterAdd", {
      Tensor.zeros([3, 4]).scatterAdd([[0, 1, 2, 0], [0, 0, 0, 0]], y[0..<2], axis: 0)
    }), ("to", { x.to(.i32) }),
  ]

  static let products: [Case] = [
    ("matmul", { matmul(x, y.transposed()) }), ("matmulBatch", { matmul(c, y.transposed()) }),
    ("matmulBoth", { matmul(c, c.transposed()) }), ("matmulVector", { matmul(x, y[0]) }),
    ("matmulRow", { matmul(y[0..., 0], x) }), ("dot", { x[0].dot(y[0]) }),
    ("matmulBroadcast", { matmul(c[.all, .newAxis], c.transposed()[.newAxis]) }),
    ("matmulInteger", { matmul(i, j.transposed()) }), ("einsumMatmul", { einsum("ij,kj->ik", x, y) }),
    ("einsumBatch", { einsum("bij,bkj->bik", c, c) }), ("einsumTrace", { einsum("ii", x[.all, 0..<3]) }),
    ("einsumDiagonal", { einsum("ii->i", x[.all, 0..<3]) }), ("einsumOuter", { einsum("i,j->ij", x[0], y[1]) }),
    ("einsumSum", { einsum("bij->j", c) }), ("einsumEllipsis", { einsum("...ij,kj->...ik", c, y) }),
    ("einsumImplicit", { einsum("ij,jk", x, y.transposed()) }),
    ("einsumThree", { einsum("bij,kj,k->bi", c, y, y[0..., 0]) }), ("einsumPermute", { einsum("bij->jbi", c) }),
    ("einsumHadamard", { einsum("ij,ij->ij", x, y) }),
  ]

  static let s = Tensor.arange(120).reshaped(2, 3, 4, 5)
  static let k1: Tensor = [0, 2, -1]
  static let k2: Tensor = [[1], [3]]

  static let indexing: [Case] = [
    ("element", { s[1] }), ("negative", { s[-1, -2] }), ("all", { s[1, 2, 3, 4] }), ("range", { s[0..., 1..<3] }),
    ("closed", { s[0..., 0...1] }), ("from", { s[.all, .all, 2...] }), ("upTo", { s[.ellipsis, ..<(-1)] }),
    ("negativeFrom", { s[.ellipsis, (-2)...] }), ("beyond", { s[.ellipsis, 3..<99] }),
    ("empty", { s[.all, .stride(from: 2, to: 1, by: 1)] }), ("stride", { s[.ellipsis, .stride(by: 2)] }),
    ("strideFrom", { s[.ellipsis, .stride(from: 1, to: 4, by: 2)] }), ("reverse", { s[.all, .stride(by: -1)] }),
    ("reverseStride", { s[.ellipsis, .stride(from: 3, by: -2)] }),
    ("reverseTo", { s[.ellipsis, .stride(to: 1, by: -1)] }),
    ("reverseBoth", { s[.ellipsis, .stride(from: 4, to: 0, by: -3)] }), ("ellipsis", { s[0, .ellipsis, 1] }),
    ("newAxis", { s[.all, .newAxis, 1, .ellipsis, .newAxis] }), ("tensor", { s[.all, k1] }),
    ("tensors", { s[.all, k1, k2[0, 0]] }), ("broadcastTensors", { s[.all, k1, k2] }),
    ("apart", { s[remainder(k2, 2), .all, k1] }), ("tensorAndElement", { s[1, .all, k1] }),
    ("tensorAndRange", { s[1..., k1, .ellipsis, .stride(by: 2)] }),
    ("updated", { s.updating(0, 1..., .stride(by: 2), with: -1) }),
    ("updatedTensor", { s.updating(.all, [0, 2] as Tensor, 1, with: .arange(5)) }),
    ("masked", { s.maskedSelect(remainder(s, 7) .== 0) }),
  ]

  @Test(arguments: [("elementwise", elementwise), ("binary", binary), ("reductions", reductions),
    ("movement", movement), ("products", products)])
  func family(_ name: String, _ cases: [Case]) {
    for (name, result) in cases { expectClose(result(), Self.golden[name], name) }
  }

  @Test func indexing() {
    for (name, result) in Self.indexing { expectClose(result(), Self.golden["index." + name], name) }
  }

  @Test func everyGoldenHasACase() {
    let families = [Self.elementwise, Self.binary, Self.reductions, Self.movement, Self.products]
    let covered = Set(families.joined().map(\.name) + Self.indexing.map { "index." + $0.name })
    let golden = Set(Self.golden.names.filter { !$0.hasPrefix("input.") })
    #expect(covered == golden)
  }
}
