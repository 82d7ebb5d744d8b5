"""The example `translation` in PyTorch: same models, optimizer, batches, vocabulary and search.

    python translation.py lstm|transformer FOLDER_OF_MULTI30K [SEED]

The transformer has layers of its own, since PyTorch's cannot remember keys and values from token to token.
"""

import gzip
import math
import pathlib

import sacrebleu
import tokenizers
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

import support

EPOCHS, RATE = {"transformer": 12, "lstm": 10}, {"transformer": 1.5e-3, "lstm": 2e-3}
BATCH, WINDOW, VOCABULARY, LONGEST, SMOOTHING, AVERAGE = 128, 100, 4_000, 48, 0.1, 0.998
BEAM, LENGTH, PENALTY = 5, 60, 1.0
PAD, BEGIN, END = 0, 2, 3


class Attention(nn.Module):
    def __init__(self, width, heads, dropout):
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)
        nn.init.zeros_(self.out_proj.bias)

    def project(self, x, start, end):
        """Some of queries, keys and values, `[batch, head, time, feature]` each."""
        width = x.shape[-1]
        rows = slice(start * width, end * width)
        parts = F.linear(x, self.in_proj_weight[rows], self.in_proj_bias[rows]).chunk(end - start, -1)
        return [part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in parts]

    def mix(self, queries, keys, values, mask=None, is_causal=False):
        dropout = self.dropout if self.training else 0
        mixed = F.scaled_dot_product_attention(queries, keys, values, mask, dropout, is_causal)
        return self.out_proj(mixed.transpose(1, 2).flatten(2))


class Layer(nn.Module):
    """Of the encoder, or, with a second attention, of the decoder; normalisation comes first."""

    def __init__(self, width, heads, inner, dropout, is_decoder):
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3 if is_decoder else 2))
        self.attention = Attention(width, heads, dropout)
        self.cross = Attention(width, heads, dropout) if is_decoder else None
        self.linear1, self.linear2 = nn.Linear(width, inner), nn.Linear(inner, width)

    def forward(self, x, mask=None, memory=None, past=None):
        """`memory` are keys and values of the source, `past` a list with those of the tokens before."""
        parts = self.attention.project(self.norms[0](x), 0, 3)
        if past is not None:
            parts[1:] = past[:] = [torch.cat([old, new], 2) for old, new in zip(past, parts[1:])] if past else parts[1:]
        is_causal = memory is not None and past is None
        x = x + self.dropout(self.attention.mix(*parts, mask if memory is None else None, is_causal))
        if memory is not None:
            queries = self.cross.project(self.norms[1](x), 0, 1)
            x = x + self.dropout(self.cross.mix(*queries, *memory, mask))
        inner = self.dropout(F.relu(self.linear1(self.norms[-1](x))))
        return x + self.dropout(self.linear2(inner))


class Transformer(nn.Module):
    def __init__(self, vocabulary, width=256, heads=4, inner=512, depth=3, dropout=0.2, capacity=256):
        super().__init__()
        self.scale, self.dropout = math.sqrt(width), nn.Dropout(dropout)
        self.embedding = nn.Embedding(vocabulary, width)
        self.encoder = nn.ModuleList(Layer(width, heads, inner, dropout, False) for _ in range(depth))
        self.decoder = nn.ModuleList(Layer(width, heads, inner, dropout, True) for _ in range(depth))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        for parameter in self.parameters():
            if parameter.ndim > 1:
                nn.init.xavier_uniform_(parameter)
        nn.init.normal_(self.embedding.weight, 0, 1 / self.scale)
        angles = torch.arange(capacity)[:, None] / 10_000 ** (torch.arange(0, width, 2) / width)
        self.register_buffer("positions", torch.stack([angles.sin(), angles.cos()], 2).flatten(1))

    def embed(self, tokens, start=0):
        places = self.positions[start:start + tokens.shape[1]]
        return self.dropout(self.embedding(tokens) * self.scale + places)

    def encode(self, source, lengths):
        """Keys and values of the source for each layer of the decoder, and what they may look at."""
        mask = (torch.arange(source.shape[1]) < lengths[:, None])[:, None, None]
        x = self.embed(source)
        for layer in self.encoder:
            x = layer(x, mask)
        x = self.norms[0](x)
        return [layer.cross.project(x, 1, 3) for layer in self.decoder], mask

    def forward(self, source, lengths, target):
        memories, mask = self.encode(source, lengths)
        x = self.embed(target)
        for layer, memory in zip(self.decoder, memories):
            x = layer(x, mask, memory)
        return F.linear(self.norms[1](x), self.embedding.weight)

    def start(self, source, lengths):
        memories, mask = self.encode(source, lengths)
        memories = [[part.repeat_interleave(BEAM, 0) for part in memory] for memory in memories]
        return memories, mask.repeat_interleave(BEAM, 0), [[] for _ in self.decoder]

    def step(self, tokens, state):
        memories, mask, past = state
        x = self.embed(tokens[:, None], past[0][0].shape[2] if past[0] else 0)
        for layer, memory, before in zip(self.decoder, memories, past):
            x = layer(x, mask, memory, before)
        return F.linear(self.norms[1](x[:, 0]), self.embedding.weight), state

    @staticmethod
    def reorder(state, rows):
        return *state[:2], [[part[rows] for part in before] for before in state[2]]


