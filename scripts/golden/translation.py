"""Names, shapes and outputs of the translation models for Tests/ApusModelsTests.

    python scripts/golden/translation.py Tests/ApusModelsTests/Resources

Writes `translation.json`, as `models.py` writes `models.json`: logits of padded batches, in inference, for weights
that both sides make from their names.
"""

import json
import math
import pathlib
import sys

import torch
from torch import nn

from models import keys, run

SOURCE = torch.tensor([[3, 4, 5, 6, 7, 1], [8, 2, 9, 1, 0, 0]])
LENGTHS = torch.tensor([6, 4])
TARGET = torch.tensor([[2, 5, 9, 10, 4], [2, 3, 3, 11, 0]])
VOCABULARY = 12


class Translator(nn.Module):
    def logits(self, x):
        """[batch, vocabulary, time], since `run` puts the second axis last."""
        return (x @ self.embedding.weight.T).transpose(1, 2)


def padding(source, lengths):
    return torch.arange(source.shape[1])[None] >= lengths[:, None]


class Transformer(Translator):
    def __init__(self, width=16, heads=4, feed_forward=24, depth=2):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, width)
        self.transformer = nn.Transformer(
            width, heads, depth, depth, feed_forward, dropout=0, norm_first=True, batch_first=True)

    def embed(self, tokens):
        width = self.embedding.embedding_dim
        angles = torch.arange(tokens.shape[1])[:, None] / 10_000 ** (torch.arange(0, width, 2) / width)
        positions = torch.stack([angles.sin(), angles.cos()], -1).flatten(1)
        return self.embedding(tokens) * math.sqrt(width) + positions

    def forward(self, source, lengths, target):
        is_padding = padding(source, lengths)
        causal = nn.Transformer.generate_square_subsequent_mask(target.shape[1])
        y = self.transformer(
            self.embed(source), self.embed(target), tgt_mask=causal, tgt_is_causal=True,
            src_key_padding_mask=is_padding, memory_key_padding_mask=is_padding)
        return self.logits(y)


class LSTM(Translator):
    def __init__(self, width=8, hidden=12):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, width)
        self.encoder = nn.LSTM(width, hidden // 2, bidirectional=True, batch_first=True)
        self.bridge = nn.Linear(hidden, 2 * hidden)
        self.input = nn.Linear(width, 4 * hidden)
        self.recurrence = nn.Linear(width + hidden, 4 * hidden, bias=False)
        self.keys = nn.Linear(hidden, hidden, bias=False)
        self.attended = nn.Linear(2 * hidden, width, bias=False)

    def embed(self, tokens):
        return self.embedding(tokens) * math.sqrt(self.embedding.embedding_dim)

    def forward(self, source, lengths, target):
        packed = nn.utils.rnn.pack_padded_sequence(
            self.embed(source), lengths, batch_first=True, enforce_sorted=False)
        output, (_, last) = self.encoder(packed)
        memory, _ = nn.utils.rnn.pad_packed_sequence(output, batch_first=True)
        hidden, cell = self.bridge(torch.cat([last[0], last[1]], -1)).tanh().chunk(2, -1)
        seen = torch.zeros(source.shape[0], self.embedding.embedding_dim)
        results = []
        for x in self.embed(target).unbind(1):
            gates = self.input(x) + self.recurrence(torch.cat([seen, hidden], -1))
            i, f, g, o = gates.chunk(4, -1)
            cell = f.sigmoid() * cell + i.sigmoid() * g.tanh()
            hidden = o.sigmoid() * cell.tanh()
            scores = (self.keys(memory) @ hidden[:, :, None])[:, :, 0]
            weights = scores.masked_fill(padding(source, lengths), -math.inf).softmax(-1)
            context = (weights[:, None] @ memory)[:, 0]
            seen = self.attended(torch.cat([context, hidden], -1)).tanh()
            results.append(seen)
        return self.logits(torch.stack(results, 1))


if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    cases = {}
    for name, model in [("transformer", Transformer()), ("lstm", LSTM())]:
        cases[name] = {"keys": keys(model), "outputs": run(model, SOURCE, LENGTHS, TARGET)}
    (folder / "translation.json").write_text(json.dumps(cases, separators=(",", ":")) + "\n")
