"""What the feed-forward layers of Apus should give, computed by PyTorch.

    python scripts/golden/layers.py Tests/ApusTests/Resources/layers.safetensors

A case has the name of a case in Tests/ApusTests/Layers; see layer_cases.py for what is kept of it.
"""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from layer_cases import LayerCases

torch.manual_seed(0)
cases = LayerCases()
add = cases.add

# Dense layers and distances.
add("linear", nn.Linear(3, 5), torch.randn(2, 4, 3))
add("bilinear", nn.Bilinear(3, 2, 4), torch.randn(2, 3), torch.randn(2, 2))
add("cosineSimilarity", nn.CosineSimilarity(), torch.randn(2, 3), torch.randn(2, 3))
add("pairwiseDistance", nn.PairwiseDistance(), torch.randn(2, 3), torch.randn(2, 3))
add("pairwiseDistance1", nn.PairwiseDistance(1, keepdim=True), torch.randn(2, 3), torch.randn(2, 3))

# Activations.
x = torch.tensor([[-30.0, -3.2, -1.3, -0.9, -0.4, -0.1], [30.0, 0.2, 0.45, 0.8, 1.7, 4.1]])
ACTIVATIONS = dict(
    relu=nn.ReLU(), relu6=nn.ReLU6(), leakyReLU=nn.LeakyReLU(), leakyReLU2=nn.LeakyReLU(0.2), rrelu=nn.RReLU(),
    elu=nn.ELU(), elu2=nn.ELU(0.7), celu=nn.CELU(), celu2=nn.CELU(0.7), selu=nn.SELU(), gelu=nn.GELU(),
    geluTanh=nn.GELU("tanh"), silu=nn.SiLU(), mish=nn.Mish(), hardSwish=nn.Hardswish(), hardSigmoid=nn.Hardsigmoid(),
    hardTanh=nn.Hardtanh(), hardTanh2=nn.Hardtanh(-2, 0.6), hardShrink=nn.Hardshrink(), hardShrink2=nn.Hardshrink(1.5),
    softShrink=nn.Softshrink(), softShrink2=nn.Softshrink(1.5), tanhShrink=nn.Tanhshrink(), softplus=nn.Softplus(),
    softplus2=nn.Softplus(2.5, 3), softsign=nn.Softsign(), logSigmoid=nn.LogSigmoid(), threshold=nn.Threshold(0.3, -2),
    glu=nn.GLU(), glu0=nn.GLU(0), softmin=nn.Softmin(-1), softmax=nn.Softmax(-1), softmax0=nn.Softmax(0),
    logSoftmax=nn.LogSoftmax(-1), sigmoid=nn.Sigmoid(), tanh=nn.Tanh(), prelu=nn.PReLU(), prelu6=nn.PReLU(6))
for name, module in ACTIVATIONS.items():
    add("activation." + name, module, x)
add("activation.softmax2D", nn.Softmax2d(), torch.randn(1, 3, 2, 2), images=True)

# Convolutions.
add("conv1D", nn.Conv1d(4, 6, 3, stride=2, groups=2), torch.randn(2, 4, 9), images=True)
add("conv1D.same", nn.Conv1d(2, 3, 4, padding="same", dilation=2), torch.randn(1, 2, 9), images=True)
add("conv2D", nn.Conv2d(3, 4, (3, 1), padding=(1, 0)), torch.randn(2, 3, 5, 4), images=True)
add("conv2D.dilated", nn.Conv2d(2, 3, 3, stride=(1, 2), padding=2, dilation=(2, 1), bias=False), torch.randn(1, 2, 5, 6), images=True)
add("conv2D.depthwise", nn.Conv2d(3, 6, 3, padding=1, groups=3), torch.randn(1, 3, 4, 5), images=True)
for mode in ["reflect", "replicate", "circular"]:
    add("conv2D." + mode, nn.Conv2d(2, 2, 3, padding=(1, 2), dilation=(1, 2), padding_mode=mode), torch.randn(1, 2, 4, 5), images=True)
