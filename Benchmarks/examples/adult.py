"""The model of `examples adult` in PyTorch: same sizes, optimizer and split; prints score and seconds an epoch.

    python adult.py FOLDER [SEED]      # the folder with adult-train.csv and adult-test.csv
"""
import copy
import math
import sys
import time

import numpy as np
import pandas as pd
import torch
from sklearn.metrics import roc_auc_score
from torch import nn

torch.set_num_threads(2)
NUMBERS = [0, 2, 4, 12, "log gain", "log loss"]
WORDS = [1, 3, 5, 6, 7, 8, 9, 13, 10, 11]
EPOCHS, PATIENCE, BATCH = 12, 4, 256


def read(path):
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
    folder, seed = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0
    torch.manual_seed(seed)
    train, test = read(f"{folder}/adult-train.csv"), read(f"{folder}/adult-test.csv")
    order = np.random.RandomState(seed).permutation(len(train))
    fitted = train.iloc[order[: int(0.9 * len(train))]]
    mean, deviation = fitted[NUMBERS].mean(), fitted[NUMBERS].std(ddof=0)
    counts = [fitted[c].value_counts() for c in WORDS]
    tables = [{w: i + 1 for i, w in enumerate(c[c >= 5].index)} for c in counts]

    def tensors(frame):
        numbers = ((frame[NUMBERS] - mean) / deviation).fillna(0).to_numpy("float32")
        words = np.stack([frame[c].map(t).fillna(0).to_numpy("int64") for c, t in zip(WORDS, tables)], 1)
        labels = frame[14].str.startswith(">50K").to_numpy("float32")
        return torch.tensor(numbers), torch.tensor(words), torch.tensor(labels)

    training, held, test = tensors(fitted), tensors(train.iloc[order[int(0.9 * len(train)) :]]), tensors(test)
    model = TabularMLP(len(NUMBERS), [len(t) + 1 for t in tables])
    count = len(training[2])
    total = EPOCHS * math.ceil(count / BATCH)
    optimizer = torch.optim.AdamW(model.parameters(), 2e-3, weight_decay=0.02)
    warmup = total // 10
    rate = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda s: (s + 1) / warmup if s < warmup else (1 + math.cos(math.pi * (s - warmup) / (total - warmup))) / 2)
    loss = nn.BCEWithLogitsLoss()

    def score(part):
        model.eval()
        with torch.no_grad():
            logits = model(part[0], part[1])
        return roc_auc_score(part[2], logits), loss(logits, part[2]).item()

    best, state, stale = 1e9, None, 0
    for epoch in range(EPOCHS):
        model.train()
        begin = time.perf_counter()
        places = torch.randperm(count)
        for start in range(0, count, BATCH):
            some = places[start : start + BATCH]
            optimizer.zero_grad()
            loss(model(training[0][some], training[1][some]), training[2][some]).backward()
            optimizer.step()
            rate.step()
        seconds = time.perf_counter() - begin
        area, held_loss = score(held)
        print(f"epoch {epoch + 1}: {seconds:.2f} s, held out AUC {area:.4f}, loss {held_loss:.4f}", flush=True)
        if held_loss < best:
            best, state, stale = held_loss, copy.deepcopy(model.state_dict()), 0
        else:
            stale += 1
            if stale >= PATIENCE:
                break
    model.load_state_dict(state)
    print(f"test AUC {score(test)[0]:.4f}")


main()
