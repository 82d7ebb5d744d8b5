"""The numbers and gradients of losses, computed by PyTorch or, where it lacks one, written out here.

    python scripts/golden/losses.py Tests/ApusTests/Resources/losses.safetensors

`input.*` are the inputs. Each case of Tests/ApusTests/LossTests.swift has its loss under its name and
`<case>.<input>`, the gradients of the sum of its losses, weighted 1, 2, 3, … in row-major order.
"""

import sys

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torchvision.ops import sigmoid_focal_loss

torch.manual_seed(0)
T = {}
I = {}


def randn(*shape):
    return torch.randn(*shape)


def case(name, inputs, function):
    """`inputs` are the names, separated by blanks, of what is differentiated."""
    names = inputs.split()
    leaves = [I[n].clone().requires_grad_() for n in names]
    loss = function(*leaves)
    T[name] = loss.detach()
    weights = torch.arange(1, loss.numel() + 1).reshape(loss.shape)
    for n, g in zip(names, torch.autograd.grad((loss * weights).sum(), leaves)):
        T[f"{name}.{n}"] = g


# Classes.
I["logits"] = randn(4, 3, 5) * 2
I["labels"] = torch.tensor([[0, 3, -100], [4, 2, 1], [1, 1, 3], [0, -100, 4]])
I["classWeights"] = torch.rand(5) + 0.5
I["distribution"] = torch.softmax(randn(4, 3, 5), -1)
y, w, d = I["labels"], I["classWeights"], I["distribution"]


def last(function):
    """PyTorch has the classes on axis 1."""
    return lambda x, t, **k: function(x.movedim(-1, 1), t if t.dim() == 2 else t.movedim(-1, 1), **k)


ce, nll = last(F.cross_entropy), last(F.nll_loss)
for reduction in ("mean", "sum", "none"):
    suffix = "" if reduction == "mean" else reduction.capitalize()
    k = dict(reduction=reduction)
    case("crossEntropy" + suffix, "logits", lambda x: ce(x, y, **k))
    case("crossEntropyWeights" + suffix, "logits", lambda x: ce(x, y, weight=w, **k))
    case("crossEntropySmoothed" + suffix, "logits", lambda x: ce(x, y, weight=w, label_smoothing=0.1, **k))
    case("crossEntropySoft" + suffix, "logits", lambda x: ce(x, d, weight=w, label_smoothing=0.2, **k))
case("crossEntropyIgnore", "logits", lambda x: ce(x, y.clamp(0), ignore_index=1))
case("nll", "logits", lambda x: nll(F.log_softmax(x, -1), y, weight=w))
case("nllNone", "logits", lambda x: nll(F.log_softmax(x, -1), y.clamp(0), reduction="none"))
case("klDivergence", "logits", lambda x: F.kl_div(F.log_softmax(x, -1), d))
case("klDivergenceBatchMean", "logits", lambda x: F.kl_div(F.log_softmax(x, -1), d, reduction="batchmean"))
case("klDivergenceLog", "logits", lambda x: F.kl_div(F.log_softmax(x, -1), d.log(), reduction="sum", log_target=True))
I["oneHot"] = F.one_hot(y.clamp(0), 5).float()
case("klDivergenceZeros", "logits", lambda x: F.kl_div(F.log_softmax(x, -1), I["oneHot"], reduction="none"))

# Yes or no.
I["binary"] = torch.rand(4, 5)
I["positiveWeights"] = torch.rand(5) + 0.5
I["scores"] = randn(4, 5) * 2
t, pw = I["binary"], I["positiveWeights"]
case("bce", "scores", lambda x: F.binary_cross_entropy(torch.sigmoid(x), t, weight=w))
case("bceLogits", "scores", lambda x: F.binary_cross_entropy_with_logits(x, t, weight=w, pos_weight=pw))
case("bceLogitsNone", "scores", lambda x: F.binary_cross_entropy_with_logits(x, t, reduction="none"))
hard = (t > 0.5).float()
I["hard"] = hard
case("multilabelSoftMargin", "scores", lambda x: F.multilabel_soft_margin_loss(x, hard, weight=w))
case("focal", "scores", lambda x: sigmoid_focal_loss(x, hard))
case("focalMean", "scores", lambda x: sigmoid_focal_loss(x, hard, alpha=-1, gamma=1.5, reduction="mean"))
I["masks"] = (torch.rand(2, 3, 4, 2) > 0.5).float()
I["maskLogits"] = randn(2, 3, 4, 2)