add("conv2D.reflectSame", nn.Conv2d(2, 2, (2, 3), padding="same", padding_mode="reflect"), torch.randn(1, 2, 4, 5), images=True)
add("conv3D", nn.Conv3d(2, 4, 2, padding=(1, 0, 0), groups=2), torch.randn(1, 2, 3, 4, 3), images=True)
add("convTranspose1D", nn.ConvTranspose1d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2), torch.randn(2, 4, 5), images=True)
add("convTranspose1D.dilated", nn.ConvTranspose1d(2, 3, 3, dilation=2), torch.randn(1, 2, 4), images=True)
add("convTranspose2D", nn.ConvTranspose2d(3, 2, 3), torch.randn(2, 3, 3, 4), images=True)
add("convTranspose2D.strided", nn.ConvTranspose2d(4, 4, (3, 2), stride=(2, 3), padding=(1, 0), output_padding=(1, 2), groups=2, bias=False), torch.randn(1, 4, 3, 2), images=True)
add("convTranspose2D.dilated", nn.ConvTranspose2d(2, 3, 3, stride=2, padding=2, dilation=(1, 2)), torch.randn(1, 2, 4, 3), images=True)
add("convTranspose3D", nn.ConvTranspose3d(2, 2, 2, stride=(2, 1, 2), output_padding=(1, 0, 0), groups=2), torch.randn(1, 2, 2, 3, 2), images=True)


class Separable(nn.Module):
    def __init__(self, conv, depth, kernel, output, **options):
        super().__init__()
        self.depthwise = conv(depth, 2 * depth, kernel, groups=depth, **options)
        self.pointwise = conv(2 * depth, output, 1)

    def forward(self, x):
        return self.pointwise(self.depthwise(x))


add("separableConv1D", Separable(nn.Conv1d, 2, 3, 3, stride=2), torch.randn(1, 2, 7), images=True)
add("separableConv2D", Separable(nn.Conv2d, 2, 3, 3, padding=1), torch.randn(1, 2, 4, 3), images=True)

# Padding.
plane, line, volume = torch.randn(1, 2, 3, 4), torch.randn(1, 2, 4), torch.randn(1, 2, 2, 3, 3)
add("zeroPad1", nn.ZeroPad1d((2, 1)), line, images=True)
add("zeroPad2", nn.ZeroPad2d((1, 0, 2, 3)), plane, images=True)
add("zeroPad3", nn.ZeroPad3d(1), volume, images=True)
add("constantPad1", nn.ConstantPad1d(1, 2.5), line, images=True)
add("constantPad2", nn.ConstantPad2d((1, 0, 2, 3), -1), plane, images=True)
add("constantPad3", nn.ConstantPad3d((1, 0, 0, 1, 2, 0), 0.5), volume, images=True)
add("reflectionPad1", nn.ReflectionPad1d(3), line, images=True)
add("reflectionPad2", nn.ReflectionPad2d((1, 3, 2, 0)), plane, images=True)
add("reflectionPad3", nn.ReflectionPad3d(1), volume, images=True)
add("replicationPad1", nn.ReplicationPad1d(3), line, images=True)
add("replicationPad2", nn.ReplicationPad2d((1, 3, 2, 0)), plane, images=True)
add("replicationPad3", nn.ReplicationPad3d(1), volume, images=True)
add("circularPad1", nn.CircularPad1d(3), line, images=True)
add("circularPad2", nn.CircularPad2d((1, 3, 2, 0)), plane, images=True)
add("circularPad3", nn.CircularPad3d(1), volume, images=True)

