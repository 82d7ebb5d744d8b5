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

cases.write(sys.argv[1])