def dice(x, t, smooth):
    overlap, sizes = (x * t).sum((1, 2)), x.sum((1, 2)) + t.sum((1, 2))
    return 1 - (2 * overlap + smooth) / (sizes + smooth)


case("dice", "maskLogits", lambda x: dice(torch.sigmoid(x), I["masks"], 1e-5).mean())
case("diceNone", "maskLogits", lambda x: dice(torch.sigmoid(x), I["masks"], 1))

# Regression.
I["x"], I["y"] = randn(4, 5) * 1.5, randn(4, 5)
I["elementWeights"], I["variance"] = torch.rand(4, 5), torch.rand(4, 5) + 0.1
I["variance"][0, 0] = 1e-8
I["counts"] = torch.poisson(torch.rand(4, 5) * 4)
r, ew, counts = I["y"], I["elementWeights"], I["counts"]
case("mse", "x y", lambda x, y: F.mse_loss(x, y))
case("mseWeights", "x", lambda x: F.mse_loss(x, r, weight=ew))
case("mae", "x", lambda x: F.l1_loss(x, r))
case("maeWeights", "x", lambda x: F.l1_loss(x, r, weight=ew, reduction="none"))
case("smoothL1", "x", lambda x: F.smooth_l1_loss(x, r))
case("smoothL1Beta", "x", lambda x: F.smooth_l1_loss(x, r, beta=0.3, reduction="none"))
case("smoothL1Zero", "x", lambda x: F.smooth_l1_loss(x, r, beta=0, reduction="sum"))
case("huber", "x", lambda x: F.huber_loss(x, r))
case("huberDelta", "x", lambda x: F.huber_loss(x, r, delta=0.4, weight=ew))
case("poisson", "x", lambda x: F.poisson_nll_loss(x, counts))
case("poissonFull", "x", lambda x: F.poisson_nll_loss(x.exp(), counts, log_input=False, full=True, reduction="none"))
case("gaussian", "x variance", lambda x, v: F.gaussian_nll_loss(x, r, v))
case("gaussianFull", "x", lambda x: F.gaussian_nll_loss(x, r, I["variance"][:, 1], full=True, reduction="none"))

# Margins.
signs = hard * 2 - 1
I["signs"] = signs
I["classes"] = torch.tensor([3, 0, 4, 1])
I["several"] = torch.tensor([[3, 0, -1, 2, 1], [1, -1, -1, -1, -1], [-1, 0, 1, 2, 3], [4, 2, 0, 1, -1]])
one, many = I["classes"], I["several"]
case("hinge", "x", lambda x: F.relu(1 - signs * x).mean())
case("hingeSquared", "x", lambda x: F.relu(0.5 - signs * x).square())
case("softMargin", "x", lambda x: F.soft_margin_loss(x, signs))
case("multiMargin", "x", lambda x: F.multi_margin_loss(x, one))
case("multiMarginSquared", "x", lambda x: F.multi_margin_loss(x, one, p=2, margin=0.7, weight=w, reduction="none"))
case("multilabelMargin", "x", lambda x: F.multilabel_margin_loss(x, many, reduction="none"))
case("marginRanking", "x y", lambda x, y: F.margin_ranking_loss(x, y, signs))
case("marginRankingMargin", "x y", lambda x, y: F.margin_ranking_loss(x, y, signs, margin=0.5, reduction="none"))
case("hingeEmbedding", "x", lambda x: F.hinge_embedding_loss(x, signs))

