"""Optimizers, schedules and pruning masks of PyTorch for Tests/ApusTests/Optimizer*.swift.

    python scripts/golden/optimizers.py Tests/ApusTests/Resources/optimizers

Ten steps of each optimizer on one small model in f64, so that a wrong formula cannot hide behind
rounding. Of each case: `<case>.loss`, `<case>.<step>.<parameter>` after steps 0 and 9, and after the
last `<case>.state.<parameter>.<name>`. FTRL is Keras's formula, Lion, LAMB and look-ahead are their
papers'. Schedules: `schedule.<name>`, one value a step.
"""

import math
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import save_file
from torch.nn.utils import clip_grad_norm_, clip_grad_value_, prune
from torch.optim import lr_scheduler as S
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

torch.set_default_dtype(torch.float64)
STEPS = 10
T = {}


def put(key, value):
    T[key] = torch.as_tensor(value).detach().clone().contiguous()


class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(4, 6)
        self.output = nn.Linear(6, 3)

    def forward(self, x):
        return self.output(torch.tanh(self.hidden(x)))


class Table(nn.Module):
    """Looks up few rows of a table, some twice, row 8 never."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(9, 3, sparse=True)

    def forward(self, x):
        return self.embedding(x).sum(1)


# What PyTorch does not have.


class Formula(torch.optim.Optimizer):
    def __init__(self, params, lr, **settings):
        super().__init__(params, dict(lr=lr, **settings))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p]
                state["step"] = state.get("step", 0) + 1
                self.update(p, p.grad, state, **{k: group[k] for k in self.defaults})


class FTRL(Formula):
    def update(self, p, g, state, lr, power=-0.5, initial=0.1, l1=0.0, l2=0.0, shrinkage=0.0, beta=0.0):
        accumulator = state.setdefault("accumulator", torch.full_like(p, initial))
        linear = state.setdefault("linear", torch.zeros_like(p))
        new = accumulator + g * g
        change = (new ** -power - accumulator ** -power) / lr
        linear += g + 2 * shrinkage * p - change * p
        quadratic = new ** -power / lr + 2 * (l2 + beta / (2 * lr))
        p.copy_((linear.clamp(-l1, l1) - linear) / quadratic)
        accumulator.copy_(new)


class Lion(Formula):
    def update(self, p, g, state, lr, betas=(0.9, 0.99), weight_decay=0.0):
        m = state.setdefault("exp_avg", torch.zeros_like(p))
        p.mul_(1 - lr * weight_decay)
        p.sub_(lr * torch.sign(betas[0] * m + (1 - betas[0]) * g))
        m.mul_(betas[1]).add_(g, alpha=1 - betas[1])


class LAMB(Formula):
    def update(self, p, g, state, lr, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.0):
        m = state.setdefault("exp_avg", torch.zeros_like(p))
        v = state.setdefault("exp_avg_sq", torch.zeros_like(p))
        m.mul_(betas[0]).add_(g, alpha=1 - betas[0])
        v.mul_(betas[1]).addcmul_(g, g, value=1 - betas[1])
        step = state["step"]
        r = (m / (1 - betas[0] ** step)) / ((v / (1 - betas[1] ** step)).sqrt() + eps)
        u = r + weight_decay * p
        w, n = p.norm(), u.norm()
        p.sub_(lr * (w / n if w > 0 and n > 0 else 1) * u)


def muon(net):
    """Newton-Schulz in f64: in bf16 products of different libraries differ visibly."""
    weights = [p for p in net.parameters() if p.ndim == 2]
    others = [p for p in net.parameters() if p.ndim != 2]
    return [
        torch.optim.Muon(weights, lr=0.02, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, lr=0.01),
    ]


def groups(net):
    decayed = [p for n, p in net.named_parameters() if not n.endswith("bias")]
    biases = [p for n, p in net.named_parameters() if n.endswith("bias")]
    return torch.optim.AdamW([dict(params=decayed, weight_decay=0.1), dict(params=biases, weight_decay=0, lr=0.03)], lr=0.01)


O = torch.optim
CASES = {
    "sgd": lambda n: O.SGD(n.parameters(), lr=0.1, momentum=0.9, dampening=0.1, weight_decay=0.01),
    "adam": lambda n: O.Adam(n.parameters(), lr=0.02, weight_decay=0.01),
    "amsgrad": lambda n: O.Adam(n.parameters(), lr=0.02, betas=(0.9, 0.7), amsgrad=True),
    "adamw": lambda n: O.AdamW(n.parameters(), lr=0.02, weight_decay=0.1),
    "adamw-amsgrad": lambda n: O.AdamW(n.parameters(), lr=0.02, betas=(0.8, 0.7), weight_decay=0.1, amsgrad=True),
    "nadam": lambda n: O.NAdam(n.parameters(), weight_decay=0.01),
    "nadam-decoupled": lambda n: O.NAdam(n.parameters(), lr=0.02, weight_decay=0.1, decoupled_weight_decay=True),
    "radam": lambda n: O.RAdam(n.parameters(), lr=0.02, weight_decay=0.01),
    "radam-decoupled": lambda n: O.RAdam(n.parameters(), lr=0.02, betas=(0.9, 0.99), weight_decay=0.1, decoupled_weight_decay=True),
    "adagrad": lambda n: O.Adagrad(n.parameters(), lr=0.1),
    "adagrad-decays": lambda n: O.Adagrad(n.parameters(), lr=0.1, lr_decay=0.1, weight_decay=0.01, initial_accumulator_value=0.2),
    "adadelta": lambda n: O.Adadelta(n.parameters(), weight_decay=0.01),
    "rmsprop": lambda n: O.RMSprop(n.parameters(), weight_decay=0.01),
    "rmsprop-centered": lambda n: O.RMSprop(n.parameters(), lr=0.02, alpha=0.9, momentum=0.5, centered=True),
    "adamax": lambda n: O.Adamax(n.parameters(), weight_decay=0.01),
    "asgd": lambda n: O.ASGD(n.parameters(), weight_decay=0.01),
    "asgd-averages": lambda n: O.ASGD(n.parameters(), lr=0.1, lambd=0.02, alpha=0.6, t0=3),
    "rprop": lambda n: O.Rprop(n.parameters()),
    "rprop-steps": lambda n: O.Rprop(n.parameters(), lr=0.03, etas=(0.4, 1.5), step_sizes=(0.01, 0.05)),
    "ftrl": lambda n: FTRL(n.parameters(), lr=0.1),
    "ftrl-sparse": lambda n: FTRL(n.parameters(), lr=0.1, power=-0.7, l1=0.05, l2=0.02, shrinkage=0.01, beta=0.1),
    "lion": lambda n: Lion(n.parameters(), lr=0.01, weight_decay=0.1),
    "lamb": lambda n: LAMB(n.parameters(), lr=0.02, weight_decay=0.1),
    "adafactor": lambda n: O.Adafactor(n.parameters()),
    "adafactor-decays": lambda n: O.Adafactor(n.parameters(), lr=0.05, beta2_decay=-0.5, eps=(1e-5, 1e-2), d=1.2, weight_decay=0.1),
    "muon": muon,
    "groups": groups,
    "clip-norm": lambda n: O.SGD(n.parameters(), lr=0.5),
    "clip-each": lambda n: O.SGD(n.parameters(), lr=0.5),
    "clip-value": lambda n: O.SGD(n.parameters(), lr=0.5),
    "chain": lambda n: O.SGD(n.parameters(), lr=0.5),
    "penalties": lambda n: O.SGD(n.parameters(), lr=0.5),
    "accumulate": lambda n: O.Adam(n.parameters(), lr=0.02),
    "ema": lambda n: O.Adam(n.parameters(), lr=0.02),
    "swa": lambda n: O.Adam(n.parameters(), lr=0.02),
    "look-ahead": lambda n: O.Adam(n.parameters(), lr=0.02),
    "one-cycle": lambda n: O.SGD(n.parameters(), lr=0.1, momentum=0.9),
    "one-cycle-adam": lambda n: O.Adam(n.parameters(), lr=0.1),
    "sparse-adam": lambda n: O.SparseAdam(n.parameters(), lr=0.1),
    "sparse-adagrad": lambda n: O.Adagrad(n.parameters(), lr=0.1),
    "sparse-sgd": lambda n: O.SGD(n.parameters(), lr=0.1),
}

import torch.optim._muon as muon_module


class F64:
    """`torch` for PyTorch's Muon, with f64 in place of bf16."""

    bfloat16 = torch.float64

    def __getattr__(self, name):
        return getattr(torch, name)


