"""Recurrent layers, attention, transformers and mixtures of experts for
Tests/ApusTests/Sequence*Tests.swift.

    python scripts/golden/sequence.py Tests/ApusTests/Resources/sequence.safetensors
"""

import math
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from layer_cases import LayerCases

torch.manual_seed(0)
cases = LayerCases()
randn = torch.randn
LENGTHS = torch.tensor([3, 5, 1])


# Recurrent layers.

def packed(module, x, lengths):
    """Output and last state of the packed sequence."""
    packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    output, state = module(packed)
    return pad_packed_sequence(output, batch_first=True, total_length=x.shape[1])[0], state


x = randn(3, 5, 4)
for name, module in {
    "rnn": nn.RNN(4, 3, batch_first=True),
    "rnnRelu": nn.RNN(4, 3, 2, nonlinearity="relu", bidirectional=True, batch_first=True),
    "gru": nn.GRU(4, 3, batch_first=True),
    "gruDeep": nn.GRU(4, 3, 2, bidirectional=True, batch_first=True),
    "lstm": nn.LSTM(4, 3, batch_first=True),
    "lstmDeep": nn.LSTM(4, 3, 2, bidirectional=True, batch_first=True),
    "lstmProjected": nn.LSTM(4, 5, 2, bias=False, proj_size=3, bidirectional=True, batch_first=True),
}.items():
    cases.add(name, module, x)
for name, module in {
    "rnnPacked": nn.RNN(4, 3, 2, bidirectional=True, batch_first=True),
    "gruPacked": nn.GRU(4, 3, 2, bidirectional=True, batch_first=True),
    "lstmPacked": nn.LSTM(4, 3, 2, bidirectional=True, batch_first=True),
}.items():
    cases.add(name, module, x, LENGTHS, call=packed)
cases.add("gruState", nn.GRU(4, 3, 2, batch_first=True), x, randn(2, 3, 3))
cases.add(
    "lstmState", nn.LSTM(4, 5, proj_size=3, bidirectional=True, batch_first=True), x, randn(2, 3, 3),
    randn(2, 3, 5), call=lambda m, x, h, c: m(x, (h, c)))
cases.add("rnnCell", nn.RNNCell(4, 3, nonlinearity="relu"), x[:, 0], randn(3, 3))
cases.add("gruCell", nn.GRUCell(4, 3), x[:, 0], randn(3, 3))
cases.add(
    "lstmCell", nn.LSTMCell(4, 3), x[:, 0], randn(3, 3), randn(3, 3), call=lambda m, x, h, c: m(x, (h, c)))

# Attention. Masks are kept true where a query may look.

def mha(module, x, *inputs, average=True, **options):
    return module(x, x, x, *inputs, need_weights=True, average_attn_weights=average, **options)


x = randn(2, 5, 6)
PADDING = torch.tensor([[False] * 5, [False, False, False, True, True]])
MASK = torch.rand(5, 5) > 0.3
MASK.fill_diagonal_(True)
cases.add("attention", nn.MultiheadAttention(6, 2, batch_first=True), x, call=mha)
cases.add(
    "attentionMasked", nn.MultiheadAttention(6, 2, batch_first=True), x, MASK.logical_or(torch.eye(5) > 0), PADDING,
    call=lambda m, x, mask, padding: mha(m, x, key_padding_mask=padding, attn_mask=~mask))
cases.add(
    "attentionAdditive", nn.MultiheadAttention(6, 2, batch_first=True), x, randn(5, 5),
    call=lambda m, x, mask: mha(m, x, attn_mask=mask, average=False))
cases.add(
    "attentionCausal", nn.MultiheadAttention(6, 3, bias=False, batch_first=True), x,
    call=lambda m, x: mha(m, x, attn_mask=torch.ones(5, 5).triu(1).bool())[0])
cases.add(
    "attentionCross", nn.MultiheadAttention(6, 2, kdim=4, vdim=3, batch_first=True), x, randn(2, 7, 4), randn(2, 7, 3),
    call=lambda m, q, k, v: m(q, k, v)[0])
