"""The example `vae` in PyTorch: same network, optimizer and batches.

    python vae.py FOLDER_OF_FASHION_MNIST [SEED]
"""

import torch
from torch import nn
from torch.nn import functional as F

import pictures
import support

EPOCHS, BATCH, RATE, LATENT, WIDTH = 16, 100, 2e-3, 20, 32


class VariationalAutoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, WIDTH, 4, 2, 1), nn.ReLU(), nn.Conv2d(WIDTH, 2 * WIDTH, 4, 2, 1), nn.ReLU(),
            nn.Flatten(), nn.Linear(2 * WIDTH * 49, 2 * LATENT))
        self.decoder = nn.Sequential(
            nn.Linear(LATENT, 2 * WIDTH * 49), nn.ReLU(), nn.Unflatten(1, (2 * WIDTH, 7, 7)),
            nn.ConvTranspose2d(2 * WIDTH, WIDTH, 4, 2, 1), nn.ReLU(),
            nn.ConvTranspose2d(WIDTH, WIDTH // 2, 4, 2, 1), nn.ReLU(),
            nn.Conv2d(WIDTH // 2, 1, 3, padding=1))

    def forward(self, x):
        """The negative evidence lower bound of a picture."""
        mean, logarithm = self.encoder(x).chunk(2, 1)
        code = mean + torch.exp(logarithm / 2) * torch.randn_like(mean)
        missing = F.binary_cross_entropy_with_logits(self.decoder(code), x, reduction="sum")
        divergence = (mean.square() + logarithm.exp() - logarithm - 1).sum() / 2
        return (missing + divergence) / len(x)


def scaled(images):
    return images.to(torch.float32, memory_format=torch.channels_last) / 255


def main():
    options = support.arguments(__doc__)
    images, _ = pictures.fashion_mnist(options.folder, "train")
    test, _ = pictures.fashion_mnist(options.folder, "t10k")
    model = VariationalAutoencoder().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)
    total, step = EPOCHS * -(-len(images) // BATCH), 0
    progress = support.Progress(model)
    for _ in range(options.epochs or EPOCHS):
        for places in torch.randperm(len(images)).split(BATCH):
            support.set_rate(optimizer, support.warmup_cosine(step, RATE, total // 20, total))
            loss = model(scaled(images[places]))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1
        with torch.inference_mode():
            bound = sum(model(scaled(x)).item() * len(x) for x in test.split(500)) / len(test)
        progress.epoch(loss=loss.item(), test_bound=bound)
    progress.finish()
    progress.score(f"test negative ELBO in nats {bound:.2f}")


main()
