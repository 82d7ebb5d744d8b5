"""PyTorch definitions of the vision models that torchvision does not have, for `models.py`."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torchvision.models.resnet import BasicBlock


class LeNet(nn.Module):
    def __init__(self, channels, classes, size):
        super().__init__()
        border = 2 if size < 32 else 0
        left = ((size + 2 * border - 4) // 2 - 4) // 2
        self.conv1 = nn.Conv2d(channels, 6, 5, padding=border)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * left * left, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, classes)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2).flatten(1)
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x)))))


class MobileNetV1(nn.Module):
    def __init__(self, classes, factor):
        super().__init__()

        def width(channels):
            return max(8, int(channels * factor))

        settings = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)] + [(512, 1)] * 5
        settings += [(1024, 2), (1024, 1)]
        inputs = width(32)
        parts = [nn.Sequential(
            nn.Conv2d(3, inputs, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(inputs), nn.ReLU())]
        for channels, stride in settings:
            outputs = width(channels)
            parts.append(nn.Sequential(
                nn.Conv2d(inputs, inputs, 3, stride=stride, padding=1, groups=inputs, bias=False),
                nn.BatchNorm2d(inputs), nn.ReLU(),
                nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()))
            inputs = outputs
        self.features = nn.Sequential(*parts)
        self.classifier = nn.Linear(inputs, classes)

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))


class UNet(nn.Module):
    class Level(nn.Module):
        def __init__(self, inputs, outputs, coarse=None):
            super().__init__()
            if coarse:
                self.up = nn.ConvTranspose2d(coarse, outputs, 2, stride=2)
            self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
            self.bn1 = nn.BatchNorm2d(outputs)
            self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
            self.bn2 = nn.BatchNorm2d(outputs)

        def forward(self, x):
            return F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))

    def __init__(self, channels, classes, widths):
        super().__init__()
        inputs = [channels] + widths
        self.encoder = nn.ModuleList(UNet.Level(inputs[i], w) for i, w in enumerate(widths))
        self.decoder = nn.ModuleList(
            UNet.Level(2 * w, w, widths[i + 1]) for i, w in enumerate(widths[:-1]))
        self.head = nn.Conv2d(widths[0], classes, 1)

    def forward(self, x):
        levels = []
        for encoder in self.encoder:
            x = encoder(F.max_pool2d(x, 2) if levels else x)
            levels.append(x)
        for decoder, level in reversed(list(zip(self.decoder, levels))):
            x = decoder(torch.cat([level, decoder.up(x)], 1))
        return self.head(x)


class TextDetector(nn.Module):
    @staticmethod
    def stage(inputs, outputs, kernel=3, stride=1):
        return nn.Sequential(
            nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=False),
            nn.BatchNorm2d(outputs), nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())

    def __init__(self, channels, widths, merged):
        super().__init__()
        inputs = [channels] + widths
        self.backbone = nn.ModuleList(self.stage(inputs[i], w, stride=2) for i, w in enumerate(widths))
        finer = widths[1:-1][::-1]
        self.merge = nn.ModuleList(
            self.stage(w + (merged if i else widths[-1]), merged, kernel=1) for i, w in enumerate(finer))
        self.head = nn.Conv2d(merged, 1, 1)

    def forward(self, x):
        levels = []
        for stage in self.backbone:
            x = stage(x)
            levels.append(x)
        for merge, level in zip(self.merge, levels[1:-1][::-1]):
            x = merge(torch.cat([F.interpolate(x, scale_factor=2), level], 1))
        return self.head(x)


class DCGANGenerator(nn.Module):
    """PyTorch's example, for images whose smallest extent is 7, with classes."""

    def __init__(self, latent, width, channels, classes):
        super().__init__()
        self.embedding = nn.Embedding(classes, latent)
        self.main = nn.Sequential(
            nn.ConvTranspose2d(2 * latent, 2 * width, 7, bias=False), nn.BatchNorm2d(2 * width), nn.ReLU(),
            nn.ConvTranspose2d(2 * width, width, 4, 2, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
            nn.ConvTranspose2d(width, channels, 4, 2, 1, bias=False), nn.Tanh())

    def forward(self, z, classes):
        return self.main(torch.cat([z, self.embedding(classes)], 1)[:, :, None, None])


class DCGANDiscriminator(nn.Module):
    """PyTorch's example without sigmoid, for images of 32 x 32, with the projection of the class."""

    def __init__(self, width, channels, classes):
        super().__init__()
        self.embedding = nn.Embedding(classes, 4 * width)
        self.main = nn.Sequential(
            nn.Conv2d(channels, width, 4, 2, 1, bias=False), nn.LeakyReLU(0.2),
            nn.Conv2d(width, 2 * width, 4, 2, 1, bias=False), nn.BatchNorm2d(2 * width), nn.LeakyReLU(0.2),
            nn.Conv2d(2 * width, 4 * width, 4, 2, 1, bias=False), nn.BatchNorm2d(4 * width), nn.LeakyReLU(0.2),
            nn.Conv2d(4 * width, 1, 4, bias=False))

    def forward(self, x, classes):
        features = self.main[:-1](x)
        scores = self.main[-1](features).flatten()
        return scores + (features.mean((2, 3)) * self.embedding(classes)).sum(1)


class ProjectionDiscriminator(nn.Module):
    """For images of 32 x 32; maps are flattened channels last."""

    def __init__(self, width, channels, classes):
        super().__init__()
        widths = [channels, width, 2 * width, 4 * width]
        self.convolutions = nn.ModuleList(nn.Conv2d(a, b, 4, 2, 1) for a, b in zip(widths, widths[1:]))
        self.hidden, self.output = nn.Linear(16 * 4 * width, 4 * width), nn.Linear(4 * width, 1)
        self.embedding = nn.Embedding(classes, 4 * width)

    def forward(self, x, classes):
        for convolution in self.convolutions:
            x = F.leaky_relu(convolution(x), 0.2)
        features = F.leaky_relu(self.hidden(x.permute(0, 2, 3, 1).flatten(1)), 0.2)
        match = (features * self.embedding(classes)).sum(1) / features.shape[1] ** 0.5
        return self.output(features).squeeze(1) + match


class BipartiteAttention(nn.Module):
    def __init__(self, width, style):
        super().__init__()
        self.query, self.key = nn.Linear(width, width), nn.Linear(style, width)
        self.value = nn.Linear(style, width)
        self.scale, self.shift = nn.Linear(width, width), nn.Linear(width, width)

    @staticmethod
    def positions(height, width, channels):
        def part(extent, count):
            i = torch.arange(count)
            angle = torch.arange(extent)[:, None] * 10_000.0 ** (-2 * (i // 2) / count)
            return torch.where(i % 2 == 0, angle.sin(), angle.cos())
        half = channels - channels // 2
        rows = part(height, half)[:, None].expand(height, width, half)
        return torch.cat([rows, part(width, channels // 2).expand(height, width, channels // 2)], -1)

    def forward(self, x, styles):
        grid = x.permute(0, 2, 3, 1)
        places = (grid + self.positions(*grid.shape[1:])).flatten(1, 2)
        seen = F.scaled_dot_product_attention(self.query(places), self.key(styles), self.value(styles))
        seen = seen.unflatten(1, grid.shape[1:3])
        scale, shift = self.scale(seen).permute(0, 3, 1, 2), self.shift(seen).permute(0, 3, 1, 2)
        return F.instance_norm(x, eps=1e-8) * (scale + 1) + shift


class GANsformer(nn.Module):
    """Two sizes, 8 x 8 from a start of 4 x 4."""

    def __init__(self, components, latent, style, width, channels, classes):
        super().__init__()
        self.embedding = nn.Embedding(classes, latent)
        self.mapping = nn.ModuleList([nn.Linear(2 * latent, style), nn.Linear(style, style)])
        self.component = nn.Parameter(torch.zeros(components, style))
        self.start = nn.Parameter(torch.zeros(1, 4, 4, 2 * width))
        self.stages = nn.ModuleList()
        for inputs, outputs in [(2 * width, 2 * width), (2 * width, width)]:
            self.stages.append(nn.ModuleDict({
                "conv": nn.Conv2d(inputs, outputs, 3, padding=1),
                "attention": BipartiteAttention(outputs, style)}))
        self.output = nn.Conv2d(width, channels, 1)

    def forward(self, z, classes):
        styles = torch.cat([z, self.embedding(classes)[:, None].expand_as(z)], -1)
        for layer in self.mapping:
            styles = F.leaky_relu(layer(styles), 0.2)
        styles = styles + self.component
        x = self.start.permute(0, 3, 1, 2).expand(len(z), -1, -1, -1)
        for index, stage in enumerate(self.stages):
            x = F.interpolate(x, scale_factor=2) if index else x
            x = F.leaky_relu(stage["attention"](stage["conv"](x), styles), 0.2)
        return torch.tanh(self.output(x))


class VariationalAutoencoder(nn.Module):
    """For images of 28 x 28. Gives the image that comes back, by the mean, and mean and log variance."""

    def __init__(self, latent, width):
        super().__init__()
        self.latent, self.width = latent, width
        self.encoder = nn.ModuleDict({
            "conv": nn.ModuleList([nn.Conv2d(1, width, 4, 2, 1), nn.Conv2d(width, 2 * width, 4, 2, 1)]),
            "output": nn.Linear(2 * width * 49, 2 * latent)})
        self.decoder = nn.ModuleDict({
            "input": nn.Linear(latent, 2 * width * 49),
            "conv": nn.ModuleList([
                nn.ConvTranspose2d(width, width // 2, 4, 2, 1), nn.ConvTranspose2d(2 * width, width, 4, 2, 1)]),
            "output": nn.Conv2d(width // 2, 1, 3, padding=1)})

    def forward(self, x):
        for conv in self.encoder["conv"]:
            x = F.relu(conv(x))
        mean, log_variance = self.encoder["output"](x.permute(0, 2, 3, 1).flatten(1)).chunk(2, 1)
        h = F.relu(self.decoder["input"](mean)).reshape(-1, 7, 7, 2 * self.width).permute(0, 3, 1, 2)
        for conv in reversed(self.decoder["conv"]):
            h = F.relu(conv(h))
        return torch.sigmoid(self.decoder["output"](h)), mean, log_variance


class Backbone(nn.Module):
    """torchvision's ResNet for small images up to its last stage, with other widths."""

    def __init__(self, channels, width, counts):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.stages, inputs = len(counts), width
        for stage, count in enumerate(counts):
            outputs, blocks = width << stage, []
            for index in range(count):
                stride = 2 if stage and not index else 1
                shortcut = None
                if stride > 1:
                    shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
                blocks.append(BasicBlock(inputs, outputs, stride, shortcut))
                inputs = outputs
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
        self.features = inputs

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        for stage in range(self.stages):
            x = getattr(self, f"layer{stage + 1}")(x)
        return x


class Captioner(nn.Module):
    """Show, Attend and Tell. Gives logits and attention, the time last."""

    def __init__(self, encoder, vocabulary, embedding, hidden, attention):
        super().__init__()
        self.encoder = encoder
        features = encoder.features
        self.attention = nn.ModuleDict({
            "encoder_att": nn.Linear(features, attention), "decoder_att": nn.Linear(hidden, attention),
            "full_att": nn.Linear(attention, 1)})
        self.embedding = nn.Embedding(vocabulary, embedding)
        self.decode_step = nn.LSTMCell(embedding + features, hidden)
        self.init_h, self.init_c = nn.Linear(features, hidden), nn.Linear(features, hidden)
        self.f_beta = nn.Linear(hidden, features)
        self.fc = nn.Linear(hidden, vocabulary)

    def forward(self, images, words):
        places = self.encoder(images).flatten(2).transpose(1, 2)
        mean = places.mean(1)
        h, c = self.init_h(mean), self.init_c(mean)
        logits, weights = [], []
        for word in words.unbind(1):
            scores = F.relu(self.attention["encoder_att"](places) + self.attention["decoder_att"](h)[:, None])
            alpha = self.attention["full_att"](scores).squeeze(2).softmax(1)
            seen = torch.sigmoid(self.f_beta(h)) * (places * alpha[:, :, None]).sum(1)
            h, c = self.decode_step(torch.cat([self.embedding(word), seen], 1), (h, c))
            logits.append(self.fc(h))
            weights.append(alpha)
        return torch.stack(logits, 2), torch.stack(weights, 2)
