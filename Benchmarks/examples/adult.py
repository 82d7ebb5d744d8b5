"""The example `adult` in PyTorch: same network, optimizer, batches and rule to stop.

    python adult.py FOLDER [SEED]      # the folder with adult-train.csv and adult-test.csv, or one above it
"""

import pathlib

import numpy as np
import pandas as pd
import torch
from sklearn.metrics import roc_auc_score
from torch import nn
from torch.nn import functional as F

import support

NUMBERS = [0, 2, 4, 12, "log gain", "log loss"]
WORDS = [1, 3, 5, 6, 7, 8, 9, 13, 10, 11]
EPOCHS, PATIENCE, BATCH, RATE, DECAY, RAREST = 12, 4, 256, 2e-3, 0.02, 5


def read(folder, name):
    path = next(pathlib.Path(folder).rglob(name))
    frame = pd.read_csv(path, header=None, skipinitialspace=True, na_values="?")
    frame["log gain"], frame["log loss"] = np.log1p(frame[10]), np.log1p(frame[11])
    return frame


class TabularMLP(nn.Module):
    def __init__(self, numbers, counts, hidden=(128, 64), dropout=0.2):
        super().__init__()
        widths = [min(50, (count + 1) // 2) for count in counts]
        self.embeddings = nn.ModuleList(nn.Embedding(c, w) for c, w in zip(counts, widths))
        for table in self.embeddings:
            nn.init.uniform_(table.weight, -0.05, 0.05)
        self.norm = nn.BatchNorm1d(numbers)
        layers, width = [], numbers + sum(widths)
        for size in hidden:
            layers += [nn.Linear(width, size), nn.ReLU(), nn.BatchNorm1d(size), nn.Dropout(dropout)]
            width = size
        self.layers = nn.Sequential(*layers)
        self.output = nn.Linear(width, 1)

    def forward(self, numbers, words):
        parts = [table(words[:, i]) for i, table in enumerate(self.embeddings)]
        return self.output(self.layers(torch.cat([self.norm(numbers)] + parts, 1))).squeeze(1)


def main():
    options = support.arguments(__doc__)
    train, test = read(options.folder, "adult-train.csv"), read(options.folder, "adult-test.csv")
    order = np.random.default_rng(options.seed).permutation(len(train))
    fitted, held = train.iloc[order[:int(0.9 * len(train))]], train.iloc[order[int(0.9 * len(train)):]]
    mean, deviation = fitted[NUMBERS].mean(), fitted[NUMBERS].std(ddof=0)
    counts = [fitted[column].value_counts() for column in WORDS]
    tables = [{word: i + 1 for i, word in enumerate(count[count >= RAREST].index)} for count in counts]

    def tensors(frame):
        numbers = ((frame[NUMBERS] - mean) / deviation).fillna(0).to_numpy("float32")
        words = np.stack([frame[c].map(t).fillna(0).to_numpy("int64") for c, t in zip(WORDS, tables)], 1)
        labels = frame[14].str.startswith(">50K").to_numpy("float32")
        return torch.tensor(numbers), torch.tensor(words), torch.tensor(labels)

    training, held, test = tensors(fitted), tensors(held), tensors(test)
    model = TabularMLP(len(NUMBERS), [len(table) + 1 for table in tables])
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=DECAY, fused=True)
    count = len(training[2])
    total, step = EPOCHS * -(-count // BATCH), 0

    @torch.inference_mode()
    def score(part):
        model.eval()
        logits = model(part[0], part[1])
        model.train()
        return roc_auc_score(part[2], logits), F.binary_cross_entropy_with_logits(logits, part[2]).item()

    best = support.EarlyStopping(model, PATIENCE)
    progress = support.Progress(model)
    for _ in range(options.epochs or EPOCHS):
        for rows in torch.randperm(count).split(BATCH):
            support.set_rate(optimizer, support.warmup_cosine(step, RATE, total // 10, total))
            x, words, y = (values[rows] for values in training)
            loss = F.binary_cross_entropy_with_logits(model(x, words), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1
        area, held_loss = score(held)
        progress.epoch(loss=loss.item(), held_out_AUC=area, held_out_loss=held_loss)
        if best.is_over(held_loss):
            break
    progress.finish()
    best.restore()
    progress.score(f"test AUC {score(test)[0]:.4f}")


main()
