"""What the feed-forward layers of Apus should give, computed by PyTorch.

    python scripts/golden/layers.py Tests/ApusTests/Resources/layers.safetensors

A case has the name of a case in Tests/ApusTests/Layers; see layer_cases.py for what is kept of it.
"""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from layer_cases import LayerCases

torch.manual_seed(0)
cases = LayerCases()
add = cases.add

add("linear", nn.Linear(3, 5), torch.randn(2, 4, 3))
add("conv2D", nn.Conv2d(3, 4, (3, 1), padding=(1, 0)), torch.randn(2, 3, 5, 4), images=True)
add("batchNorm", nn.BatchNorm2d(3), torch.randn(2, 3, 4, 2), images=True, training=True)

cases.write(sys.argv[1])
