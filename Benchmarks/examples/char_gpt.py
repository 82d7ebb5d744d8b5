"""The example `char-gpt` in PyTorch: same model, same optimizer, same batches' sizes.

    python3 char_gpt.py FOLDER_OF_TINYSHAKESPEARE [SEED]
"""

import math
import pathlib
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

LAYERS, HEADS, WIDTH, CONTEXT, BATCH, STEPS = 4, 4, 128, 64, 12, 2000


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.ln_1, self.ln_2 = (nn.LayerNorm(WIDTH, bias=False) for _ in range(2))
        self.c_attn = nn.Linear(WIDTH, 3 * WIDTH, bias=False)
        self.attn_proj = nn.Linear(WIDTH, WIDTH, bias=False)
        self.c_fc = nn.Linear(WIDTH, 4 * WIDTH, bias=False)
        self.mlp_proj = nn.Linear(4 * WIDTH, WIDTH, bias=False)

    def forward(self, x):
        parts = [p.unflatten(-1, (HEADS, -1)).transpose(1, 2) for p in self.c_attn(self.ln_1(x)).chunk(3, -1)]
        mixed = F.scaled_dot_product_attention(*parts, is_causal=True)
        x = x + self.attn_proj(mixed.transpose(1, 2).flatten(2))
        return x + self.mlp_proj(F.gelu(self.c_fc(self.ln_2(x))))


class GPT(nn.Module):
    def __init__(self, vocabulary):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(vocabulary, WIDTH), nn.Embedding(CONTEXT, WIDTH)
        self.h = nn.Sequential(*(Block() for _ in range(LAYERS)))
        self.ln_f = nn.LayerNorm(WIDTH, bias=False)
        for name, p in self.named_parameters():
            if p.ndim > 1:
                nn.init.normal_(p, std=0.02 / math.sqrt(2 * LAYERS) if "_proj" in name else 0.02)

    def forward(self, x):
        return self.ln_f(self.h(self.wte(x) + self.wpe.weight[:x.shape[1]])) @ self.wte.weight.T


def rate(step):
    if step < 100:
        return 1e-3 * (step + 1) / 100
    return 1e-4 + 9e-4 * 0.5 * (1 + math.cos(math.pi * (step - 100) / (STEPS - 100)))


def main(folder, seed=0):
    torch.set_num_threads(2)
    torch.manual_seed(seed)
    text = (pathlib.Path(folder) / "input.txt").read_text()
    numbers = {c: i for i, c in enumerate(sorted(set(text)))}
    data = torch.tensor([numbers[c] for c in text])
    training, held_out = data[:len(data) * 9 // 10], data[len(data) * 9 // 10:]
    model = GPT(len(numbers))
    groups = [{"params": [p for p in model.parameters() if p.ndim > 1], "weight_decay": 0.1},
              {"params": [p for p in model.parameters() if p.ndim == 1], "weight_decay": 0}]
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.99))
    start = time.perf_counter()
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = rate(step)
        places = torch.randint(len(training) - CONTEXT, (BATCH,))
        x = torch.stack([training[p:p + CONTEXT] for p in places])
        y = torch.stack([training[p + 1:p + CONTEXT + 1] for p in places])
        loss = F.cross_entropy(model(x).flatten(0, 1), y.flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1)
        optimizer.step()
        if step % 500 == 0:
            print(step, round(loss.item(), 3), flush=True)
    seconds = time.perf_counter() - start
    count = (len(held_out) - 1) // CONTEXT
    x = held_out[:count * CONTEXT].view(count, CONTEXT)
    y = held_out[1:count * CONTEXT + 1].view(count, CONTEXT)
    with torch.no_grad():
        loss = F.cross_entropy(model(x).flatten(0, 1), y.flatten()).item()
    print(f"validation loss {loss:.4f}, {STEPS} steps in {seconds:.1f} s")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0)
