"""What the examples in PyTorch share: arguments, the schedule of most of them, and beam search."""

import argparse
import copy
import math
import pathlib
import time

import torch

torch.set_num_threads(2)
torch.set_num_interop_threads(1)


def arguments(description, folder=True, choices=None):
    """The command line; seeds PyTorch."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawTextHelpFormatter)
    if choices:
        parser.add_argument("model", choices=choices)
    if folder:
        parser.add_argument("folder", help="where the data is")
    parser.add_argument("seed", nargs="?", type=int, default=0)
    parser.add_argument("--epochs", type=int, help="stop after so many, as far as the schedule is then")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    return options


def warmup_cosine(step, peak, warmup, total, final=0.0):
    """Evenly up to `peak`, then along half a cosine wave down to `final` at step `total`."""
    if step < warmup:
        return peak * (step + 1) / warmup
    return final + (peak - final) * 0.5 * (1 + math.cos(math.pi * (step - warmup) / (total - warmup)))


def set_rate(optimizer, rate):
    for group in optimizer.param_groups:
        group["lr"] = rate


def parameter_count(model):
    return sum(p.numel() for p in model.parameters())


class EarlyStopping:
    """Keeps the weights of the lowest validation error."""

    def __init__(self, model, patience):
        self.model, self.patience = model, patience
        self.lowest, self.weights, self.stale = float("inf"), None, 0

    def is_over(self, error):
        """Takes the error after an epoch; true where it has not become lower for too long."""
        if error < self.lowest:
            self.lowest, self.weights, self.stale = error, copy.deepcopy(self.model.state_dict()), 0
        else:
            self.stale += 1
        return self.stale >= self.patience

    def restore(self):
        self.model.load_state_dict(self.weights)


class Progress:
    """Prints a line an epoch, and at last the score with the seconds of training and validation."""

    def __init__(self, *models):
        print(f"{sum(map(parameter_count, models)):,} parameters", flush=True)
        self.start = self.begin = time.perf_counter()
        self.epochs = 0

    def epoch(self, **figures):
        self.epochs += 1
        self.part(f"epoch {self.epochs}", **figures)

    def part(self, name, **figures):
        now = time.perf_counter()
        text = "".join(f", {name.replace('_', ' ')} {value:.4f}" for name, value in figures.items())
        print(f"{name}: {now - self.begin:.2f} s{text}", flush=True)
        self.begin = now

    def finish(self):
        """Stops the clock; what comes after is scoring."""
        self.end = time.perf_counter()

    def score(self, text, done=None):
        scoring = time.perf_counter() - self.end
        if scoring >= 0.1:
            print(f"scoring in {scoring:.1f} s")
        print(f"{text}, {done or f'{self.epochs} epochs'} in {self.end - self.start:.1f} s", flush=True)


@torch.inference_mode()
def beam_search(step, state, reorder, inputs, start, end, width, length, penalty=1.0):
    """The best sequence of tokens for each of so many inputs, without the end.

    `step` takes tokens `[inputs * width]` and the state, and gives logits and the next state; `reorder` gives
    the state with other rows. Scores are log-probabilities over the length to the power of `penalty`.
    """
    first = torch.arange(inputs)[:, None] * width
    tokens = torch.full((inputs * width,), start)
    sums = torch.full((inputs, width), -math.inf)
    sums[:, 0] = 0
    written = torch.full((inputs, width, length), end)
    done_scores, done_written = torch.full((inputs, width), -math.inf), written.clone()
    for place in range(length):
        logits, state = step(tokens, state)
        chances = sums[:, :, None] + torch.log_softmax(logits.float(), -1).view(inputs, width, -1)
        vocabulary = chances.shape[-1]
        # At most one of each beam ends, so enough of them go on.
        best, places = chances.flatten(1).topk(2 * width)
        origins, words = places // vocabulary, places % vocabulary
        longer = written.gather(1, origins[:, :, None].expand(-1, -1, length))
        longer[:, :, place] = words
        over = words == end
        scores = (best / (place + 1) ** penalty).masked_fill(~over & (place + 1 < length), -math.inf)
        done_scores, kept = torch.cat([done_scores, scores], 1).topk(width)
        everything = torch.cat([done_written, longer], 1)
        done_written = everything.gather(1, kept[:, :, None].expand(-1, -1, length))
        sums, kept = best.masked_fill(over, -math.inf).topk(width)
        if bool((done_scores[:, -1] >= sums[:, 0] / length ** penalty).all()):
            break
        written = longer.gather(1, kept[:, :, None].expand(-1, -1, length))
        tokens = words.gather(1, kept).flatten()
        state = reorder(state, (first + origins.gather(1, kept)).flatten())
    return [[word for word in row if word != end] for row in done_written[:, 0].tolist()]


def characters(folder):
    """A text as numbers of its characters, nine tenths and the last tenth, and how many different ones there are."""
    text = (pathlib.Path(folder) / "input.txt").read_text()
    numbers = {c: i for i, c in enumerate(sorted(set(text)))}
    data = torch.tensor([numbers[c] for c in text])
    count = len(data) * 9 // 10
    return data[:count], data[count:], len(numbers)
