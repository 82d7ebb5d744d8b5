"""Pictures, what changes them at random, and the networks for them that several examples have."""

import gzip
import pathlib

import torch
from torch import nn
from torch.nn import functional as F


def fashion_mnist(folder, part):
    """The pictures of `train` or `t10k`, `u8[picture, 1, height, width]`, and their classes."""
    path = pathlib.Path(folder)
    pixels = bytearray(gzip.decompress((path / f"{part}-images-idx3-ubyte.gz").read_bytes())[16:])
    labels = bytearray(gzip.decompress((path / f"{part}-labels-idx1-ubyte.gz").read_bytes())[8:])
    return torch.frombuffer(pixels, dtype=torch.uint8).view(-1, 1, 28, 28), torch.tensor(labels)


class Normalization:
    """Brings samples to mean 0 and deviation 1, channel by channel."""

    def __init__(self, pictures):
        values = pictures.double().transpose(0, 1).flatten(1) / 255
        mean, deviation = values.mean(1), values.std(1, correction=0)
        self.scale = (1 / 255 / deviation).float()[:, None, None]
        self.shift = (-mean / deviation).float()[:, None, None]

    def __call__(self, pictures):
        x = pictures.to(torch.float32, memory_format=torch.channels_last)
        return x * self.scale + self.shift


def cropped(padded, height, width):
    """A part of each picture, cut out at a random place."""
    windows = padded.unfold(2, height, 1).unfold(3, width, 1)
    rows, columns = (torch.randint(windows.shape[axis], (len(padded),)) for axis in (2, 3))
    return windows[torch.arange(len(padded)), :, rows, columns]


def mirrored(pictures):
    """Left and right exchanged in half of them."""
    return torch.where(torch.rand(len(pictures), 1, 1, 1) < 0.5, pictures.flip(-1), pictures)


class CNN(nn.Module):
    def __init__(self, channels=1, side=28, classes=10):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, 32, 3, padding=1)
        self.conv2 = nn.Conv2d(32, 64, 3, padding=1)
        self.hidden = nn.Linear(64 * (side // 2) ** 2, 128)
        self.output = nn.Linear(128, classes)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv2(F.relu(self.conv1(x)))), 2)
        return self.output(F.dropout(F.relu(self.hidden(x.flatten(1))), 0.3, self.training))


class ResidualBlock(nn.Module):
    def __init__(self, inputs, width, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width)
        self.downsample = nn.Identity()
        if stride > 1 or inputs != width:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, width, 1, stride, bias=False), nn.BatchNorm2d(width))

    def forward(self, x):
        h = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(h + self.downsample(x))


class ResNetBackbone(nn.Module):
    """For small pictures: no stride and no pooling at the beginning, one block a stage."""

    def __init__(self, width, stages):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)
        widths = [width] + [width << stage for stage in range(stages)]
        self.blocks = nn.Sequential(
            *(ResidualBlock(widths[i], widths[i + 1], 2 if i else 1) for i in range(stages)))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x):
        return self.blocks(F.relu(self.bn1(self.conv1(x))))


@torch.inference_mode()
def accuracy(model, prepare, pictures, labels, size=256):
    """The share of pictures whose class the model finds."""
    was_training = model.training
    model.eval()
    hits = sum(
        int((model(prepare(x)).argmax(1) == y).sum())
        for x, y in zip(pictures.split(size), labels.split(size)))
    model.train(was_training)
    return hits / len(labels)