# Pooling.
line, plane, volume = torch.randn(2, 2, 8), torch.randn(1, 2, 5, 7), torch.randn(1, 2, 4, 5, 3)
add("maxPool1D", nn.MaxPool1d(2), line, images=True)
add("maxPool1D.dilated", nn.MaxPool1d(3, stride=2, padding=1, dilation=2, ceil_mode=True), line, images=True)
add("maxPool2D", nn.MaxPool2d(2), plane, images=True)
add("maxPool2D.ceil", nn.MaxPool2d((3, 2), stride=2, padding=1, ceil_mode=True), plane, images=True)
add("maxPool3D", nn.MaxPool3d(2, stride=1, dilation=(1, 2, 1)), volume, images=True)
add("averagePool1D", nn.AvgPool1d(3, stride=2, padding=1), line, images=True)
add("averagePool1D.ceil", nn.AvgPool1d(3, stride=2, padding=1, ceil_mode=True, count_include_pad=False), line, images=True)
add("averagePool2D", nn.AvgPool2d((2, 3)), plane, images=True)
add("averagePool2D.ceil", nn.AvgPool2d(3, stride=3, padding=1, ceil_mode=True), plane, images=True)
add("averagePool2D.without", nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False), plane, images=True)
add("averagePool2D.divisor", nn.AvgPool2d(2, divisor_override=3), plane, images=True)
add("averagePool3D", nn.AvgPool3d(2, stride=2, padding=1, ceil_mode=True), volume, images=True)
add("lpPool1", nn.LPPool1d(2, 3, stride=2, ceil_mode=True), line, images=True)
add("lpPool2", nn.LPPool2d(3, (2, 3)), plane.abs(), images=True)
add("lpPool3", nn.LPPool3d(2, 2), volume, images=True)
add("adaptiveAveragePool1", nn.AdaptiveAvgPool1d(3), line, images=True)
add("adaptiveAveragePool2", nn.AdaptiveAvgPool2d((2, 9)), plane, images=True)
add("adaptiveAveragePool3", nn.AdaptiveAvgPool3d((2, None, 2)), volume, images=True)
add("adaptiveMaxPool1", nn.AdaptiveMaxPool1d(3), line, images=True)
add("adaptiveMaxPool1.divides", nn.AdaptiveMaxPool1d(4), line, images=True)
add("adaptiveMaxPool2", nn.AdaptiveMaxPool2d((3, 9)), torch.round(plane), images=True)
add("adaptiveMaxPool3", nn.AdaptiveMaxPool3d((2, None, 2)), volume, images=True)
add("globalAveragePool", lambda x: x.mean((2, 3)), plane, images=True)
add("globalMaxPool", lambda x: x.amax((2, 3)), plane, images=True)
add("maxUnpool1", lambda x: F.max_unpool1d(*F.max_pool1d(x, 2, return_indices=True), 2), line, images=True)
add("maxUnpool2", lambda x: F.max_unpool2d(*F.max_pool2d(x, 2, return_indices=True), 2, output_size=(5, 7)), plane, images=True)
add("maxUnpool3", lambda x: F.max_unpool3d(*F.max_pool3d(x, 2, return_indices=True), 2, output_size=(4, 5, 3)), volume, images=True)
add("maxPoolIndices", lambda x: F.max_pool2d(x, 2, return_indices=True)[1].int(), plane, images=True)

def fractional(name, kernel, x, **options):
    """The samples, [batch, channel, 2], are kept beside the case."""
    samples = torch.rand(x.shape[0], x.shape[1], 2)
    cases.contents[f"{name}.samples"] = samples
    add(name, lambda x: F.fractional_max_pool2d(x, kernel, _random_samples=samples.double(), **options), x, images=True)


fractional("fractionalMaxPool2", 2, torch.randn(2, 3, 7, 9), output_size=(3, 5))
fractional("fractionalMaxPool2.ties", (3, 2), torch.round(torch.randn(1, 2, 8, 6)), output_size=(1, 4))


# Normalisation.
def norm(name, module, *shape):
    add("norm." + name, module, torch.randn(*shape), images=True, training=True)