muon_module.torch = F64()

torch.manual_seed(0)
initial = {"mlp": MLP().state_dict(), "table": Table().state_dict()}
for values in initial.values():
    for key, value in values.items():
        put("initial." + key, value)
x = torch.randn(STEPS, 8, 4)
y = torch.randint(0, 3, (STEPS, 8))
ids = torch.randint(0, 8, (STEPS, 8, 2))
put("x", x)
put("y", y)
put("ids", ids)

for case, make in CASES.items():
    isTable = case.startswith("sparse")
    net = Table() if isTable else MLP()
    net.load_state_dict(initial["table" if isTable else "mlp"])
    optimizers = make(net)
    optimizers = optimizers if isinstance(optimizers, list) else [optimizers]
    schedule = None
    if case.startswith("one-cycle"):
        schedule = S.OneCycleLR(optimizers[0], max_lr=0.2, total_steps=STEPS)
    averaged = None
    if case == "ema":
        averaged = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(0.9))
    if case == "swa":
        averaged = AveragedModel(net)
    slow = [p.detach().clone() for p in net.parameters()]
    losses = []
    for step in range(STEPS):
        loss = F.cross_entropy(net(ids[step] if isTable else x[step]), y[step])
        if case == "penalties":
            loss = loss + 0.01 * sum(p.abs().sum() for p in net.parameters())
            loss = loss + 0.02 * sum((p * p).sum() for p in net.parameters())
        (loss / 2 if case == "accumulate" else loss).backward()
        losses.append(loss.detach())
        with torch.no_grad():
            if case == "clip-norm":
                clip_grad_norm_(net.parameters(), 0.2)
            if case == "clip-each":
                for p in net.parameters():
                    clip_grad_norm_([p], 0.1)
            if case == "clip-value":
                clip_grad_value_(net.parameters(), 0.05)
            if case == "chain":
                for p in net.parameters():
                    if p.ndim > 1:
                        p.grad -= p.grad.mean(dim=1, keepdim=True)
                    p.grad += 0.1 * p
                clip_grad_norm_(net.parameters(), 0.2)
        if case != "accumulate" or step % 2 == 1:
            for optimizer in optimizers:
                optimizer.step()
                optimizer.zero_grad()
        if schedule and step < STEPS - 1:
            schedule.step()
        if case == "ema" or case == "swa" and step >= 3 and (step - 3) % 2 == 0:
            averaged.update_parameters(net)
        if case == "look-ahead" and step % 3 == 2:
            with torch.no_grad():
                for s, p in zip(slow, net.parameters()):
                    s += 0.6 * (p - s)
                    p.copy_(s)
        if step in (0, 9):
            for name, p in net.named_parameters():
                put(f"{case}.{step}.{name}", p)
    put(f"{case}.loss", torch.stack(losses))
    names = {p: name for name, p in net.named_parameters()}
    for optimizer in optimizers:
        for p, state in optimizer.state.items():
            for key, value in state.items():
                # ASGD's eta and mu follow from the step.
                if key not in ("step", "eta", "mu") and value is not None:
                    put(f"{case}.state.{names[p]}.{key}", value)
    if averaged:
        for name, p in averaged.module.named_parameters():
            put(f"{case}.state.{name}.averaged", p)

