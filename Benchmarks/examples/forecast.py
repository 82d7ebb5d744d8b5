"""The example `forecast` in PyTorch: same network, optimizer, batches and rule to stop.

    python forecast.py FOLDER [SEED]      # the folder with ETTh1.csv
"""


import pandas as pd
import torch
from torch import nn
from torch.nn import functional as F

import support

HISTORY, HORIZON, SEASON, WINDOW = 168, 24, 24, 25
EPOCHS, PATIENCE, BATCH, RATE = 6, 3, 64, 2e-3
MONTH = 30 * 24


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
    options = support.arguments(__doc__)
    values = torch.tensor(pd.read_csv(f"{options.folder}/ETTh1.csv").iloc[:20 * MONTH, 1:].to_numpy("float32"))
    fitted = values[:12 * MONTH]
    values = (values - fitted.mean(0)) / fitted.std(0, correction=0)

    def windows(start, end):
        starts = torch.arange(max(start, HISTORY), end - HORIZON + 1)[:, None]
        return values[starts + torch.arange(-HISTORY, 0)], values[starts + torch.arange(HORIZON)]

    training, held, test = (windows(a * MONTH, b * MONTH) for a, b in ((0, 12), (12, 16), (16, 20)))
    model = DLinear()
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    count = len(training[0])
    total, step = EPOCHS * -(-count // BATCH), 0

    @torch.inference_mode()
    def error(forecast, part):
        return (forecast(part[0]) - part[1]).abs().mean().item()

    best = support.EarlyStopping(model, PATIENCE)
    progress = support.Progress(model)
    for _ in range(options.epochs or EPOCHS):
        for rows in torch.randperm(count).split(BATCH):
            support.set_rate(optimizer, support.warmup_cosine(step, RATE, total // 20, total))
            loss = F.l1_loss(model(training[0][rows]), training[1][rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1
        mae = error(model, held)
        progress.epoch(loss=loss.item(), held_out_MAE=mae)
        if best.is_over(mae):
            break
    progress.finish()
    best.restore()
    naive = error(lambda x: x[:, -SEASON:].repeat(1, -(-HORIZON // SEASON), 1)[:, :HORIZON], test)
    margin = 1 - error(model, test) / naive
    progress.score(f"test error below that of the last day {margin:.2%}")


main()
