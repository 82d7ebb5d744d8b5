"""The example `trec` in PyTorch: same model, same optimizer, same batches' sizes.

    python3 trec.py FOLDER_OF_TREC [SEED]
"""

import collections
import math
import pathlib
import random
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

EPOCHS, BATCH = 10, 50


class TextCNN(nn.Module):
    def __init__(self, vocabulary, classes, width=300, kernels=(3, 4, 5), filters=100):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.convs = nn.ModuleList(nn.Conv1d(width, filters, k, padding=k - 1) for k in kernels)
        self.fc = nn.Linear(len(kernels) * filters, classes)

    def forward(self, x, lengths):
        inside = torch.arange(x.shape[1]) < lengths[:, None]
        vectors = (self.embedding(x) * inside[:, :, None]).transpose(1, 2)
        features = []
        for conv in self.convs:
            answers = F.relu(conv(vectors))
            filled = torch.arange(answers.shape[2]) < lengths[:, None] + conv.kernel_size[0] - 1
            features.append((answers * filled[:, None]).amax(2))
        return self.fc(F.dropout(torch.cat(features, 1), 0.5, self.training))


def read(path):
    rows = []
    for line in pathlib.Path(path).read_text(encoding="latin-1").lower().splitlines():
        label, *words = line.split()
        rows.append((label.split(":")[0], words))
    return rows


def main(folder, seed=0):
    torch.set_num_threads(2)
    torch.manual_seed(seed)
    random.seed(seed)
    training, test = read(f"{folder}/TREC.train"), read(f"{folder}/TREC.test")
    classes = sorted({label for label, _ in training})
    counts = collections.Counter(word for _, words in training for word in words)
    numbers = {word: i + 2 for i, word in enumerate(w for w, c in counts.most_common() if c > 1)}

    def batch(rows):
        lengths = torch.tensor([len(words) for _, words in rows])
        length = (int(lengths.max()) + 7) // 8 * 8
        x = torch.tensor([[numbers.get(w, 1) for w in words] + [0] * (length - len(words)) for _, words in rows])
        return x, lengths, torch.tensor([classes.index(label) for label, _ in rows])

    model = TextCNN(len(numbers) + 2, len(classes))
    optimizer = torch.optim.AdamW(model.parameters())
    total, step = EPOCHS * math.ceil(len(training) / BATCH), 0
    start = time.perf_counter()
    for _ in range(EPOCHS):
        order = random.sample(training, len(training))
        windows = [sorted(order[i:i + 50 * BATCH], key=lambda row: len(row[1]))
                   for i in range(0, len(order), 50 * BATCH)]
        batches = [w[i:i + BATCH] for w in windows for i in range(0, len(w), BATCH)]
        random.shuffle(batches)
        for rows in batches:
            optimizer.param_groups[0]["lr"] = 1e-3 * 0.5 * (1 + math.cos(math.pi * step / total))
            x, lengths, y = batch(rows)
            loss = F.cross_entropy(model(x, lengths), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1
    seconds = time.perf_counter() - start
    model.eval()
    with torch.no_grad():
        x, lengths, y = batch(test)
        accuracy = (model(x, lengths).argmax(1) == y).float().mean().item()
    print(f"test accuracy {accuracy:.4f}, {seconds / EPOCHS:.2f} s an epoch")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0)
