"""PyTorch definitions of the models of tables, series and speech, for `models.py`."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class TabularMLP(nn.Module):
    def __init__(self, numbers, categories, hidden):
        super().__init__()
        widths = [min(50, (count + 1) // 2) for count in categories]
        sizes = [numbers + sum(widths), *hidden]
        self.embeddings = nn.ModuleList(nn.Embedding(c, w) for c, w in zip(categories, widths))
        self.norm = nn.BatchNorm1d(numbers)
        self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, hidden))
        self.norms = nn.ModuleList(nn.BatchNorm1d(size) for size in hidden)
        self.output = nn.Linear(sizes[-1], 1)

    def forward(self, numbers, categories):
        vectors = [table(categories[:, column]) for column, table in enumerate(self.embeddings)]
        x = torch.cat([self.norm(numbers), *vectors], 1)
        for layer, norm in zip(self.hidden, self.norms):
            x = norm(F.relu(layer(x)))
        return self.output(x)


class DLinear(nn.Module):
    """`[batch, channel, history]` to `[batch, channel, horizon]`."""

    def __init__(self, history, horizon, window=25):
        super().__init__()
        self.window = window
        self.Linear_Seasonal = nn.Linear(history, horizon)
        self.Linear_Trend = nn.Linear(history, horizon)

    def forward(self, x):
        half = self.window // 2
        average = F.avg_pool1d(F.pad(x, (half, half), mode="replicate"), self.window, 1)
        return self.Linear_Seasonal(x - average) + self.Linear_Trend(average)


class SpeechCommandNet(nn.Module):
    """`[batch, frame, band]` to logits."""

    def __init__(self, bands, classes, widths):
        super().__init__()
        sizes = [1, *widths]
        self.norm = nn.BatchNorm1d(bands)
        self.convolutions = nn.ModuleList(
            nn.Conv2d(a, b, 3, padding=1, bias=False) for a, b in zip(sizes, widths))
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for width in widths)
        self.output = nn.Linear(sizes[-1], classes)

    def forward(self, x):
        x = self.norm(x.transpose(1, 2)).transpose(1, 2).unsqueeze(1)
        for convolution, norm in zip(self.convolutions, self.norms):
            x = F.max_pool2d(F.relu(norm(convolution(x))), 2)
        return self.output(x.mean((2, 3)))