norm("batch", nn.BatchNorm2d(3), 2, 3, 4, 2)
norm("batch1", nn.BatchNorm1d(3, eps=1e-3, momentum=0.3), 5, 3)
norm("batchPlain", nn.BatchNorm3d(2, affine=False), 2, 2, 2, 3, 2)
norm("batchCumulative", nn.BatchNorm1d(3, momentum=None), 2, 3, 4)
norm("batchUntracked", nn.BatchNorm2d(3, track_running_stats=False), 2, 3, 4, 2)
norm("instance", nn.InstanceNorm2d(3), 2, 3, 4, 2)
norm("instanceAffine", nn.InstanceNorm1d(3, affine=True, eps=1e-3), 2, 3, 5)
norm("instanceTracked", nn.InstanceNorm2d(3, affine=True, track_running_stats=True), 2, 3, 4, 2)
norm("group", nn.GroupNorm(2, 4), 2, 4, 3, 2)
norm("groupPlain", nn.GroupNorm(3, 6, affine=False), 4, 6)
norm("localResponse", nn.LocalResponseNorm(3, alpha=0.5, beta=0.6, k=0.9), 2, 5, 3, 2)
norm("localResponse2", nn.LocalResponseNorm(2), 2, 5, 3)
add("norm.layer", nn.LayerNorm(4), torch.randn(2, 3, 4))
add("norm.layer2", nn.LayerNorm([3, 4], eps=1e-3), torch.randn(2, 3, 4))
add("norm.layerUnbiased", nn.LayerNorm(4, bias=False), torch.randn(2, 4))
add("norm.layerPlain", nn.LayerNorm(4, elementwise_affine=False), torch.randn(2, 4))
add("norm.rms", nn.RMSNorm(4, eps=1e-5), torch.randn(2, 3, 4))
add("norm.rms2", nn.RMSNorm([3, 4], eps=1e-3), torch.randn(2, 3, 4))
add("norm.rmsPlain", nn.RMSNorm(4, elementwise_affine=False), torch.randn(2, 4))

# Embeddings.
tokens, offsets = torch.tensor([[1, 4, 0], [2, 2, 4]]), torch.tensor([0, 2, 2, 5])
flat = torch.tensor([1, 4, 0, 2, 2, 4])
add("embedding", nn.Embedding(5, 3), tokens)
add("embedding.padding", nn.Embedding(5, 3, padding_idx=-1), tokens)
add("embedding.maxNorm", nn.Embedding(5, 3, max_norm=1.1), tokens)
for mode in ["sum", "mean", "max"]:
    add("embeddingBag." + mode, nn.EmbeddingBag(5, 3, mode=mode), tokens)
    add(f"embeddingBag.{mode}Padding", nn.EmbeddingBag(5, 3, mode=mode, padding_idx=2), tokens)
    add(f"embeddingBag.{mode}Flat", nn.EmbeddingBag(5, 3, mode=mode), flat, offsets)
    add(f"embeddingBag.{mode}FlatPadding", nn.EmbeddingBag(5, 3, mode=mode, padding_idx=4), flat, offsets)
add("embeddingBag.weighted", nn.EmbeddingBag(5, 3, mode="sum"), tokens, torch.randn(2, 3),
    call=lambda bag, x, w: bag(x, per_sample_weights=w))
add("embeddingBag.weightedFlat", nn.EmbeddingBag(5, 3, mode="sum", padding_idx=4), flat, offsets, torch.randn(6),
    call=lambda bag, x, o, w: bag(x, o, per_sample_weights=w))
add("embeddingBag.lastOffset", nn.EmbeddingBag(5, 3, include_last_offset=True), flat, torch.tensor([0, 2, 6]))

# Resampling.
line, plane, volume = torch.randn(1, 2, 5), torch.randn(1, 2, 4, 3), torch.randn(1, 2, 2, 3, 2)


def resample(name, x, **options):
    add("upsample." + name, nn.Upsample(**options), x, images=True)


