"""Makes Tests/ApusModelsTests/Resources/text-models.json: names and outputs of the language models of ApusModels,
as the plain PyTorch definitions here have them.

    python3 scripts/golden/text_models.py Tests/ApusModelsTests/Resources

Weights and inputs are made as in `models.py`.
"""

import json
import pathlib
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from models import keys, pattern, run


def tokens(name, *shape, below):
    """Numbers from 0 up to `below` of the same pattern."""
    x = pattern(name, int(torch.tensor(shape).prod()))
    return torch.from_numpy(((x + 1) / 2 * below).astype("int64").reshape(shape)).clamp(max=below - 1)


def attend(query, key, value, heads, mask):
    """Attention of several heads, written out; `mask` is true where a query may look."""
    def split(x):
        return x.unflatten(-1, (heads, -1)).transpose(1, 2)
    query, key, value = map(split, (query, key, value))
    scores = query @ key.transpose(2, 3) / query.shape[-1] ** 0.5
    weights = scores.masked_fill(~mask, float("-inf")).softmax(-1)
    return (weights @ value).transpose(1, 2).flatten(2)


class GPT(nn.Module):
    class Block(nn.Module):
        def __init__(self, width, heads, bias, approximate):
            super().__init__()
            self.heads, self.approximate = heads, approximate
            self.ln_1 = nn.LayerNorm(width, bias=bias)
            self.attn = nn.ModuleDict({
                "c_attn": nn.Linear(width, 3 * width, bias=bias), "c_proj": nn.Linear(width, width, bias=bias)})
            self.ln_2 = nn.LayerNorm(width, bias=bias)
            self.mlp = nn.ModuleDict({
                "c_fc": nn.Linear(width, 4 * width, bias=bias), "c_proj": nn.Linear(4 * width, width, bias=bias)})

        def forward(self, x):
            mask = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).tril()
            query, key, value = self.attn["c_attn"](self.ln_1(x)).chunk(3, -1)
            x = x + self.attn["c_proj"](attend(query, key, value, self.heads, mask))
            hidden = F.gelu(self.mlp["c_fc"](self.ln_2(x)), approximate=self.approximate)
            return x + self.mlp["c_proj"](hidden)

    def __init__(self, vocabulary, context, layers, heads, width, bias, approximate="none"):
        super().__init__()
        self.transformer = nn.ModuleDict({
            "wte": nn.Embedding(vocabulary, width), "wpe": nn.Embedding(context, width),
            "h": nn.ModuleList(GPT.Block(width, heads, bias, approximate) for _ in range(layers)),
            "ln_f": nn.LayerNorm(width, bias=bias)})

    def forward(self, x):
        parts = self.transformer
        hidden = parts["wte"](x) + parts["wpe"].weight[:x.shape[1]]
        for block in parts["h"]:
            hidden = block(hidden)
        return parts["ln_f"](hidden) @ parts["wte"].weight.T


class LSTMLanguageModel(nn.Module):
    def __init__(self, vocabulary, width, hidden, layers, tied):
        super().__init__()
        self.encoder = nn.Embedding(vocabulary, width)
        self.rnn = nn.LSTM(width, hidden, layers, batch_first=True)
        self.decoder = nn.Linear(hidden, vocabulary)
        self.tied = tied
        if tied:
            del self.decoder.weight

    def forward(self, x):
        output, (hidden, cell) = self.rnn(self.encoder(x))
        weight = self.encoder.weight if self.tied else self.decoder.weight
        return output @ weight.T + self.decoder.bias, hidden, cell


class TextCNN(nn.Module):
    def __init__(self, vocabulary, classes, width, kernels, filters):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.convs = nn.ModuleList(nn.Conv1d(width, filters, k, padding=k - 1) for k in kernels)
        self.fc = nn.Linear(len(kernels) * filters, classes)

    def forward(self, x, lengths):
        """Row by row without padding."""
        rows = []
        for row, length in zip(x, lengths):
            vectors = self.embedding(row[:length]).T[None]
            rows.append(torch.cat([F.relu(conv(vectors)).amax(2) for conv in self.convs], 1))
        return self.fc(torch.cat(rows))


def norm(width):
    return nn.LayerNorm(width, eps=1e-12)