cases.add(
    "attentionMemory", nn.MultiheadAttention(6, 2, batch_first=True), x, randn(2, 7, 6),
    call=lambda m, q, k: m(q, k, k)[0])
cases.add(
    "grouped", lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True),
    randn(2, 4, 5, 3), randn(2, 2, 5, 3), randn(2, 2, 5, 2))


def frequencies(width, base=10_000.0):
    return base ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)


def llama3(frequency, factor=8.0, low=1.0, high=4.0, context=64):
    length = 2 * math.pi / frequency
    smooth = (context / length - low) / (high - low)
    middle = (1 - smooth) * frequency / factor + smooth * frequency
    result = torch.where(length > context / low, frequency / factor, frequency)
    return torch.where((length <= context / low) & (length >= context / high), middle, result)


def rotate_halves(x, frequency):
    angles = torch.arange(x.shape[-2])[:, None] * frequency
    cos, sin = torch.cat([angles.cos()] * 2, -1), torch.cat([angles.sin()] * 2, -1)
    a, b = x.chunk(2, -1)
    return x * cos + torch.cat([-b, a], -1) * sin


def rotate_interleaved(x, frequency):
    angles = torch.arange(x.shape[-2])[:, None] * frequency
    pairs = torch.view_as_complex(x.unflatten(-1, (-1, 2)).contiguous())
    return torch.view_as_real(pairs * torch.polar(torch.ones_like(angles), angles)).flatten(-2)


x = randn(2, 2, 7, 8)
cases.add("rotaryHalves", lambda x: rotate_halves(x, frequencies(8)), x)
cases.add("rotaryInterleaved", lambda x: rotate_interleaved(x, frequencies(8)), x)
cases.add("rotaryLinear", lambda x: rotate_halves(x, frequencies(8) / 4), x)
cases.add("rotaryLlama3", lambda x: rotate_halves(x, llama3(frequencies(8, 500.0))), x)
cases.add(
    "rotaryPartial", lambda x: torch.cat([rotate_halves(x[..., :4], frequencies(4)), x[..., 4:]], -1), x)


class Llama(nn.Module):
    def __init__(self):
        super().__init__()
        self.q_proj = nn.Linear(8, 16, bias=False)
        self.k_proj = nn.Linear(8, 8, bias=False)
        self.v_proj = nn.Linear(8, 8, bias=False)
        self.o_proj = nn.Linear(16, 8, bias=False)

    def forward(self, x, window=None):
        def heads(x):
            return x.unflatten(-1, (-1, 4)).transpose(1, 2)

        time = x.shape[1]
        q, k = [rotate_halves(heads(f(x)), frequencies(4)) for f in (self.q_proj, self.k_proj)]
        mask = torch.ones(time, time).tril().bool()
        if window:
            mask &= torch.ones(time, time).triu(1 - window).bool()
        k, v = [y.repeat_interleave(2, 1) for y in (k, heads(self.v_proj(x)))]
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return self.o_proj(y.transpose(1, 2).flatten(2))


x = randn(2, 6, 8)
cases.add("groupedQuery", Llama(), x)
cases.add("groupedQueryWindow", Llama(), x, call=lambda m, x: m(x, window=3))


def sinusoidal(x):
    time, width = x.shape[-2:]
    table = torch.zeros(time, width, dtype=torch.float64)
    place = torch.arange(time)[:, None]
    divisor = torch.exp(torch.arange(0, width, 2) * (-math.log(10000.0) / width))
    table[:, 0::2] = torch.sin(place * divisor)
    table[:, 1::2] = torch.cos(place * divisor)
    return x + table


class Learned(nn.Embedding):
    def forward(self, x):
        return x + super().forward(torch.arange(x.shape[1]))


cases.add("sinusoidal", sinusoidal, x)
cases.add("learnedPositions", Learned(6, 8), x)


def slopes(heads):
    if math.log2(heads).is_integer():
        return [2 ** (-8 * (i + 1) / heads) for i in range(heads)]
    power = 2 ** math.floor(math.log2(heads))
    return slopes(power) + slopes(2 * power)[0::2][: heads - power]