# L-BFGS: some steps of up to five iterations on one batch.
for case, search in (("lbfgs", None), ("lbfgs-wolfe", "strong_wolfe")):
    net = MLP()
    net.load_state_dict(initial["mlp"])
    optimizer = O.LBFGS(net.parameters(), lr=0.5 if search is None else 1, max_iter=5, history_size=3, line_search_fn=search)

    def closure():
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x[0]), y[0]) + 0.01 * sum((p * p).sum() for p in net.parameters())
        loss.backward()
        return loss

    losses, evaluations = [], []
    for step in range(6):
        losses.append(optimizer.step(closure).detach())
        evaluations.append(optimizer.state[next(net.parameters())]["func_evals"])
    put(f"{case}.loss", torch.stack(losses))
    put(f"{case}.evaluations", evaluations)
    for name, p in net.named_parameters():
        put(f"{case}.{name}", p)


# Schedules.


def curve(name, make, steps=60, key="lr", optimizer=None):
    parameter = nn.Parameter(torch.zeros(1))
    optimizer = O.SGD([parameter], lr=0.5, momentum=0.9)
    schedule = make(optimizer)
    values = []
    for _ in range(steps):
        values.append(optimizer.param_groups[0][key])
        optimizer.step()
        schedule.step()
    put("schedule." + name, values)