# Embeddings.
I["a"], I["p"], I["n"] = randn(6, 4), randn(6, 4), randn(6, 4)
I["same"] = torch.tensor([1, -1, -1, 1, -1, 1])
same = I["same"]
case("cosineEmbedding", "a p", lambda a, p: F.cosine_embedding_loss(a, p, same))
case("cosineEmbeddingMargin", "a p", lambda a, p: F.cosine_embedding_loss(a, p, same, margin=0.2, reduction="none"))
case("triplet", "a p n", lambda a, p, n: F.triplet_margin_loss(a, p, n))
case("tripletSwap", "a p n", lambda a, p, n: F.triplet_margin_loss(a, p, n, margin=2, p=1, swap=True, reduction="none"))
cosine = lambda a, b: 1 - F.cosine_similarity(a, b)
case(
    "tripletDistance", "a p n",
    lambda a, p, n: F.triplet_margin_with_distance_loss(a, p, n, distance_function=cosine, swap=True),
)


def contrastive(a, b, same, margin):
    d = F.pairwise_distance(a, b)
    return torch.where(same > 0, d.square(), F.relu(margin - d).square()).mul(0.5).mean()


case("contrastive", "a p", lambda a, p: contrastive(a, p, same, 2))


def info_nce(q, k, temperature):
    return F.cross_entropy(F.normalize(q) @ F.normalize(k).T / temperature, torch.arange(len(q)))


def nt_xent(a, b, temperature):
    z = F.normalize(torch.cat([a, b]))
    logits = (z @ z.T / temperature).masked_fill(torch.eye(len(z), dtype=torch.bool), -torch.inf)
    return F.cross_entropy(logits, torch.arange(len(z)).roll(len(a)))


case("infoNCE", "a p", lambda a, p: info_nce(a, p, 0.1))
case("infoNCESymmetric", "a p", lambda a, p: (info_nce(a, p, 0.5) + info_nce(p, a, 0.5)) / 2)
case("ntXent", "a p", lambda a, p: nt_xent(a, p, 0.5))

# CTC. Sequence 2 has no labels, 3 is too short for its labels, 4 has equal neighbours.
I["frames"] = randn(5, 9, 6)
I["sequence"] = torch.tensor([[1, 2, 3, 4], [5, 1, 0, 0], [0, 0, 0, 0], [1, 1, 1, 2], [2, 2, 3, 3]])
I["inputLengths"], I["targetLengths"] = torch.tensor([9, 6, 4, 5, 8]), torch.tensor([4, 2, 0, 4, 4])


def ctc(x, **k):
    T, S = I["inputLengths"], I["targetLengths"]
    return F.ctc_loss(F.log_softmax(x, -1).transpose(0, 1), I["sequence"], T, S, **k)


case("ctc", "frames", lambda x: ctc(x, zero_infinity=True))
case("ctcSum", "frames", lambda x: ctc(x, zero_infinity=True, reduction="sum"))
case("ctcNone", "frames", lambda x: ctc(x, zero_infinity=True, reduction="none"))
T["ctcInfinite"] = ctc(I["frames"], reduction="none")
I["lastBlank"] = torch.tensor([[0, 1, 2, 4], [4, 1, 3, 0], [1, 1, 2, 3], [0, 0, 0, 0], [2, 3, 4, 0]])


def ctc_last(x):
    lengths = torch.full((5,), 9), torch.tensor([4, 3, 2, 1, 3])
    return F.ctc_loss(F.log_softmax(x, -1).transpose(0, 1), I["lastBlank"], *lengths, blank=5)


case("ctcLastBlank", "frames", ctc_last)

# Samples of many classes: TensorFlow's formulas (nn_impl.py, range_sampler.cc; candidates not unique).
I["features"], I["weight"], I["bias"] = randn(3, 4), randn(20, 4), randn(20)
I["right"] = torch.tensor([[2, 7], [0, 3], [5, 19]])
I["ids"] = torch.tensor([0, 1, 2, 2, 9, 14])
T["logUniform"] = torch.log((torch.arange(20) + 2.0) / (torch.arange(20) + 1)) / torch.log(torch.tensor(21.0))


def sampled_logits(x, weight, bias, labels, remove):
    ids, probability = I["ids"], T["logUniform"]
    true = (x[:, None] * weight[labels]).sum(-1) + bias[labels] - (probability[labels] * len(ids)).log()
    sampled = x @ weight[ids].T + bias[ids] - (probability[ids] * len(ids)).log()
    if remove:
        sampled = sampled.masked_fill((labels[:, :, None] == ids).any(1), -torch.inf)
    return torch.cat([true, sampled], 1), torch.cat([torch.ones_like(true) / true.shape[1], torch.zeros_like(sampled)], 1)


