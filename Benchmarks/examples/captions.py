"""The example `captions` in PyTorch: same kinds of pictures and sentences, same network, optimizer and search.

    python captions.py [SEED]
"""

import collections

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import pictures
import support

EPOCHS, BATCH, RATE, TRAINING, HELD_OUT = 20, 100, 3e-3, 6_000, 1_000
SIDE, LENGTH, BEAM = 32, 12, 3
SHAPES = ["square", "circle", "triangle", "cross"]
COLORS = {
    "red": (220, 40, 40), "green": (40, 180, 60), "blue": (50, 80, 230),
    "yellow": (230, 220, 50), "purple": (170, 60, 200), "white": (240, 240, 240)}
PAD, START, END = 0, 2, 3


def covered(shape, reach):
    """Which pixels a shape covers, `[2 * reach + 1, 2 * reach + 1]`."""
    y, x = np.mgrid[-reach:reach + 1, -reach:reach + 1]
    return {
        "square": np.ones_like(x, bool), "circle": x * x + y * y <= reach * reach,
        "triangle": 2 * abs(x) <= y + reach, "cross": (abs(x) <= reach // 3) | (abs(y) <= reach // 3),
    }[shape]


def drawn(things, is_above, random):
    """The things at random places of their halves, on a dark, noisy ground."""
    pixels = 20 + random.integers(30, size=(SIDE, SIDE, 3))
    for index, (is_large, color, shape) in enumerate(things):
        reach = 6 if is_large else 3
        along, across = random.integers(7, 9) + SIDE // 2 * index, random.integers(9, SIDE - 9)
        row, column = (along, across) if is_above else (across, along)
        part = pixels[row - reach:row + reach + 1, column - reach:column + reach + 1]
        mask = covered(shape, reach)
        part[mask] = COLORS[color] - random.integers(20, size=(mask.sum(), 3))
    return pixels.clip(0, 255).astype(np.uint8)


def scenes(count, random, unseen):
    """Pictures `u8[picture, 3, side, side]` and sentences; every fifth pair of kinds is unseen in training."""
    images, sentences = [], []
    while len(images) < count:
        things = [
            (random.random() < 0.5, list(COLORS)[random.integers(6)], SHAPES[random.integers(4)]) for _ in range(2)]
        is_above = random.random() < 0.5
        low, high = sorted(list(COLORS).index(color) * 4 + SHAPES.index(shape) for _, color, shape in things)
        if ((low + 7 * high) % 5 == 0) == unseen:
            texts = [f"a {'large' if is_large else 'small'} {color} {shape}" for is_large, color, shape in things]
            sentences.append((" above " if is_above else " left of ").join(texts))
            images.append(drawn(things, is_above, random))
    return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2), sentences


class Captioner(nn.Module):
    def __init__(self, vocabulary, embedding=32, hidden=128, attention=64):
        super().__init__()
        self.encoder = pictures.ResNetBackbone(16, 3)
        features = 64
        self.encoder_att = nn.Linear(features, attention)
        self.decoder_att = nn.Linear(hidden, attention)
        self.full_att = nn.Linear(attention, 1)
        self.embedding = nn.Embedding(vocabulary, embedding)
        self.decode_step = nn.LSTMCell(embedding + features, hidden)
        self.init_h, self.init_c = nn.Linear(features, hidden), nn.Linear(features, hidden)
        self.f_beta = nn.Linear(hidden, features)
        self.fc = nn.Linear(hidden, vocabulary)

    def start(self, images):
        places = self.encoder(images).flatten(2).transpose(1, 2).contiguous()
        mean = places.mean(1)
        return places, self.encoder_att(places), self.init_h(mean), self.init_c(mean)

    def advance(self, word, state):
        places, keys, hidden, cell = state
        scores = self.full_att(F.relu(keys + self.decoder_att(hidden)[:, None]))
        seen = torch.bmm(torch.softmax(scores, 1).transpose(1, 2), places)[:, 0]
        hidden, cell = self.decode_step(
            torch.cat([word, torch.sigmoid(self.f_beta(hidden)) * seen], 1), (hidden, cell))
        return places, keys, hidden, cell

    def logits(self, hidden):
        return self.fc(F.dropout(hidden, 0.2, self.training))

    def forward(self, images, words):
        state, hidden = self.start(images), []
        for word in self.embedding(words).unbind(1):
            state = self.advance(word, state)
            hidden.append(state[2])
        return self.logits(torch.stack(hidden, 1))

    def step(self, tokens, state):
        state = self.advance(self.embedding(tokens), state)
        return self.logits(state[2]), state

    @torch.inference_mode()
    def captions(self, images):
        """The words that beam search finds for each picture."""
        was_training = self.training
        self.eval()
        found = []
        for x in images.split(100):
            state = [part.repeat_interleave(BEAM, 0) for part in self.start(scaled(x))]
            found += support.beam_search(
                self.step, state, lambda s, rows: (s[0], s[1], s[2][rows], s[3][rows]), len(x), START, END, BEAM,
                LENGTH)
        self.train(was_training)
        return found


def scaled(images):
    return images.to(torch.float32, memory_format=torch.channels_last) * (2 / 255) - 1


def main():
    options = support.arguments(__doc__, folder=False)
    random = np.random.default_rng(options.seed)
    images, sentences = scenes(TRAINING, random, unseen=False)
    test, wanted = scenes(HELD_OUT, random, unseen=True)
    counts = collections.Counter(word for sentence in sentences for word in sentence.split())
    names = ["<pad>", "<unk>", "<bos>", "<eos>"] + [word for word, _ in counts.most_common()]
    numbers = {name: number for number, name in enumerate(names)}
    words = torch.full((TRAINING, LENGTH), PAD)
    for row, sentence in enumerate(sentences):
        tokens = [START] + [numbers[word] for word in sentence.split()] + [END]
        words[row, :len(tokens)] = torch.tensor(tokens)
    model = Captioner(len(names)).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)
    steps = TRAINING // BATCH
    total, step = EPOCHS * steps, 0

    def exactly_right(count):
        found = model.captions(test[:count])
        texts = (" ".join(names[word] for word in row) for row in found)
        return sum(text == right for text, right in zip(texts, wanted)) / count

    progress = support.Progress(model)
    for _ in range(options.epochs or EPOCHS):
        for rows in torch.randperm(TRAINING)[:steps * BATCH].split(BATCH):
            support.set_rate(optimizer, support.warmup_cosine(step, RATE, total // 10, total))
            x, y = scaled(images[rows]), words[rows]
            loss = F.cross_entropy(model(x, y[:, :-1]).flatten(0, 1), y[:, 1:].flatten(), ignore_index=PAD)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1)
            optimizer.step()
            step += 1
        progress.epoch(loss=loss.item(), exactly_right_of_100=exactly_right(100))
    progress.finish()
    progress.score(f"sentences exactly right {exactly_right(HELD_OUT):.2%}")


main()
