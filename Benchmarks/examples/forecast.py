"""The model of `examples forecast` in PyTorch: same sizes, optimizer and split; prints scores and seconds an epoch.

    python forecast.py FOLDER [SEED]      # the folder with ETTh1.csv
"""
import copy
import math
import sys
import time

import pandas as pd
import torch
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(2)
HISTORY, HORIZON, SEASON, WINDOW = 168, 24, 24, 25
EPOCHS, PATIENCE, BATCH, RATE = 6, 3, 64, 2e-3


class DLinear(nn.Module):
    def __init__(self):
        super().__init__()
        self.Linear_Seasonal = nn.Linear(HISTORY, HORIZON)
        self.Linear_Trend = nn.Linear(HISTORY, HORIZON)
        for layer in self.children():
            nn.init.constant_(layer.weight, 1 / HISTORY)

    def forward(self, x):
        x = x.transpose(1, 2)
        half = WINDOW // 2
        average = F.avg_pool1d(F.pad(x, (half, half), mode="replicate"), WINDOW, 1)
        return (self.Linear_Seasonal(x - average) + self.Linear_Trend(average)).transpose(1, 2)


def main():
    folder, seed = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0
    torch.manual_seed(seed)
    month = 30 * 24
    values = torch.tensor(pd.read_csv(f"{folder}/ETTh1.csv").iloc[: 20 * month, 1:].to_numpy("float32"))
    fitted = values[: 12 * month]
    values = (values - fitted.mean(0)) / fitted.std(0, correction=0)

    def windows(start, end):
        starts = torch.arange(max(start, HISTORY), end - HORIZON + 1)[:, None]
        return values[starts + torch.arange(-HISTORY, 0)], values[starts + torch.arange(HORIZON)]

    training, held, test = windows(0, 12 * month), windows(12 * month, 16 * month), windows(16 * month, 20 * month)
    model = DLinear()
    count = len(training[0])
    total = EPOCHS * math.ceil(count / BATCH)
    warmup = total // 20
    optimizer = torch.optim.Adam(model.parameters(), RATE)
    rate = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda s: (s + 1) / warmup if s < warmup else (1 + math.cos(math.pi * (s - warmup) / (total - warmup))) / 2)

    def errors(forecast, part):
        with torch.no_grad():
            error = forecast(part[0]) - part[1]
        return error.abs().mean().item(), error.square().mean().item()

    best, state, stale = 1e9, None, 0
    for epoch in range(EPOCHS):
        begin = time.perf_counter()
        places = torch.randperm(count)
        for start in range(0, count, BATCH):
            some = places[start : start + BATCH]
            optimizer.zero_grad()
            F.l1_loss(model(training[0][some]), training[1][some]).backward()
            optimizer.step()
            rate.step()
        seconds = time.perf_counter() - begin
        mae, mse = errors(model, held)
        print(f"epoch {epoch + 1}: {seconds:.2f} s, held out MAE {mae:.4f}, MSE {mse:.4f}", flush=True)
        if mae < best:
            best, state, stale = mae, copy.deepcopy(model.state_dict()), 0
        else:
            stale += 1
            if stale >= PATIENCE:
                break
    model.load_state_dict(state)
    mae, mse = errors(model, test)
    naive = errors(lambda x: x[:, -SEASON:].repeat(1, math.ceil(HORIZON / SEASON), 1)[:, :HORIZON], test)
    print(f"test MAE {mae:.4f}, MSE {mse:.4f}; last day {naive[0]:.4f}, {naive[1]:.4f}; {1 - mae / naive[0]:.2%} below")


main()
