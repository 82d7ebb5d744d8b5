"""The example `lstm-lm` in PyTorch: same model, same optimizer, same batches.

    python3 lstm_lm.py FOLDER_OF_TINYSHAKESPEARE [EPOCHS]
"""

import math
import pathlib
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

WIDTH, LAYERS, BATCH, LENGTH = 256, 2, 32, 64


class Model(nn.Module):
    def __init__(self, vocabulary):
        super().__init__()
        self.drop = nn.Dropout(0.2)
        self.encoder = nn.Embedding(vocabulary, WIDTH)
        self.rnn = nn.LSTM(WIDTH, WIDTH, LAYERS, dropout=0.2, batch_first=True)
        self.bias = nn.Parameter(torch.zeros(vocabulary))
        nn.init.uniform_(self.encoder.weight, -0.1, 0.1)

    def forward(self, x, state):
        output, state = self.rnn(self.drop(self.encoder(x)), state)
        return self.drop(output) @ self.encoder.weight.T + self.bias, state


def batches(data, size):
    stream = (len(data) - 1) // size
    starts = torch.arange(size)[:, None] * stream + torch.arange(LENGTH)
    for step in range(stream // LENGTH):
        yield data[starts + step * LENGTH], data[starts + step * LENGTH + 1]


def main(folder, epochs=8):
    torch.set_num_threads(2)
    torch.manual_seed(0)
    text = (pathlib.Path(folder) / "input.txt").read_text()
    numbers = {c: i for i, c in enumerate(sorted(set(text)))}
    data = torch.tensor([numbers[c] for c in text])
    training, held_out = data[:len(data) * 9 // 10], data[len(data) * 9 // 10:]
    model = Model(len(numbers))
    optimizer = torch.optim.AdamW(model.parameters())
    total, step = epochs * sum(1 for _ in batches(training, BATCH)), 0
    warmup = total // 20
    for epoch in range(epochs):
        start, state = time.perf_counter(), None
        for x, y in batches(training, BATCH):
            part = (step + 1) / warmup if step < warmup else 0.5 * (
                1 + math.cos(math.pi * (step - warmup) / (total - warmup)))
            optimizer.param_groups[0]["lr"] = 4e-3 * part
            logits, state = model(x, state and tuple(s.detach() for s in state))
            loss = F.cross_entropy(logits.flatten(0, 1), y.flatten())
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1)
            optimizer.step()
            step += 1
        seconds = time.perf_counter() - start
        model.eval()
        losses, state = [], None
        with torch.no_grad():
            for x, y in batches(held_out, 8):
                logits, state = model(x, state)
                losses.append(F.cross_entropy(logits.flatten(0, 1), y.flatten()).item())
        model.train()
        bits = sum(losses) / len(losses) / math.log(2)
        print(f"epoch {epoch + 1}: {bits:.3f} bits per character, {seconds:.1f} s", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 8)
