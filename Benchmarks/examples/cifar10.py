"""The example `cifar10` in PyTorch: same network, optimizer, batches and changes of the pictures.

    python cifar10.py FOLDER_OF_CIFAR10_JPEG [SEED]
"""

import io
import pathlib
import tarfile

import numpy as np
import PIL.Image
import torch
from torch import nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

import pictures
import support

EPOCHS, BATCH, RATE, DECAY, WARMUP, SMOOTHING = 40, 50, 0.05, 5e-4, 0.2, 0.1
WIDTH, STAGES, SHIFT, HOLE = 32, 4, 4, 8


class ResNet(nn.Module):
    def __init__(self, classes=10):
        super().__init__()
        self.backbone = pictures.ResNetBackbone(WIDTH, STAGES)
        self.fc = nn.Linear(WIDTH << (STAGES - 1), classes)

    def forward(self, x):
        return self.fc(self.backbone(x).mean((2, 3)))


def read(folder):
    """Pictures and classes of the archive's `train` and `test`."""
    parts = {"train": [], "test": []}
    with tarfile.open(pathlib.Path(folder) / "cifar10-subset.tar.gz") as archive:
        for entry in archive:
            names = pathlib.PurePath(entry.name).parts
            if entry.isfile() and names[-1].endswith(".jpg"):
                image = PIL.Image.open(io.BytesIO(archive.extractfile(entry).read()))
                parts[names[-3]].append((names[-2], np.asarray(image)))
    classes = sorted({name for name, _ in parts["train"]})
    for part in parts.values():
        images = torch.from_numpy(np.stack([image for _, image in part]))
        yield images.permute(0, 3, 1, 2), torch.tensor([classes.index(name) for name, _ in part])


def with_holes(images):
    """A black square around a random pixel of each picture."""
    side = torch.arange(images.shape[-1])
    row, column = (torch.randint(len(side), (len(images), 1)) - HOLE // 2 for _ in range(2))
    rows, columns = ((side >= start) & (side < start + HOLE) for start in (row, column))
    return images.masked_fill((rows[:, :, None] & columns[:, None, :])[:, None], 0)


def main():
    options = support.arguments(__doc__)
    (images, labels), test = read(options.folder)
    prepare = pictures.Normalization(images)
    side = images.shape[-1]
    padded = F.pad(images.float(), (SHIFT,) * 4, mode="reflect").to(torch.uint8)
    model = ResNet().to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(
        model.parameters(), RATE, momentum=0.9, weight_decay=DECAY, nesterov=True, fused=True)
    steps = len(images) // BATCH
    total = EPOCHS * steps
    # Moves the momentum too, from 0.95 to 0.85 and back.
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=total, pct_start=WARMUP)
    average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(1 - 10 / total))
    progress = support.Progress(model)
    for _ in range(options.epochs or EPOCHS):
        for places in torch.randperm(len(images))[:steps * BATCH].split(BATCH):
            x = with_holes(pictures.mirrored(pictures.cropped(padded[places], side, side)))
            with torch.autocast("cpu", torch.bfloat16):
                loss = F.cross_entropy(model(prepare(x)), labels[places], label_smoothing=SMOOTHING)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            cycle.step()
            average.update_parameters(model)
        found = pictures.accuracy(average.module, prepare, *test)
        progress.epoch(loss=loss.item(), test_accuracy=found)
    progress.finish()
    progress.score(f"accuracy on held-out pictures {found:.2%}")


main()