class LSTM(nn.Module):
    def __init__(self, vocabulary, width=256, hidden=384, dropout=0.3):
        super().__init__()
        self.scale, self.dropout = math.sqrt(width), nn.Dropout(dropout)
        self.embedding = nn.Embedding(vocabulary, width)
        nn.init.normal_(self.embedding.weight, 0, 1 / self.scale)
        self.encoder = nn.LSTM(width, hidden // 2, batch_first=True, bidirectional=True)
        self.bridge = nn.Linear(hidden, 2 * hidden)
        self.input = nn.Linear(width, 4 * hidden)
        self.recurrence = nn.Linear(width + hidden, 4 * hidden, bias=False)
        self.keys = nn.Linear(hidden, hidden, bias=False)
        self.attended = nn.Linear(2 * hidden, width, bias=False)

    def embed(self, tokens):
        return self.dropout(self.embedding(tokens) * self.scale)

    def start(self, source, lengths, beams=BEAM):
        """Hidden state, cell and what was attended to last, then what the decoder looks at."""
        packed = pack_padded_sequence(self.embed(source), lengths, batch_first=True, enforce_sorted=False)
        values, (_, cells) = self.encoder(packed)
        values = self.dropout(pad_packed_sequence(values, batch_first=True)[0])
        hidden, cell = torch.tanh(self.bridge(torch.cat([*cells], 1))).chunk(2, 1)
        outside = (torch.arange(source.shape[1]) >= lengths[:, None])[:, None]
        penalty = torch.zeros(outside.shape, dtype=values.dtype).masked_fill(outside, -math.inf)
        attended = torch.zeros(len(source), self.embedding.embedding_dim, dtype=hidden.dtype)
        state = hidden, cell.float(), attended, self.keys(values), values, penalty
        return state if beams == 1 else [part.repeat_interleave(beams, 0) for part in state]

    def advance(self, inputs, state):
        """One token more, from its part of the gates."""
        hidden, cell, attended, keys, values, penalty = state
        gates = (inputs + self.recurrence(torch.cat([attended, hidden], 1))).float()
        into, kept, new, out = gates.chunk(4, 1)
        cell = torch.sigmoid(kept) * cell + torch.sigmoid(into) * torch.tanh(new)
        hidden = (torch.sigmoid(out) * torch.tanh(cell)).to(inputs.dtype)
        weights = torch.softmax(torch.baddbmm(penalty, hidden[:, None], keys.transpose(1, 2)), -1)
        context = torch.bmm(weights.to(values.dtype), values)[:, 0]
        attended = torch.tanh(self.attended(torch.cat([context, hidden], 1)))
        return hidden, cell, attended, keys, values, penalty

    def forward(self, source, lengths, target):
        state, seen = self.start(source, lengths, beams=1), []
        for inputs in self.input(self.embed(target)).unbind(1):
            state = self.advance(inputs, state)
            seen.append(state[2])
        return F.linear(self.dropout(torch.stack(seen, 1)), self.embedding.weight)

    def step(self, tokens, state):
        state = self.advance(self.input(self.embed(tokens)), state)
        return F.linear(state[2], self.embedding.weight), state

    @staticmethod
    def reorder(state, rows):
        return *(part[rows] for part in state[:3]), *state[3:]


class Corpus:
    """Multi30k as tokens of a byte-pair encoding that both languages share."""

    def __init__(self, folder):
        texts = {part: [read(folder, part, language) for language in ("en", "de")]
                 for part in ("train", "val", "test_2016_flickr")}
        self.encoding = tokenizers.ByteLevelBPETokenizer(add_prefix_space=True)
        self.encoding.train_from_iterator(
            texts["train"][0] + texts["train"][1], VOCABULARY, min_frequency=2, show_progress=False,
            special_tokens=["<pad>", "<unk>", "<bos>", "<eos>"])
        pairs = {part: list(zip(*map(self.tokens, texts[part]))) for part in ("train", "val")}
        self.training = [pair for pair in pairs["train"] if max(map(len, pair)) + 1 <= LONGEST]
        self.validation = pairs["val"]
        self.test, self.references = texts["test_2016_flickr"]

    def tokens(self, texts):
        return [found.ids for found in self.encoding.encode_batch(texts)]


def read(folder, part, language):
    with gzip.open(pathlib.Path(folder) / f"{part}.{language}.gz", "rt", encoding="utf-8") as lines:
        return [line.rstrip("\n") for line in lines]


def batches(pairs):
    """Pairs of similar length together; those that do not fill a batch are left out."""
    order = torch.randperm(len(pairs))[:len(pairs) // BATCH * BATCH]
    found = []
    for window in order.split(WINDOW * BATCH):
        lengths = torch.tensor([max(map(len, pairs[i])) for i in window.tolist()])
        found += window[lengths.argsort()].split(BATCH)
    return [collated([pairs[i] for i in found[place].tolist()]) for place in torch.randperm(len(found))]


def collated(pairs):
    def padded(rows):
        return pad_sequence([torch.tensor(row) for row in rows], True, PAD)
    return (
        padded([source + [END] for source, _ in pairs]), torch.tensor([len(source) + 1 for source, _ in pairs]),
        padded([[BEGIN] + target for _, target in pairs]), padded([target + [END] for _, target in pairs]))


@torch.inference_mode()
def translated(model, corpus):
    model.eval()
    sources = corpus.tokens(corpus.test)
    order = sorted(range(len(sources)), key=lambda row: len(sources[row]))
    result = [""] * len(sources)
    for start in range(0, len(order), 100):
        rows = order[start:start + 100]
        source, lengths, _, _ = collated([(sources[row], []) for row in rows])
        found = support.beam_search(
            model.step, model.start(source, lengths), model.reorder, len(rows), BEGIN, END, BEAM, LENGTH, PENALTY)
        for row, tokens in zip(rows, found):
            result[row] = corpus.encoding.decode(tokens).removeprefix(" ")
    return result


def main():
    options = support.arguments(__doc__, choices=["lstm", "transformer"])
    corpus = Corpus(options.folder)
    vocabulary = corpus.encoding.get_vocab_size()
    model = {"lstm": LSTM, "transformer": Transformer}[options.model](vocabulary)
    optimizer = torch.optim.AdamW(
        model.parameters(), betas=(0.9, 0.98), eps=1e-9, weight_decay=1e-4, fused=True)
    average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(AVERAGE))
    epochs = EPOCHS[options.model]
    total, step = epochs * (len(corpus.training) // BATCH), 0
    held = batches(corpus.validation)

    def loss_of(model, source, lengths, target, labels, smoothing=0.0):
        logits = model(source, lengths, target)
        return F.cross_entropy(
            logits.flatten(0, 1), labels.flatten(), ignore_index=PAD, label_smoothing=smoothing)

    progress = support.Progress(model)
    for _ in range(options.epochs or epochs):
        model.train()
        for batch in batches(corpus.training):
            support.set_rate(optimizer, support.warmup_cosine(step, RATE[options.model], total // 10, total))
            with torch.autocast("cpu", torch.bfloat16):
                loss = loss_of(model, *batch, SMOOTHING)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1)
            optimizer.step()
            average.update_parameters(model)
            step += 1
        average.module.eval()
        with torch.inference_mode():
            held_out = sum(loss_of(average.module, *batch).item() for batch in held) / len(held)
        progress.epoch(loss=loss.item(), validation_loss=held_out)
    progress.finish()
    found = translated(average.module, corpus)
    bleu = sacrebleu.corpus_bleu(found, [corpus.references]).score
    progress.score(f"BLEU on test 2016 {bleu:.2f}")


main()
