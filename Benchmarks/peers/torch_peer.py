"""PyTorch, eager or compiled.

    python torch_peer.py <workload> <folder> [--compile]

Settings: fused Adam, channels-last images, `inference_mode`, autocast for bf16; compiled inference with
frozen weights.
"""

import contextlib
import sys

import torch
import torch._inductor.config
from safetensors.torch import load_file
from torch.nn import functional as F

import models
import protocol
import workloads

workload, folder = workloads.named(sys.argv[1]), sys.argv[2]
is_compiled = "--compile" in sys.argv
torch.set_num_threads(protocol.threads())
torch.set_num_interop_threads(1)


def load():
    model = models.make(workload.model)
    model.load_state_dict(load_file(f"{folder}/{workload.weights}"))
    inputs = load_file(f"{folder}/{workload.inputs}")
    if workload.model in models.IS_IMAGE:
        model = model.to(memory_format=torch.channels_last)
        # A channels-last tensor in PyTorch's order of axes.
        inputs["x"] = inputs["x"].movedim(-1, -3)
    return model, inputs


def training():
    model, inputs = load()
    model.train()
    rate = inputs["learning_rate"].item()
    optimizer = torch.optim.Adam(model.parameters(), lr=rate, fused=True)
    batches = list(zip(inputs["x"], inputs["y"]))

    def loss_of(x, y):
        return F.cross_entropy(model(x).flatten(0, -2), y.flatten())

    forward = torch.compile(loss_of) if is_compiled else loss_of
    is_mixed = workload.precision == "bf16"

    def run(index):
        x, y = batches[index % len(batches)]
        with torch.autocast("cpu", torch.bfloat16) if is_mixed else contextlib.nullcontext():
            loss = forward(x, y)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        return loss.item()

    return run


def inference():
    model, inputs = load()
    model.eval()
    if is_compiled:
        torch._inductor.config.freezing = True
    x = inputs["x"]
    if workload.model == "gpt":
        return generation(model, x)
    forward = torch.compile(model) if is_compiled else model

    def run(index):
        with torch.inference_mode():
            return forward(x)

    run.compared = lambda y: y.flatten()[: workloads.COMPARED_VALUES]
    return run


def generation(model, x):
    """Tokens one after the other. The keys and values so far grow, or, where compiled, have full length."""
    heads, layers, time = workloads.GPT["heads"], workloads.GPT["layers"], x.shape[1]
    shape = [x.shape[0], heads, time if is_compiled else 0, workloads.GPT["width"] // heads]
    positions = torch.arange(time).split(1)
    compiled = torch.compile(model.step_in_place)

    def run(index):
        with torch.inference_mode():
            past = [torch.zeros(shape) for _ in range(2 * layers)]
            for place in range(time):
                if is_compiled:
                    logits = compiled(x[:, place], positions[place], past)
                else:
                    logits, past = model.step(x[:, place], positions[place], past)
                logits.argmax(-1).tolist()
            return logits

    run.compared = lambda y: y.flatten()[: workloads.COMPARED_VALUES]
    return run


protocol.serve(workload, training if workload.kind == "train" else inference)
