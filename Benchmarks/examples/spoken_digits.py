"""The example `spoken-digits` in PyTorch: same network, optimizer, batches and changes of the sounds.

    python spoken_digits.py FOLDER_OF_FSDD [SEED]
"""

import math
import pathlib
import tarfile
import wave

import torch
from torch import nn
from torch.nn import functional as F

import pictures
import support

EPOCHS, BATCH, RATE = 30, 32, 3e-3
LENGTH, SAMPLE_RATE, FFT, HOP, BANDS = 8_000, 8_000, 256, 80, 40
BAND_MASK, FRAME_MASK = 6, 12


class SpeechCommandNet(nn.Module):
    def __init__(self, classes=10, widths=(16, 32, 64, 96)):
        super().__init__()
        self.norm = nn.BatchNorm1d(BANDS)
        layers, inputs = [], 1
        for width in widths:
            convolution = nn.Conv2d(inputs, width, 3, padding=1, bias=False)
            layers += [convolution, nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(2)]
            inputs = width
        self.layers = nn.Sequential(*layers)
        self.output = nn.Linear(inputs, classes)
        self.register_buffer("window", torch.hann_window(FFT))
        self.register_buffer("filters", mel_filters())

    def forward(self, x):
        spectrum = torch.stft(x, FFT, HOP, window=self.window, return_complex=True).abs().square()
        levels = torch.log(torch.clamp(self.filters @ spectrum, min=1e-6))
        h = self.norm(levels)
        if self.training:
            h = hidden(hidden(h, 1, BAND_MASK), 2, FRAME_MASK)
        h = self.layers(h[:, None].contiguous(memory_format=torch.channels_last)).mean((2, 3))
        return self.output(F.dropout(h, 0.3, self.training))


def mel_filters():
    """Triangles, `[band, bin]`, evenly spaced on the scale of HTK."""
    top = 2595 * math.log10(1 + SAMPLE_RATE / 2 / 700)
    edges = 700 * (10 ** (torch.linspace(0, top, BANDS + 2, dtype=torch.float64) / 2595) - 1)
    low, peak, high = (edges[i:i + BANDS, None] for i in range(3))
    bins = torch.arange(FFT // 2 + 1) * (SAMPLE_RATE / FFT)
    return torch.minimum((bins - low) / (peak - low), (high - bins) / (high - peak)).clamp(min=0).float()


def hidden(x, axis, width):
    """A random stripe of each spectrogram set to 0."""
    extent = x.shape[axis]
    size = torch.rand(len(x), 1) * width
    start = (torch.rand(len(x), 1) * (extent - size)).floor()
    places = torch.arange(extent)
    stripe = (places >= start) & (places < (start + size).floor())
    return x.masked_fill(stripe[:, :, None] if axis == 1 else stripe[:, None], 0)


class Sounds:
    """Recordings, the shorter ones filled up with silence."""

    def __init__(self, recordings):
        self.labels = torch.tensor([digit for digit, _ in recordings])
        self.lengths = torch.tensor([len(sound) for _, sound in recordings])
        self.values = nn.utils.rnn.pad_sequence([sound for _, sound in recordings], True)

    def placed(self, rows, speed, gain, shift):
        """A second of each; `shift` from 0 to 1 says where in it a recording lies."""
        counts = (self.lengths[rows][:, None] / speed).long().clamp(min=1)
        room = LENGTH - counts
        start = torch.where(room > 0, (shift * (room + 1)).long(), -(shift * (1 - room)).long())
        times = torch.arange(LENGTH) - start
        places = times * speed
        last = self.lengths[rows][:, None] - 1
        left = places.long().clamp(min=0).minimum(last)
        values = self.values[rows]
        low, high = values.gather(1, left), values.gather(1, (left + 1).minimum(last))
        mixed = low + (high - low) * (places - left)
        return mixed.masked_fill((times < 0) | (times >= counts), 0) * gain

    def varied(self, rows):
        """For training: faster or slower, louder or softer, at any place."""
        draw = torch.rand(3, len(rows), 1)
        return self.placed(rows, 0.85 + 0.3 * draw[0], 0.5 + draw[1], draw[2]), self.labels[rows]

    def centred(self):
        one = torch.ones(len(self.labels), 1)
        return self.placed(torch.arange(len(self.labels)), one, one, one / 2), self.labels


def read(folder):
    """Sounds to train on and of test, which are the first five of each speaker and digit."""
    training, test = [], []
    with tarfile.open(next(pathlib.Path(folder).glob("*.tar.gz"))) as archive:
        for entry in archive:
            if not entry.name.endswith(".wav"):
                continue
            digit, _, number = pathlib.PurePath(entry.name).stem.split("_")
            with wave.open(archive.extractfile(entry)) as sound:
                samples = torch.frombuffer(bytearray(sound.readframes(sound.getnframes())), dtype=torch.int16)
            (test if int(number) < 5 else training).append((int(digit), samples / 32_768))
    return Sounds(training), Sounds(test)


def main():
    options = support.arguments(__doc__)
    training, test = read(options.folder)
    model = SpeechCommandNet().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)
    total, step = EPOCHS * -(-len(training.labels) // BATCH), 0
    progress = support.Progress(model)
    for _ in range(options.epochs or EPOCHS):
        for rows in torch.randperm(len(training.labels)).split(BATCH):
            support.set_rate(optimizer, support.warmup_cosine(step, RATE, total // 10, total))
            x, y = training.varied(rows)
            loss = F.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1
        progress.epoch(loss=loss.item())
    progress.finish()
    found = pictures.accuracy(model, lambda x: x, *test.centred(), size=100)
    progress.score(f"test accuracy {found:.2%}")


main()
