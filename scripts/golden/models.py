"""Names, shapes and outputs of the models for Tests/ApusModelsTests.

    python scripts/golden/models.py Tests/ApusModelsTests/Resources

Writes `models.json`: for models of published size the names and shapes of the state dictionary in order; for
reduced ones the outputs, in inference, for weights and inputs that both sides make by the formula of `pattern`,
which the names go into. Outputs are channels-last. The models are torchvision's where it has them, else the definitions in `vision_models.py`
and `series_models.py`.
"""

import json
import pathlib
import sys

import numpy as np
import torch
import torchvision.models as tv
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

import series_models as series
import vision_models as own

MASK = (1 << 64) - 1


def seed(name):
    """FNV-1a over the name's bytes."""
    value = 0xCBF29CE484222325
    for byte in name.encode():
        value = ((value ^ byte) * 0x100000001B3) & MASK
    return value


def pattern(name, count):
    """`count` numbers from -1 to 1 that depend on the name and the index: the upper 24 bits of SplitMix64."""
    with np.errstate(over="ignore"):
        x = np.uint64(seed(name)) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        x = x ^ (x >> np.uint64(31))
    return (x >> np.uint64(40)).astype(np.float32) / np.float32(1 << 23) - np.float32(1)


def value(name, shape):
    """A parameter's value: of a size that keeps activations near 1."""
    if name.endswith("num_batches_tracked"):
        return torch.tensor(0)
    u = pattern(name, int(np.prod(shape, dtype=int))).reshape(shape)
    if name.endswith("running_var"):
        u = np.float32(1) + np.float32(0.5) * u
    elif len(shape) > 1:
        u = u * np.float32((6 / np.prod(shape[1:])) ** 0.5)
    elif name.endswith("weight"):
        u = np.float32(1) + np.float32(0.2) * u
    else:
        u = np.float32(0.1) * u
    return torch.from_numpy(np.ascontiguousarray(u))


def channels_last(x):
    return x.permute(0, *range(2, x.ndim), 1) if x.ndim > 2 else x


def images(name, *shape):
    """An input that Apus makes as [batch, height, width, channel]."""
    return torch.from_numpy(pattern(name, int(np.prod(shape))).reshape(shape)).permute(0, 3, 1, 2)


def keys(model):
    return [[name, list(tensor.shape)] for name, tensor in model.state_dict().items()]


def run(model, *inputs, arrange=channels_last):
    model.load_state_dict({n: value(n, t.shape) for n, t in model.state_dict().items()})
    model.eval()
    with torch.no_grad():
        outputs = model(*inputs)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    return [{"shape": list(o.shape), "values": [float(f"{v:.6g}") for v in o.flatten().tolist()]}
            for o in map(arrange, outputs)]


def small_resnet():
    model = ResNet(BasicBlock, [1, 1, 1, 1], num_classes=10)
    model.conv1 = torch.nn.Conv2d(3, 64, 3, padding=1, bias=False)
    model.maxpool = torch.nn.Identity()
    return model


def vit(**sizes):
    return tv.VisionTransformer(num_heads=sizes.pop("heads"), **sizes)


def main(folder):
    torch.manual_seed(0)
    x = images("x", 2, 32, 32, 3)
    larger = images("x", 1, 48, 64, 3)
    labels = torch.tensor([3, 1])
    latent = torch.from_numpy(pattern("z", 16).reshape(1, 16))
    latents = torch.from_numpy(pattern("z", 2 * 4 * 8).reshape(2, 4, 8))
    rows = torch.from_numpy(pattern("rows", 6).reshape(2, 3))
    past = torch.from_numpy(pattern("past", 2 * 16 * 3).reshape(2, 16, 3))
    sounds = torch.from_numpy(pattern("sounds", 2 * 12 * 10).reshape(2, 12, 10))
    named = {
        "resnet18": tv.resnet18(), "resnet34": tv.resnet34(), "resnet50": tv.resnet50(),
        "squeezenet1_1": tv.squeezenet1_1(), "mobilenet_v2": tv.mobilenet_v2(),
        "shufflenet_v2_x1_0": tv.shufflenet_v2_x1_0(), "vit_b_16": tv.vit_b_16(),
    }
    computed = {
        "lenet-28": (own.LeNet(1, 10, 28), [images("x", 2, 28, 28, 1)]),
        "lenet-32": (own.LeNet(3, 7, 32), [x]),
        "resnet-basic": (ResNet(BasicBlock, [1, 2, 1, 1], num_classes=10), [larger]),
        "resnet-bottleneck": (ResNet(Bottleneck, [1, 1, 1, 1], num_classes=10), [larger]),
        "resnet-small": (small_resnet(), [x]),
        "squeezenet": (tv.squeezenet1_1(num_classes=10), [images("x", 1, 68, 52, 3)]),
        "mobilenet-v1": (own.MobileNetV1(10, 0.25), [larger]),
        "mobilenet-v2": (tv.mobilenet_v2(num_classes=10, width_mult=0.35), [larger]),
        "shufflenet": (tv.ShuffleNetV2([4, 8, 4], [24, 48, 96, 192, 1024], num_classes=10), [larger]),
        "vit": (vit(image_size=32, patch_size=8, num_layers=2, heads=2, hidden_dim=16, mlp_dim=32,
                    num_classes=10), [x]),
        "unet": (own.UNet(3, 2, [4, 8, 16]), [images("x", 1, 12, 16, 3)]),
        "text-detector": (own.TextDetector(3, [4, 6, 8, 8, 8], 6), [images("x", 1, 64, 96, 3)]),
        "dcgan-generator": (own.DCGANGenerator(16, 4, 1, 10), [latent, labels[:1]]),
        "dcgan-discriminator": (own.DCGANDiscriminator(4, 3, 10), [x, labels]),
        "projection-discriminator": (own.ProjectionDiscriminator(4, 3, 10), [x, labels]),
        "gansformer": (own.GANsformer(4, 8, 12, 6, 3, 5), [latents, labels]),
        "tabular-mlp": (series.TabularMLP(3, [4, 7], [8, 6]), [rows, torch.tensor([[3, 0], [1, 6]])]),
        "dlinear": (series.DLinear(16, 6, 5), [past.transpose(1, 2)]),
        "speech-command-net": (series.SpeechCommandNet(10, 4, [4, 6]), [sounds]),
        "captioner": (own.Captioner(own.Backbone(3, 4, [1, 1]), 11, 5, 6, 7),
                      [images("x", 2, 12, 16, 3), torch.tensor([[2, 5, 9, 4], [2, 10, 0, 3]])]),
        "vae": (own.VariationalAutoencoder(4, 4), [images("x", 1, 28, 28, 1).abs()]),
    }
    result = {name: {"keys": keys(model)} for name, model in named.items()}
    for name, (model, inputs) in computed.items():
        result[name] = {"outputs": run(model, *inputs)}
    path = pathlib.Path(folder) / "models.json"
    lines = [f"{json.dumps(name)}: {json.dumps(case, separators=(',', ':'))}" for name, case in result.items()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"{path}: {len(result)} cases, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main(sys.argv[1])