class BERT(nn.Module):
    class Layer(nn.Module):
        def __init__(self, width, heads, hidden):
            super().__init__()
            self.heads = heads
            parts = {name: nn.Linear(width, width) for name in ("query", "key", "value")}
            output = nn.ModuleDict({"dense": nn.Linear(width, width), "LayerNorm": norm(width)})
            self.attention = nn.ModuleDict({"self": nn.ModuleDict(parts), "output": output})
            self.intermediate = nn.ModuleDict({"dense": nn.Linear(width, hidden)})
            self.output = nn.ModuleDict({"dense": nn.Linear(hidden, width), "LayerNorm": norm(width)})

        def forward(self, x, mask):
            inner, outer = self.attention["self"], self.attention["output"]
            mixed = attend(inner["query"](x), inner["key"](x), inner["value"](x), self.heads, mask[:, None, None])
            x = outer["LayerNorm"](x + outer["dense"](mixed))
            hidden = self.output["dense"](F.gelu(self.intermediate["dense"](x)))
            return self.output["LayerNorm"](x + hidden)

    def __init__(self, vocabulary, positions, types, layers, heads, width, hidden, pooler=True):
        super().__init__()
        self.embeddings = nn.ModuleDict({
            "word_embeddings": nn.Embedding(vocabulary, width),
            "position_embeddings": nn.Embedding(positions, width),
            "token_type_embeddings": nn.Embedding(types, width), "LayerNorm": norm(width)})
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(
            BERT.Layer(width, heads, hidden) for _ in range(layers))})
        if pooler:
            self.pooler = nn.ModuleDict({"dense": nn.Linear(width, width)})

    def forward(self, x, types, mask):
        parts = self.embeddings
        hidden = parts["word_embeddings"](x) + parts["token_type_embeddings"](types)
        hidden = parts["LayerNorm"](hidden + parts["position_embeddings"].weight[:x.shape[1]])
        for layer in self.encoder["layer"]:
            hidden = layer(hidden, mask)
        return hidden

    def pooled(self, hidden):
        return torch.tanh(self.pooler["dense"](hidden[:, 0]))


class BERTMaskedLanguageModel(nn.Module):
    def __init__(self, vocabulary, *sizes):
        super().__init__()
        width = sizes[4]
        self.bert = BERT(vocabulary, *sizes, pooler=False)
        predictions = nn.Module()
        predictions.bias = nn.Parameter(torch.zeros(vocabulary))
        predictions.transform = nn.ModuleDict({"dense": nn.Linear(width, width), "LayerNorm": norm(width)})
        self.cls = nn.ModuleDict({"predictions": predictions})

    def forward(self, x, types, mask):
        predictions = self.cls["predictions"]
        hidden = F.gelu(predictions.transform["dense"](self.bert(x, types, mask)))
        words = self.bert.embeddings["word_embeddings"].weight
        return predictions.transform["LayerNorm"](hidden) @ words.T + predictions.bias


class BERTClassifier(nn.Module):
    def __init__(self, classes, *sizes):
        super().__init__()
        self.bert = BERT(*sizes)
        self.classifier = nn.Linear(sizes[5], classes)

    def forward(self, x, types, mask):
        hidden = self.bert(x, types, mask)
        # Hidden states of padding are no one's business.
        return self.classifier(self.bert.pooled(hidden)), hidden * mask[:, :, None]


def main(folder):
    torch.manual_seed(0)
    x = tokens("x", 2, 7, below=11)
    lengths = torch.tensor([7, 4])
    types = tokens("types", 2, 7, below=2)
    mask = torch.arange(7) < lengths[:, None]
    sizes = (11, 9, 2, 2, 2, 8, 12)
    cases = {
        "gpt": (GPT(11, 9, 2, 2, 8, True), [x]),
        "gpt-without-bias": (GPT(11, 9, 1, 2, 8, False, "tanh"), [x]),
        "lstm": (LSTMLanguageModel(11, 6, 6, 2, True), [x]),
        "lstm-untied": (LSTMLanguageModel(11, 6, 5, 1, False), [x]),
        "text-cnn": (TextCNN(11, 3, 6, [2, 3, 5], 4), [x, torch.tensor([7, 1])]),
        "bert-masked": (BERTMaskedLanguageModel(*sizes), [x, types, mask]),
        "bert-classifier": (BERTClassifier(3, *sizes), [x, types, mask]),
    }
    result = {name: {"keys": keys(model), "outputs": run(model, *inputs, arrange=lambda x: x)}
              for name, (model, inputs) in cases.items()}
    path = pathlib.Path(folder) / "text-models.json"
    lines = [f"{json.dumps(name)}: {json.dumps(case, separators=(',', ':'))}" for name, case in result.items()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"{path}: {len(result)} cases, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main(sys.argv[1])
