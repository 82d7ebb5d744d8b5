"""The example `gan` in PyTorch: same players, optimizers, batches and judge.

    python gan.py FOLDER_OF_FASHION_MNIST [SEED]
"""

import torch
from torch import nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

import pictures
import support

EPOCHS, BATCH, RATE, BETA, DECAY = 16, 100, 2e-4, 0.5, 0.998
LATENT, WIDTH, CLASSES, SAMPLES = 64, 32, 10, 100
# Of the classifier that says what it recognises.
JUDGE_EPOCHS, JUDGE_BATCH, JUDGE_RATE = 2, 128, 3e-3


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(CLASSES, LATENT)
        self.main = nn.Sequential(
            nn.ConvTranspose2d(2 * LATENT, 2 * WIDTH, 7, bias=False), nn.BatchNorm2d(2 * WIDTH), nn.ReLU(),
            nn.ConvTranspose2d(2 * WIDTH, WIDTH, 4, 2, 1, bias=False), nn.BatchNorm2d(WIDTH), nn.ReLU(),
            nn.ConvTranspose2d(WIDTH, 1, 4, 2, 1, bias=False), nn.Tanh())
        start(self)

    def forward(self, noise, classes):
        return self.main(torch.cat([noise, self.embedding(classes)], 1)[:, :, None, None])


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        features = 2 * WIDTH
        self.convolutions = nn.Sequential(
            nn.Conv2d(1, WIDTH, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(WIDTH, features, 4, 2, 1), nn.LeakyReLU(0.2))
        self.hidden = nn.Linear(49 * features, features)
        self.output = nn.Linear(features, 1)
        self.embedding = nn.Embedding(CLASSES, features)
        start(self)

    def forward(self, x, classes):
        features = F.leaky_relu(self.hidden(self.convolutions(x).flatten(1)), 0.2)
        match = features * self.embedding(classes) / self.embedding.embedding_dim ** 0.5
        return (self.output(features).flatten() + match.sum(1)).float()


def start(player):
    for module in player.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.normal_(module.weight, 0, 0.02)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1, 0.02)


def trained_classifier(images, labels, prepare):
    """A network that has seen real pictures only."""
    model = pictures.CNN().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)
    padded = F.pad(images, (1, 1, 1, 1))
    total, step = JUDGE_EPOCHS * -(-len(images) // JUDGE_BATCH), 0
    for _ in range(JUDGE_EPOCHS):
        for places in torch.randperm(len(images)).split(JUDGE_BATCH):
            support.set_rate(optimizer, support.warmup_cosine(step, JUDGE_RATE, total // 10, total))
            x = prepare(pictures.cropped(padded[places], 28, 28))
            loss = F.cross_entropy(model(x), labels[places])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1
    return model


@torch.inference_mode()
def samples(generator, noise, classes):
    """Pictures, as bytes; running statistics are those of the averaged weights."""
    generator.train()
    for places in torch.arange(30 * 250).remainder(len(noise)).split(250):
        generator(noise[places], classes[places])
    generator.eval()
    made = torch.cat([generator(z, y) for z, y in zip(noise.split(250), classes.split(250))])
    return ((made + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)


def spread(images, labels):
    """The mean distance of two pictures of a class."""
    own = [images[labels == c][:SAMPLES].flatten(1) / 255 for c in range(CLASSES)]
    return sum(F.pdist(x).mean().item() for x in own) / CLASSES


def main():
    options = support.arguments(__doc__)
    images, labels = pictures.fashion_mnist(options.folder, "train")
    test, test_labels = pictures.fashion_mnist(options.folder, "t10k")
    labels, prepare = labels.long(), pictures.Normalization(images)
    real_spread = spread(test, test_labels)
    generator, discriminator = (
        player.to(memory_format=torch.channels_last) for player in (Generator(), Discriminator()))
    making, judging = (
        torch.optim.Adam(player.parameters(), betas=(BETA, 0.999), fused=True) for player in (generator, discriminator))
    average = AveragedModel(generator, multi_avg_fn=get_ema_multi_avg_fn(DECAY))
    noise, classes = torch.randn(SAMPLES * CLASSES, LATENT), torch.arange(SAMPLES * CLASSES) % CLASSES
    total, step = EPOCHS * -(-len(images) // BATCH), 0
    progress = support.Progress(generator, discriminator)
    classifier = trained_classifier(images, labels, prepare)
    progress.part("classifier", test_accuracy=pictures.accuracy(classifier, prepare, test, test_labels))
    for _ in range(options.epochs or EPOCHS):
        for places in torch.randperm(len(images)).split(BATCH):
            for optimizer in (making, judging):
                support.set_rate(optimizer, support.warmup_cosine(step, RATE, 0, total))
            real, y = images[places].to(torch.float32) / 127.5 - 1, labels[places]
            discriminator.requires_grad_(False)
            with torch.autocast("cpu", torch.bfloat16):
                made = generator(torch.randn(len(y), LATENT), y)
                loss = F.softplus(-discriminator(made, y)).mean()
            making.zero_grad()
            loss.backward()
            making.step()
            average.update_parameters(generator)
            discriminator.requires_grad_(True)
            with torch.autocast("cpu", torch.bfloat16):
                doubt = F.softplus(-discriminator(real, y)).mean() + F.softplus(discriminator(made.detach(), y)).mean()
            judging.zero_grad()
            doubt.backward()
            judging.step()
            step += 1
        found = samples(average.module, noise, classes)
        recognised = pictures.accuracy(classifier, prepare, found, classes)
        progress.epoch(
            loss=doubt.item(), generator_loss=loss.item(), recognised=recognised,
            spread=spread(found, classes) / real_spread)
    progress.finish()
    progress.score(f"recognised pictures {recognised:.2%}")


main()
