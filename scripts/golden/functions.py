"""What the functions of Apus should give, computed by PyTorch and NumPy.

    python scripts/golden/functions.py Tests/ApusTests/Resources/functions.safetensors

Each entry is named after a case of Tests/ApusTests/FunctionTests.swift or IndexingTests.swift; the
inputs are `input.*`.
"""

import sys

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

torch.manual_seed(0)
T = {}


def put(name, value):
    if isinstance(value, np.ndarray) or np.isscalar(value):
        value = torch.from_numpy(np.array(value))
    T[name] = value.detach().clone().contiguous()


x = torch.linspace(-2.5, 2.5, 12).reshape(3, 4)
y = torch.randn(3, 4)
p = torch.rand(3, 4) * 0.98 + 0.01
g = 1 + torch.rand(3, 4) * 3
i = torch.tensor([[-7, -3, -1, 0], [1, 2, 3, 5], [7, 8, -8, 6]], dtype=torch.int32)
j = torch.tensor([[2, 2, 2, 3], [3, -3, -2, 5], [-4, 3, 3, -6]], dtype=torch.int32)
b = i % 2 == 0
c = torch.randn(2, 3, 4)
for name, value in dict(x=x, y=y, p=p, g=g, i=i, j=j, b=b, c=c).items():
    put("input." + name, value)

u = (2 * p - 1)
UNARY = {
    "abs": torch.abs(x), "sign": torch.sign(x), "floor": torch.floor(x), "ceil": torch.ceil(x),
    "round": torch.round(x), "trunc": torch.trunc(x), "exp": torch.exp(x), "expm1": torch.expm1(x),
    "exp2": torch.exp2(x), "log": torch.log(p), "log1p": torch.log1p(p), "log2": torch.log2(p),
    "log10": torch.log10(p), "sqrt": torch.sqrt(p), "rsqrt": torch.rsqrt(p), "sin": torch.sin(x),
    "cos": torch.cos(x), "tan": torch.tan(x), "asin": torch.asin(u), "acos": torch.acos(u),
    "atan": torch.atan(x), "sinh": torch.sinh(x), "cosh": torch.cosh(x), "tanh": torch.tanh(x),
    "asinh": torch.asinh(x), "acosh": torch.acosh(g), "atanh": torch.atanh(u), "erf": torch.erf(x),
    "erfc": torch.erfc(x), "erfInverse": torch.erfinv(u), "sigmoid": torch.sigmoid(x),
    "square": torch.square(x), "reciprocal": torch.reciprocal(x), "softplus": F.softplus(x),
    "logSigmoid": F.logsigmoid(x), "relu": F.relu(x), "relu6": F.relu6(4 * x),
    "leakyRelu": F.leaky_relu(x), "elu": F.elu(x), "selu": F.selu(x), "gelu": F.gelu(x),
    "geluTanh": F.gelu(x, approximate="tanh"), "silu": F.silu(x), "mish": F.mish(x),
    "hardSigmoid": F.hardsigmoid(2 * x), "hardSwish": F.hardswish(2 * x), "hardTanh": F.hardtanh(x),
    "softsign": F.softsign(x), "softmax": F.softmax(c, -1), "softmaxAxis0": F.softmax(c, 0),
    "logSoftmax": F.log_softmax(c, -1), "clamp": torch.clamp(x, -1, 1.5), "expInteger": torch.exp(i),
    "floorInteger": torch.floor(i), "notInteger": torch.bitwise_not(i), "notBool": ~b,
}
BINARY = {
    "add": x + y, "subtract": x - y, "multiply": x * y, "divide": x / y, "divideInteger": i / j,
    "addBool": b + b, "multiplyBool": b * ~b, "power": torch.pow(p, y), "powerInteger": torch.pow(i, 3),
    "remainder": torch.remainder(x, y), "remainderInteger": torch.remainder(i, j),
    "fmod": torch.fmod(x, y), "fmodInteger": torch.fmod(i, j),
    "floorDivide": torch.floor_divide(x, y), "floorDivideInteger": torch.floor_divide(i, j),
    "maximum": torch.maximum(x, y), "minimum": torch.minimum(x, y), "atan2": torch.atan2(x, y),
    "hypot": torch.hypot(x, y), "logAddExp": torch.logaddexp(x, y), "lerp": torch.lerp(x, y, 0.3),
    "where": torch.where(b, x, y), "less": x < y, "equal": i == j, "greaterEqual": i >= j, "and": i & j,
    "or": i | j, "xor": i ^ j, "shiftLeft": i << 2, "shiftRight": i >> 1, "broadcast": x + y[:1] * c[:, :, :1],
    "mixed": i * 2.5, "mixedScalar": i + torch.tensor(2.5, dtype=torch.float64),
}
REDUCTIONS = {
    "sum": c.sum(), "sumAxes": c.sum((0, 2)), "sumKeep": c.sum(1, keepdim=True), "sumInteger": i.sum(0),
    "sumBool": b.sum(), "prod": c.prod(1), "prodInteger": i.prod(), "max": c.amax((0, 1)), "min": c.amin(-1),
    "any": b.any(0), "all": b.all(1), "mean": c.mean((1, 2)), "variance": c.var(1),
    "varianceBiased": c.var((0, 2), correction=0, keepdim=True), "std": c.std(), "argMax": c.argmax(),
    "argMaxAxis": c.argmax(1), "argMinAxis": c.argmin(-1, keepdim=True), "logSumExp": c.logsumexp(-1),
    "norm": c.norm(dim=(1, 2)), "norm1": torch.linalg.vector_norm(c, 1, dim=-1),
    "normInfinity": torch.linalg.vector_norm(c, float("inf"), dim=-1),
    "norm3": torch.linalg.vector_norm(c, 3, dim=-1), "cumsum": c.cumsum(1), "cumprod": c.cumprod(-1),
    "cummax": c.cummax(1).values, "cumsumInteger": i.cumsum(0), "sorted": c.sort(-1).values,
    "sortedIndices": c.sort(1, descending=True).indices, "topK": c.topk(2).values,
    "topKIndices": c.topk(2, largest=False).indices,
}
MOVEMENT = {
    "flattened": c.flatten(1), "transposed": c.transpose(-2, -1), "permuted": c.permute(2, 0, 1),
    "movingAxis": c.movedim(0, -1), "flipped": c.flip((0, 2)), "tiled": torch.tile(x, (2, 1, 3)),
    "repeated": x.repeat_interleave(3, 1), "rolled": x.roll(2, 1), "rolledBack": x.roll(-1, 0),
    "concatenated": torch.cat([x, y], 1), "stacked": torch.stack([x, y], 1),
    "split": torch.split(c, [1, 3], 2)[1], "chunked": torch.chunk(c, 2, 1)[1],
    "padConstant": F.pad(x, (1, 2, 0, 1), value=7), "padReflect": F.pad(c, (2, 1), mode="reflect"),
    "padReplicate": F.pad(c, (2, 1), mode="replicate"), "padCircular": F.pad(c, (2, 1), mode="circular"),
    "tril": x.tril(), "triu": c.triu(1), "diagonal": c.diagonal(0, 1, 2), "diagonalOffset": x.diagonal(-1),
    "diagonalMatrix": torch.diag_embed(x), "oneHot": F.one_hot(i.abs().long() % 3, 3).float(),
    "gather": c.gather(1, torch.tensor([[[0, 2, 1, 0]], [[2, 2, 0, 1]]])),
    "take": c.index_select(1, torch.tensor([2, 0, 2])),
    "scatterAdd": torch.zeros(3, 4).scatter_add(0, torch.tensor([[0, 1, 2, 0], [0, 0, 0, 0]]), y[:2]),
    "to": x.to(torch.int32),
}
MATMUL = {
    "matmul": x @ y.T, "matmulBatch": c @ y.T, "matmulBoth": c @ c.transpose(1, 2),
    "matmulVector": x @ y[0], "matmulRow": y[:, 0] @ x, "dot": x[0] @ y[0],
    "matmulBroadcast": c[:, None] @ c.transpose(1, 2)[None], "matmulInteger": i @ j.T,
    "einsumMatmul": torch.einsum("ij,kj->ik", x, y), "einsumBatch": torch.einsum("bij,bkj->bik", c, c),
    "einsumTrace": torch.einsum("ii", x[:, :3]), "einsumDiagonal": torch.einsum("ii->i", x[:, :3]),
    "einsumOuter": torch.einsum("i,j->ij", x[0], y[1]), "einsumSum": torch.einsum("bij->j", c),
    "einsumEllipsis": torch.einsum("...ij,kj->...ik", c, y), "einsumImplicit": torch.einsum("ij,jk", x, y.T),
    "einsumThree": torch.einsum("bij,kj,k->bi", c, y, y[:, 0]),
    "einsumPermute": torch.einsum("bij->jbi", c), "einsumHadamard": torch.einsum("ij,ij->ij", x, y),
}

s = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
k1, k2 = np.array([0, 2, -1]), np.array([[1], [3]])
w = s.copy()
w[0, 1:, ::2] = -1
v = s.copy()
v[:, np.array([0, 2]), 1] = np.arange(5)
INDEXING = {
    "element": s[1], "negative": s[-1, -2], "all": s[1, 2, 3, 4], "range": s[:, 1:3], "closed": s[:, 0:2],
    "from": s[:, :, 2:], "upTo": s[..., :-1], "negativeFrom": s[..., -2:], "beyond": s[..., 3:99],
    "empty": s[:, 2:1], "stride": s[..., ::2], "strideFrom": s[..., 1:4:2], "reverse": s[:, ::-1],
    "reverseStride": s[..., 3::-2], "reverseTo": s[..., :1:-1], "reverseBoth": s[..., 4:0:-3],
    "ellipsis": s[0, ..., 1], "newAxis": s[:, None, 1, ..., None], "tensor": s[:, k1],
    "tensors": s[:, k1, k2[0][0]], "broadcastTensors": s[:, k1, k2], "apart": s[k2 % 2, :, k1],
    "tensorAndElement": torch.from_numpy(s)[1, :, k1].numpy(),  # PyTorch: the element is no index tensor
    "tensorAndRange": s[1:, k1, ..., ::2], "updated": w, "updatedTensor": v,
    "masked": s[s % 7 == 0],
}

for family in (UNARY, BINARY, REDUCTIONS, MOVEMENT, MATMUL):
    for name, value in family.items():
        put(name, value)
for name, value in INDEXING.items():
    put("index." + name, np.array(value))
save_file(T, sys.argv[1])
