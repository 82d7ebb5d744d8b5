"""Writes what all runners of a workload share into a folder: first weights, inputs, the ONNX model.

    python prepare.py <workload> <folder>

Images are channels-last. Nothing is written twice.
"""

import os
import sys
import warnings

import torch
from safetensors.torch import save_file

import models
import workloads


def weights(model_name, folder):
    path = f"{folder}/{model_name}.weights.safetensors"
    if os.path.exists(path):
        return
    model = models.make(model_name)
    if model_name == "resnet50":
        settle(model)
    save(model.state_dict(), path)


def settle(model):
    """Running statistics as after training: those of random images."""
    norms = [m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = 1.0
    with torch.no_grad():
        model.train()(torch.randn(4, 3, 224, 224))


def inputs(workload, folder):
    path = f"{folder}/{workload.inputs}"
    if os.path.exists(path):
        return
    torch.manual_seed(1)
    if workload.kind == "train":
        shape = [workloads.BATCH_COUNT, workloads.TRAIN_BATCH[workload.model]]
    else:
        shape = [workload.batch]
    tensors = {}
    match workload.model:
        case "mlp":
            tensors["x"] = torch.randn(*shape, 784)
        case "cnn":
            tensors["x"] = torch.randn(*shape, 28, 28, 1)
        case "resnet18":
            tensors["x"] = torch.randn(*shape, 32, 32, 3)
        case "resnet50":
            tensors["x"] = torch.randn(*shape, 224, 224, 3)
        case "bert":
            tensors["x"] = torch.randint(workloads.BERT["vocabulary"], (*shape, workloads.BERT["time"]))
        case "lstm":
            words = torch.randint(workloads.LSTM["vocabulary"], (*shape, workloads.LSTM["time"] + 1))
            tensors["x"], tensors["y"] = words[..., :-1], words[..., 1:]
        case "gpt":
            time = workloads.GPT["context"] if workload.kind == "train" else workloads.GENERATED
            words = torch.randint(workloads.GPT["vocabulary"], (*shape, time + 1))
            tensors["x"], tensors["y"] = words[..., :-1], words[..., 1:]
    if workload.kind == "train" and "y" not in tensors:
        tensors["y"] = torch.randint(10, shape)
    if workload.kind == "train":
        rate = workloads.LEARNING_RATE[workload.model]
        tensors["learning_rate"] = torch.tensor(rate, dtype=torch.float64)
    save(tensors, path)


def save(tensors, path):
    contiguous = {name: tensor.contiguous().clone() for name, tensor in tensors.items()}
    save_file(contiguous, path + ".part")
    os.rename(path + ".part", path)


class Step(torch.nn.Module):
    """One token of generation as a module of its own, for export."""

    def __init__(self, gpt):
        super().__init__()
        self.gpt = gpt

    def forward(self, token, position, *past):
        logits, present = self.gpt.step(token, position, past)
        return logits, *present


def onnx(workload, folder):
    path = f"{folder}/{workload.onnx}"
    if os.path.exists(path):
        return
    from safetensors.torch import load_file

    model = models.make(workload.model)
    model.load_state_dict(load_file(f"{folder}/{workload.weights}"))
    model.eval()
    x = load_file(f"{folder}/{workload.inputs}")["x"]
    options = dict(input_names=["x"], output_names=["y"])
    arguments = (x,)
    if workload.model in models.IS_IMAGE:
        arguments = (x.permute(0, 3, 1, 2).contiguous(),)
    if workload.model == "gpt":
        heads, layers = workloads.GPT["heads"], workloads.GPT["layers"]
        shape = [workload.batch, heads, 3, workloads.GPT["width"] // heads]
        names = [f"{kind}{layer}" for layer in range(layers) for kind in ["key", "value"]]
        past = [torch.zeros(shape) for _ in names]
        arguments = (x[:, 0], torch.tensor([3]), *past)
        options = dict(
            input_names=["token", "position"] + [f"past_{n}" for n in names],
            output_names=["y"] + [f"present_{n}" for n in names],
            dynamic_axes={f"{when}_{n}": {2: when} for n in names for when in ["past", "present"]},
        )
        model = Step(model)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(model, arguments, path + ".part", opset_version=17, dynamo=False, **options)
    os.rename(path + ".part", path)


if __name__ == "__main__":
    workload, folder = workloads.named(sys.argv[1]), sys.argv[2]
    os.makedirs(folder, exist_ok=True)
    weights(workload.model, folder)
    inputs(workload, folder)
    if workload.kind == "infer":
        onnx(workload, folder)