resample("nearest1", line, scale_factor=3)
resample("nearest2", plane, scale_factor=2)
resample("nearestFraction", plane, scale_factor=(1.7, 0.7))
resample("nearest3", volume, size=(3, 3, 5))
resample("nearestExact", line, size=8, mode="nearest-exact")
resample("nearestExact2", plane, scale_factor=(1.7, 2), mode="nearest-exact")
resample("linear", line, scale_factor=2, mode="linear")
resample("linearCorners", line, size=9, mode="linear", align_corners=True)
resample("bilinear", plane, scale_factor=2, mode="bilinear")
resample("bilinearFraction", plane, scale_factor=(1.7, 0.7), mode="bilinear")
resample("bilinearCorners", plane, size=(7, 1), mode="bilinear", align_corners=True)
resample("bicubic", plane, scale_factor=2, mode="bicubic")
resample("bicubicFraction", plane, scale_factor=(1.7, 0.7), mode="bicubic")
resample("bicubicCorners", plane, size=(7, 5), mode="bicubic", align_corners=True)
resample("trilinear", volume, scale_factor=2, mode="trilinear")
resample("trilinearCorners", volume, size=(3, 2, 4), mode="trilinear", align_corners=True)
add("interpolate.recomputed", lambda x: F.interpolate(x, scale_factor=1.7, mode="bilinear", recompute_scale_factor=True), plane, images=True)
add("interpolate.area", lambda x: F.interpolate(x, size=(3, 2), mode="area"), plane, images=True)
add("interpolate.down", lambda x: F.interpolate(x, size=(2, 2), mode="bicubic"), plane, images=True)

add("interpolate.antialias", lambda x: F.interpolate(x, size=(2, 2), mode="bilinear", antialias=True), plane, images=True)
add("interpolate.antialiasCubic", lambda x: F.interpolate(x, size=(3, 7), mode="bicubic", antialias=True), torch.randn(1, 2, 9, 5), images=True)
add("interpolate.antialiasScale", lambda x: F.interpolate(x, scale_factor=(0.45, 0.7), mode="bilinear", antialias=True), torch.randn(1, 2, 9, 7), images=True)
add("interpolate.antialiasCorners", lambda x: F.interpolate(x, size=(3, 2), mode="bilinear", align_corners=True, antialias=True), torch.randn(1, 2, 9, 7), images=True)

# Many classes.
add("adaptiveLogSoftmax", nn.AdaptiveLogSoftmaxWithLoss(8, 12, [3, 7], div_value=2), torch.randn(5, 8),
    call=lambda layer, x: layer.log_prob(x))

# Rearrangement.
add("identity", nn.Identity(), torch.randn(2, 3))
add("flatten", nn.Flatten(), torch.randn(2, 3, 2))
add("flatten.inner", nn.Flatten(0, 1), torch.randn(2, 3, 2))
add("unflatten", nn.Unflatten(1, (2, -1)), torch.randn(2, 6))
add("pixelShuffle", nn.PixelShuffle(2), torch.randn(1, 8, 2, 3), images=True)
add("pixelUnshuffle", nn.PixelUnshuffle(2), torch.randn(1, 2, 4, 6), images=True)
add("channelShuffle", nn.ChannelShuffle(2), torch.randn(1, 6, 2, 2), images=True)
add("unfold", nn.Unfold((2, 3), dilation=(1, 2), padding=1, stride=(2, 1)), torch.randn(1, 2, 4, 5), images=True)
add("fold", nn.Fold((4, 5), (2, 3), dilation=(1, 2), padding=1, stride=(2, 1)), torch.randn(1, 12, 9), images=True)

# First values that are not random, and gains.
cases.contents["initializer.eye"] = nn.init.eye_(torch.empty(2, 3))
cases.contents["initializer.dirac1"] = nn.init.dirac_(torch.empty(3, 2, 4))
cases.contents["initializer.dirac2"] = nn.init.dirac_(torch.empty(4, 2, 3, 2), groups=2)
gains = [("linear", None), ("sigmoid", None), ("tanh", None), ("relu", None), ("selu", None), ("leaky_relu", None),
         ("leaky_relu", 0.2)]
cases.contents["initializer.gains"] = torch.tensor([nn.init.calculate_gain(*gain) for gain in gains])

cases.write(sys.argv[1])
