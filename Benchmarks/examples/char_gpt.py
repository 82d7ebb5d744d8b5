"""The example `char-gpt` in PyTorch: same model, same optimizer, same batches' sizes.

    python char_gpt.py FOLDER_OF_TINYSHAKESPEARE [SEED]
"""

import math

import torch
from torch import nn
from torch.nn import functional as F

import support

LAYERS, HEADS, WIDTH, CONTEXT = 4, 4, 128, 64
STEPS, BATCH, RATE, WARMUP, VALIDATIONS = 2_000, 12, 2e-3, 100, 4


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
        h = self.h(self.wte(x) + self.wpe.weight[:x.shape[1]])
        return F.linear(self.ln_f(h), self.wte.weight)


@torch.inference_mode()
def mean_loss(model, data):
    count = (len(data) - 1) // CONTEXT
    x = data[:count * CONTEXT].view(count, CONTEXT)
    y = data[1:count * CONTEXT + 1].view(count, CONTEXT)
    losses = [
        F.cross_entropy(model(x).flatten(0, 1), y.flatten(), reduction="sum").item()
        for x, y in zip(x.split(64), y.split(64))]
    return sum(losses) / y.numel()


def main():
    options = support.arguments(__doc__)
    training, held_out, vocabulary = support.characters(options.folder)
    model = GPT(vocabulary)
    groups = [
        {"params": [p for p in model.parameters() if p.ndim > 1], "weight_decay": 0.1},
        {"params": [p for p in model.parameters() if p.ndim == 1], "weight_decay": 0}]
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.99), fused=True)
    windows = training.unfold(0, CONTEXT + 1, 1)
    progress = support.Progress(model)
    for step in range(STEPS * (options.epochs or VALIDATIONS) // VALIDATIONS):
        support.set_rate(optimizer, support.warmup_cosine(step, RATE, WARMUP, STEPS, RATE / 10))
        batch = windows[torch.randint(len(windows), (BATCH,))]
        loss = F.cross_entropy(model(batch[:, :-1]).flatten(0, 1), batch[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1)
        optimizer.step()
        if (step + 1) % (STEPS // VALIDATIONS) == 0:
            found = mean_loss(model, held_out)
            progress.epoch(loss=loss.item(), validation_loss=found)
    progress.finish()
    progress.score(f"validation loss {found:.4f}", f"{step + 1} steps")


main()