curve("step", lambda o: S.StepLR(o, 7, gamma=0.3))
curve("multi-step", lambda o: S.MultiStepLR(o, [5, 11, 40], gamma=0.2))
curve("exponential", lambda o: S.ExponentialLR(o, 0.93))
curve("polynomial", lambda o: S.PolynomialLR(o, total_iters=40, power=2.5))
curve("linear", lambda o: S.LinearLR(o, start_factor=0.25, end_factor=0.8, total_iters=20))
curve("constant", lambda o: S.ConstantLR(o, factor=0.2, total_iters=9))
curve("cosine", lambda o: S.CosineAnnealingLR(o, T_max=60, eta_min=0.01))
curve("restarts", lambda o: S.CosineAnnealingWarmRestarts(o, T_0=7, T_mult=2, eta_min=0.01))
curve("restarts-even", lambda o: S.CosineAnnealingWarmRestarts(o, T_0=7))
curve("cyclic", lambda o: S.CyclicLR(o, 0.1, 0.6, step_size_up=5, step_size_down=8))
for key, name in (("lr", ""), ("momentum", "-momentum")):
    curve("one-cycle" + name, lambda o: S.OneCycleLR(o, 0.7, total_steps=61), key=key)
    curve("one-cycle-linear" + name, lambda o: S.OneCycleLR(o, 0.7, total_steps=61, pct_start=0.4, anneal_strategy="linear", three_phase=True, div_factor=10, final_div_factor=100), key=key)
curve("sequential", lambda o: S.SequentialLR(o, [S.ConstantLR(o, 0.1, total_iters=100), S.ExponentialLR(o, 0.9), S.StepLR(o, 4, gamma=0.5)], milestones=[8, 20]))

metric = torch.cat([torch.linspace(2, 1, 12), 1 + 0.00005 * torch.randn(20), torch.linspace(0.9, 0.8, 6), 0.8 + 0.1 * torch.rand(22)])
put("plateau.metric", metric)
for name, settings in {
    "default": {},
    "eager": dict(factor=0.5, patience=2, cooldown=3, min_lr=0.02, threshold=0.01, threshold_mode="abs"),
    "maximum": dict(mode="max", factor=0.5, patience=4, threshold=0.05),
}.items():
    optimizer = O.SGD([nn.Parameter(torch.zeros(1))], lr=0.5)
    schedule = S.ReduceLROnPlateau(optimizer, **settings)
    values = []
    for value in metric:
        schedule.step(value)
        values.append(optimizer.param_groups[0]["lr"])
    put("plateau." + name, values)

# Pruning masks.
torch.manual_seed(1)
layer = nn.Linear(5, 8)
put("prune.weight", layer.weight)
prune.l1_unstructured(layer, "weight", amount=0.3)
put("prune.magnitude", layer.weight_mask)
prune.remove(layer, "weight")
layer.weight.data = T["prune.weight"].clone()
prune.ln_structured(layer, "weight", amount=0.5, n=2, dim=0)
put("prune.rows", layer.weight_mask)
first, second = nn.Linear(5, 8), nn.Linear(8, 3)
put("prune.first", first.weight)
put("prune.second", second.weight)
prune.global_unstructured([(first, "weight"), (second, "weight")], pruning_method=prune.L1Unstructured, amount=0.4)
put("prune.first_mask", first.weight_mask)
put("prune.second_mask", second.weight_mask)

save_file(T, sys.argv[1] + ".safetensors")
