"""The example `cartpole` in PyTorch: same networks, optimizer, numbers of steps and batches.

    python cartpole.py [SEED]
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import support

ENVIRONMENTS, BATCHES, BATCH, CAPACITY, WARMUP, EXPLORATION, EPSILON = 8, 4, 64, 50_000, 1_000, 10_000, 0.05
EPOCHS, TURNS, DISCOUNT, PERIOD, RATE, FINAL = 20, 400, 0.99, 100, 1e-3, 1e-5


class CartPoles:
    """Several of Gymnasium's CartPole-v1 at once."""

    def __init__(self, count, random):
        self.random = random
        self.state = random.uniform(-0.05, 0.05, (count, 4))
        self.steps = np.zeros(count, dtype=int)

    def reset(self, which):
        self.state[which] = self.random.uniform(-0.05, 0.05, (which.sum(), 4))
        self.steps[which] = 0

    def step(self, actions):
        x, v, angle, w = self.state.T
        sine, cosine = np.sin(angle), np.cos(angle)
        thrust = (np.where(actions == 1, 10.0, -10.0) + 0.05 * w * w * sine) / 1.1
        turning = (9.8 * sine - cosine * thrust) / (0.5 * (4 / 3 - 0.1 * cosine * cosine / 1.1))
        acceleration = thrust - 0.05 * turning * cosine / 1.1
        self.state = np.stack([x + 0.02 * v, v + 0.02 * acceleration, angle + 0.02 * w, w + 0.02 * turning], 1)
        self.steps += 1
        terminal = (np.abs(self.state[:, 0]) > 2.4) | (np.abs(self.state[:, 2]) > 12 * 2 * np.pi / 360)
        return terminal, terminal | (self.steps >= 500)


def network():
    return nn.Sequential(nn.Linear(4, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 2))


@torch.inference_mode()
def best(net, state):
    return net(torch.from_numpy(state.astype(np.float32))).argmax(1).numpy()


def evaluate(net, episodes, seed):
    worlds = CartPoles(episodes, np.random.default_rng(seed))
    returns, isOpen = np.zeros(episodes), np.ones(episodes, dtype=bool)
    while isOpen.any():
        returns += isOpen
        _, over = worlds.step(best(net, worlds.state))
        isOpen &= ~over
    return returns.mean()


def main():
    options = support.arguments(__doc__, folder=False)
    random = np.random.default_rng(options.seed)
    online, target = network(), network()
    target.load_state_dict(online.state_dict())
    optimizer = torch.optim.Adam(online.parameters(), fused=True)
    total, step = EPOCHS * TURNS * BATCHES, 0
    worlds = CartPoles(ENVIRONMENTS, random)
    before, after = np.zeros((CAPACITY, 4), np.float32), np.zeros((CAPACITY, 4), np.float32)
    actions, goes = np.zeros(CAPACITY, np.int64), np.zeros(CAPACITY, np.float32)
    count = 0
    top = (-1.0, None)
    progress = support.Progress(online)
    for _ in range(options.epochs or EPOCHS):
        for _ in range(TURNS):
            epsilon = 1 + (EPSILON - 1) * min(count / EXPLORATION, 1)
            old = worlds.state.copy()
            chosen = np.where(
                random.random(ENVIRONMENTS) < epsilon, random.integers(2, size=ENVIRONMENTS), best(online, old))
            terminal, over = worlds.step(chosen)
            places = (count + np.arange(ENVIRONMENTS)) % CAPACITY
            before[places], after[places], actions[places], goes[places] = old, worlds.state, chosen, ~terminal
            count += ENVIRONMENTS
            worlds.reset(over)
            if count < WARMUP:
                continue
            for _ in range(BATCHES):
                rows = random.integers(min(count, CAPACITY), size=BATCH)
                x, y, z, remaining = (torch.from_numpy(part[rows]) for part in (before, after, actions, goes))
                with torch.no_grad():
                    future = target(y).gather(1, online(y).argmax(1, keepdim=True))[:, 0]
                    goal = 1 + DISCOUNT * future * remaining
                loss = F.huber_loss(online(x).gather(1, z[:, None])[:, 0], goal)
                support.set_rate(optimizer, RATE + (FINAL - RATE) * step / total)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                step += 1
                if step % PERIOD == 0:
                    target.load_state_dict(online.state_dict())
        found = evaluate(online, 50, 1_000 + options.seed)
        progress.epoch(loss=loss.item(), validation_return=found)
        if found > top[0]:
            top = (found, {name: value.clone() for name, value in online.state_dict().items()})
    progress.finish()
    online.load_state_dict(top[1])
    progress.score(f"return over 100 unseen episodes {evaluate(online, 100, 2_000 + options.seed):.1f}")


main()
