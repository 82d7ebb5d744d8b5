"""The example `lstm-lm` in PyTorch: same model, same optimizer, same batches.

    python lstm_lm.py FOLDER_OF_TINYSHAKESPEARE [SEED]
"""

import math

import torch
from torch import nn
from torch.nn import functional as F

import support

EPOCHS, BATCH, LENGTH, RATE, WIDTH, LAYERS, DROPOUT = 8, 32, 64, 4e-3, 256, 2, 0.2


class Model(nn.Module):
    def __init__(self, vocabulary):
        super().__init__()
        self.drop = nn.Dropout(DROPOUT)
        self.encoder = nn.Embedding(vocabulary, WIDTH)
        self.rnn = nn.LSTM(WIDTH, WIDTH, LAYERS, dropout=DROPOUT, batch_first=True)
        self.bias = nn.Parameter(torch.zeros(vocabulary))
        nn.init.uniform_(self.encoder.weight, -0.1, 0.1)

    def forward(self, x, state):
        output, state = self.rnn(self.drop(self.encoder(x)), state)
        return F.linear(self.drop(output), self.encoder.weight, self.bias), state


def batches(data, size):
    """The text in so many streams side by side."""
    stream = (len(data) - 1) // size
    starts = torch.arange(size)[:, None] * stream + torch.arange(LENGTH)
    for step in range(stream // LENGTH):
        yield data[starts + step * LENGTH], data[starts + step * LENGTH + 1]


@torch.inference_mode()
def bits(model, data):
    """A character's, the mean over all of a text."""
    model.eval()
    losses, state = [], None
    for x, y in batches(data, 8):
        logits, state = model(x, state)
        losses.append(F.cross_entropy(logits.flatten(0, 1), y.flatten()).item())
    model.train()
    return sum(losses) / len(losses) / math.log(2)


def main():
    options = support.arguments(__doc__)
    training, held_out, vocabulary = support.characters(options.folder)
    model = Model(vocabulary)
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)
    total, step = EPOCHS * sum(1 for _ in batches(training, BATCH)), 0
    progress = support.Progress(model)
    for _ in range(options.epochs or EPOCHS):
        state = None
        for x, y in batches(training, BATCH):
            support.set_rate(optimizer, support.warmup_cosine(step, RATE, total // 20, total))
            logits, state = model(x, state and tuple(s.detach() for s in state))
            loss = F.cross_entropy(logits.flatten(0, 1), y.flatten())
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1)
            optimizer.step()
            step += 1
        found = bits(model, held_out)
        progress.epoch(loss=loss.item(), bits=found)
    progress.finish()
    progress.score(f"bits per character {found:.3f}")


main()
