#!/usr/bin/env python3
"""Prints PyTorch's table of type promotion as Swift: Tests/ApusIRTests/PromotionTable.swift."""

import torch

from golden import DTYPES, NAMES

print("""import ApusIR

// PyTorch's torch.promote_types, printed by scripts/golden/promotion.py. Do not edit.

let promotionTable: [DType: [DType: DType]] = [""")
for row, a in DTYPES.items():
    print(f"  .{row}: [")
    for column, b in DTYPES.items():
        print(f"    .{column}: .{NAMES[torch.promote_types(a, b)]},")
    print("  ],")
print("]")
