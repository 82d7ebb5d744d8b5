"""Layers whose weight is computed from other parameters, for Tests/ApusTests/Layers/ParametrizationTests.swift.

    python scripts/golden/parametrizations.py Tests/ApusTests/Resources/parametrizations.safetensors
"""

import sys

import torch
import torch.nn as nn
from torch.nn.utils.parametrizations import spectral_norm, weight_norm

from layer_cases import LayerCases

torch.manual_seed(0)
cases = LayerCases()
image = torch.randn(2, 3, 4, 5)
cases.add("spectral.linear", spectral_norm(nn.Linear(3, 5)), torch.randn(2, 4, 3), training=True)
cases.add(
    "spectral.conv2D", spectral_norm(nn.Conv2d(3, 4, 3, padding=1), n_power_iterations=2), image,
    images=True, training=True)
cases.add(
    "spectral.convTranspose2D", spectral_norm(nn.ConvTranspose2d(3, 2, 2, bias=False)), image, images=True,
    training=True)
cases.add("weight.linear", weight_norm(nn.Linear(3, 5)), torch.randn(2, 4, 3))
cases.add("weight.conv2D", weight_norm(nn.Conv2d(3, 4, 3)), image, images=True)
cases.add("weight.convTranspose2D", weight_norm(nn.ConvTranspose2d(3, 2, 2), dim=1), image, images=True)
cases.write(sys.argv[1])
