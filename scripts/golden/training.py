"""Ten training steps of PyTorch for Tests/ApusTests/TrainingTests.swift.

    python scripts/golden/training.py Tests/ApusTests/Resources/training

Writes one safetensors file for each model and optimizer: `initial.*` parameters and buffers, `x.*` and
`y.*` batches, `loss` of every step, `gradient.<step>.*` and, after the step, `parameter.<step>.*`.
"""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import save_file

STEPS = 10


class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(6, 8)
        self.norm = nn.LayerNorm(8)
        self.output = nn.Linear(8, 3)

    def forward(self, x):
        return self.output(self.norm(torch.tanh(self.hidden(x))))

    @staticmethod
    def input():
        return torch.randn(16, 6)


class CNN(nn.Module):
    """Takes channels-last images, as Apus does."""

    def __init__(self):
        super().__init__()
        # No bias: before a batch normalisation its gradient is rounding noise, which Adam would amplify.
        self.conv1 = nn.Conv2d(2, 4, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(4)
        self.conv2 = nn.Conv2d(4, 6, 3, stride=2, groups=2, bias=False)
        self.output = nn.Linear(6 * 3 * 3, 3)

    def forward(self, x):
        h = F.relu(self.norm(self.conv1(x.permute(0, 3, 1, 2))))
        h = F.gelu(self.conv2(F.avg_pool2d(F.max_pool2d(h, 2, stride=1), 2, stride=1)))
        return self.output(h.permute(0, 2, 3, 1).flatten(1))

    @staticmethod
    def input():
        return torch.randn(8, 9, 9, 2)


class Text(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(7, 5)
        self.conv = nn.Conv1d(5, 4, 3, dilation=2, padding="same")
        self.output = nn.Linear(4, 3)

    def forward(self, x):
        h = self.embedding(x)
        h = F.silu(self.conv(h.permute(0, 2, 1)).permute(0, 2, 1))
        return self.output(h.mean(1))

    @staticmethod
    def input():
        return torch.randint(0, 7, (8, 6))


OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1),
    "momentum": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, dampening=0.1, weight_decay=0.01),
    "nesterov": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True),
    "adam": lambda p: torch.optim.Adam(p, lr=0.01, weight_decay=0.01),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1),
}
CASES = [("mlp", MLP, o) for o in OPTIMIZERS] + [("cnn", CNN, "adamw"), ("cnn", CNN, "momentum"), ("text", Text, "adam")]

for seed, (name, model, optimizer) in enumerate(CASES):
    torch.manual_seed(seed)
    T = {}

    def put(key, value):
        T[key] = value.detach().clone().contiguous()

    net = model()
    for key, value in net.state_dict().items():
        put("initial." + key, value)
    update = OPTIMIZERS[optimizer](net.parameters())
    losses = []
    for step in range(STEPS):
        x, y = model.input(), torch.randint(0, 3, (16 if name == "mlp" else 8,))
        put(f"x.{step}", x)
        put(f"y.{step}", y)
        update.zero_grad()
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        losses.append(loss.detach())
        for key, value in net.named_parameters():
            put(f"gradient.{step}.{key}", value.grad)
        update.step()
        for key, value in net.state_dict().items():
            put(f"parameter.{step}.{key}", value)
    put("loss", torch.stack(losses))
    save_file(T, f"{sys.argv[1]}-{name}-{optimizer}.safetensors")
