"""The example `trec` in PyTorch: same model, same optimizer, same batches' sizes.

    python trec.py FOLDER_OF_TREC [SEED]
"""

import collections
import pathlib

import torch
from torch import nn
from torch.nn import functional as F

import support

EPOCHS, BATCH, WINDOW, RATE = 10, 50, 50, 1e-3


class TextCNN(nn.Module):
    def __init__(self, vocabulary, classes, width=300, kernels=(3, 4, 5), filters=100):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        nn.init.uniform_(self.embedding.weight, -0.25, 0.25)
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


def batches(lengths):
    """Rows of similar length together; those that do not fill a batch are left out."""
    order = torch.randperm(len(lengths))[:len(lengths) // BATCH * BATCH]
    windows = [window[lengths[window].argsort()] for window in order.split(WINDOW * BATCH)]
    found = [batch for window in windows for batch in window.split(BATCH)]
    return [found[place] for place in torch.randperm(len(found))]


def main():
    options = support.arguments(__doc__)
    training, test = read(f"{options.folder}/TREC.train"), read(f"{options.folder}/TREC.test")
    classes = sorted({label for label, _ in training})
    counts = collections.Counter(word for _, words in training for word in words)
    numbers = {word: i + 2 for i, word in enumerate(w for w, c in counts.most_common() if c > 1)}

    def tensors(rows):
        texts = [torch.tensor([numbers.get(w, 1) for w in words]) for _, words in rows]
        labels = torch.tensor([classes.index(label) for label, _ in rows])
        return nn.utils.rnn.pad_sequence(texts, True), torch.tensor([len(text) for text in texts]), labels

    def batch(part, rows):
        x, lengths, y = (values[rows] for values in part)
        return x[:, :lengths.max()], lengths, y

    training, test = tensors(training), tensors(test)
    model = TextCNN(len(numbers) + 2, len(classes))
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)
    total, step = EPOCHS * (len(training[2]) // BATCH), 0
    progress = support.Progress(model)
    for _ in range(options.epochs or EPOCHS):
        model.train()
        for rows in batches(training[1]):
            support.set_rate(optimizer, support.warmup_cosine(step, RATE, 0, total))
            x, lengths, y = batch(training, rows)
            loss = F.cross_entropy(model(x, lengths), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1
        model.eval()
        with torch.inference_mode():
            found = sum(
                (model(x, lengths).argmax(1) == y).sum().item()
                for x, lengths, y in (batch(test, rows) for rows in torch.arange(len(test[2])).split(100)))
        accuracy = found / len(test[2])
        progress.epoch(loss=loss.item(), test_accuracy=accuracy)
    progress.finish()
    progress.score(f"test accuracy {accuracy:.2%}")


main()
