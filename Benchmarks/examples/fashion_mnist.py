"""The example `fashion-mnist` in PyTorch: same network, optimizer, batches and changes of the pictures.

    python fashion_mnist.py FOLDER_OF_FASHION_MNIST [SEED]
"""

import torch
from torch.nn import functional as F

import pictures
import support

EPOCHS, BATCH, RATE, DECAY = 10, 128, 3e-3, 0.01


def main():
    options = support.arguments(__doc__)
    images, labels = pictures.fashion_mnist(options.folder, "train")
    test = pictures.fashion_mnist(options.folder, "t10k")
    prepare = pictures.Normalization(images)
    padded = F.pad(images, (1, 1, 1, 1))
    model = pictures.CNN().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=DECAY, fused=True)
    steps = -(-len(images) // BATCH)
    total, step = EPOCHS * steps, 0
    progress = support.Progress(model)
    for _ in range(options.epochs or EPOCHS):
        for places in torch.randperm(len(images)).split(BATCH):
            support.set_rate(optimizer, support.warmup_cosine(step, RATE, total // 10, total))
            x = prepare(pictures.mirrored(pictures.cropped(padded[places], 28, 28)))
            with torch.autocast("cpu", torch.bfloat16):
                loss = F.cross_entropy(model(x), labels[places].long())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1
        found = pictures.accuracy(model, prepare, *test)
        progress.epoch(loss=loss.item(), test_accuracy=found)
    progress.finish()
    progress.score(f"test accuracy {found:.2%}")


main()