def alibi(q):
    time = q.shape[2]
    distance = torch.arange(time)[None, :] - torch.arange(time)[:, None]
    bias = torch.tensor(slopes(6), dtype=torch.float64)[:, None, None] * distance
    bias = bias.masked_fill(distance > 0, -math.inf)
    return F.scaled_dot_product_attention(q, q, q, attn_mask=bias)


cases.add("alibi", alibi, randn(1, 6, 5, 2))

# Transformers.

SIZES = dict(d_model=4, nhead=2, dim_feedforward=6, batch_first=True)
POST = SIZES
PRE = dict(SIZES, norm_first=True, activation="gelu", bias=False)
CAUSAL = torch.ones(5, 5).triu(1).bool()
x, memory = randn(2, 5, 4), randn(2, 4, 4)
MEMORY_PADDING = torch.tensor([[False] * 4, [False, False, True, True]])
cases.add("encoderLayer", nn.TransformerEncoderLayer(**POST), x)
cases.add("encoderLayerNormFirst", nn.TransformerEncoderLayer(**PRE), x)
cases.add(
    "encoder",
    nn.TransformerEncoder(
        nn.TransformerEncoderLayer(**POST), 2, norm=nn.LayerNorm(4), enable_nested_tensor=False),
    x, PADDING, call=lambda m, x, padding: m(x, src_key_padding_mask=padding))
cases.add(
    "decoderLayer", nn.TransformerDecoderLayer(**POST), x, memory,
    call=lambda m, x, memory: m(x, memory, tgt_mask=CAUSAL))
cases.add(
    "decoder", nn.TransformerDecoder(nn.TransformerDecoderLayer(**PRE), 2), x, memory, PADDING, MEMORY_PADDING,
    call=lambda m, x, memory, padding, memory_padding: m(
        x, memory, tgt_mask=CAUSAL, tgt_key_padding_mask=padding, memory_key_padding_mask=memory_padding))
cases.add(
    "transformer",
    nn.Transformer(4, 2, num_encoder_layers=1, num_decoder_layers=1, dim_feedforward=6, batch_first=True),
    memory, x, MEMORY_PADDING,
    call=lambda m, source, target, padding: m(
        source, target, tgt_mask=CAUSAL, src_key_padding_mask=padding, memory_key_padding_mask=padding))


class Mixture(nn.Module):
    """Token by token."""

    def __init__(self, experts, choices, capacity=None, normalizes=True):
        super().__init__()
        self.gate = nn.Linear(6, experts, bias=False)
        self.experts = nn.ModuleList(nn.Linear(6, 4) for _ in range(experts))
        self.choices, self.capacity, self.normalizes = choices, capacity, normalizes

    def forward(self, x):
        tokens = x.flatten(0, -2)
        probabilities = self.gate(tokens).softmax(-1)
        best, chosen = probabilities.topk(self.choices)
        if self.normalizes:
            best = best / best.sum(-1, keepdim=True)
        used = [0] * len(self.experts)
        rows = [0] * len(tokens)
        for choice in range(self.choices):
            for row, token in enumerate(tokens):
                expert = int(chosen[row, choice])
                used[expert] += 1
                if self.capacity is None or used[expert] <= self.capacity:
                    rows[row] = rows[row] + best[row, choice] * self.experts[expert](token)
        zero = torch.zeros(4, dtype=x.dtype)
        output = torch.stack([zero + row for row in rows]).unflatten(0, x.shape[:-1])
        load = torch.tensor(used, dtype=x.dtype) / (self.choices * len(tokens))
        loss = len(self.experts) * (load * probabilities.mean(0)).sum()
        return output, loss, load


x = randn(2, 6, 6)
cases.add("mixture", Mixture(3, 2), x)
cases.add("mixtureSwitch", Mixture(3, 1, normalizes=False), x)
# 12 tokens of 2 choices on 3 experts: 6 places each with a capacity of 0.75.
cases.add("mixtureCapacity", Mixture(3, 2, capacity=6), x)
cases.add("mixtureSwitchCapacity", Mixture(3, 1, capacity=3, normalizes=False), x)

cases.write(sys.argv[1])