def sampled_softmax(x, weight, bias, labels, remove=True):
    logits, target = sampled_logits(x, weight, bias, labels, remove)
    return F.cross_entropy(logits.clamp(-1e30), target)


def nce(x, weight, bias, labels, remove=False):
    logits, target = sampled_logits(x, weight, bias, labels, remove)
    return F.binary_cross_entropy_with_logits(logits.clamp(-1e30), target, reduction="none").sum(1)


right = I["right"]
inputs = "features weight bias"
case("sampledSoftmax", inputs, lambda *x: sampled_softmax(*x, right[:, :1]))
case("sampledSoftmaxHits", inputs, lambda *x: sampled_softmax(*x, right, False))
case("noiseContrastive", inputs, lambda *x: nce(*x, right))
case("noiseContrastiveHits", inputs, lambda *x: nce(*x, right[:, :1], True))
I["context"], I["negatives"] = randn(3, 4), randn(3, 6, 4)


def sgns(x, p, n):
    return -F.logsigmoid((x * p).sum(-1)) - F.logsigmoid(-(n @ x[:, :, None])[..., 0]).sum(-1)


case("negativeSampling", "features context negatives", sgns)
case("negativeSamplingShared", "features context", lambda x, p: sgns(x, p, I["negatives"][:1].expand(3, 6, 4)).mean())

# Order.
I["relevance"] = torch.tensor([[2.0, 0, 1, 0, 3], [0, 0, 0, 0, 0], [1, 1, 0, 4, 2], [0, 1, 0, 0, 0]])
I["mask"] = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 1, 0], [1, 1, 1, 0, 0], [1, 1, 0, 1, 1]]).bool()
rel, mask = I["relevance"], I["mask"]
case("bpr", "x y", lambda x, y: -F.logsigmoid(x - y).mean())


def rank_net(x, sigma):
    pairs = (rel[:, :, None] > rel[:, None]) & mask[:, :, None] & mask[:, None]
    return F.softplus(-sigma * (x[:, :, None] - x[:, None]))[pairs]


case("rankNet", "x", lambda x: rank_net(x, 1).mean())
case("rankNetSum", "x", lambda x: rank_net(x, 2).sum())
case(
    "listNet", "x",
    lambda x: sum(F.cross_entropy(a[m], b[m].softmax(0)) for a, b, m in zip(x, rel, mask)) / 4,
)

# Adversaries.
case("ganNonSaturating", "x y", lambda x, y: F.softplus(-x).mean() + F.softplus(y).mean())
case("ganNonSaturatingGenerator", "x", lambda x: F.softplus(-x).mean())
case("ganLeastSquares", "x y", lambda x, y: 0.5 * ((x - 1) ** 2).mean() + 0.5 * (y**2).mean())
case("ganLeastSquaresGenerator", "x", lambda x: 0.5 * ((x - 1) ** 2).mean())
case("ganHinge", "x y", lambda x, y: F.relu(1 - x).mean() + F.relu(1 + y).mean())
case("ganHingeGenerator", "x", lambda x: -x.mean())
case("ganWasserstein", "x y", lambda x, y: y.mean() - x.mean())
case("ganWassersteinGenerator", "x", lambda x: -x.mean())
I["hidden"], I["readout"], I["mix"] = randn(4, 8), randn(8), torch.rand(6)


def penalty(hidden, readout):
    mix = I["mix"][:, None]
    points = (mix * I["a"] + (1 - mix) * I["p"]).requires_grad_()
    score = torch.tanh(points @ hidden) @ readout
    (slope,) = torch.autograd.grad(score.sum(), points, create_graph=True)
    return ((slope.norm(dim=1) - 1) ** 2).mean()


case("gradientPenalty", "hidden readout", penalty)

for name, value in I.items():
    T["input." + name] = value
save_file({k: v.detach().clone().contiguous() for k, v in T.items()}, sys.argv[1])
