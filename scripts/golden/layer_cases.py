"""Collects cases of layers for `checkLayer(golden:)` and writes them as one safetensors file.

Each case is a PyTorch module, run in f64 on inputs that f32 holds exactly. Kept are

    case.input.0 …                   the inputs
    case.parameter.<name>            the state dict before
    case.output.0 …                  the outputs in inference mode
    case.training.output.0 …         the outputs in training mode, where `training` is set
    case.after.<name>                the buffers after that
    case.gradient.input.0 …          the gradients of Σ output · weights (in training mode where that
    case.gradient.parameter.<name>   is set), weights being cos(0), cos(1), … in row-major order
"""

import os

import torch
from safetensors.torch import save_file


def to_last(x):
    """[batch, channel, spatial…] as [batch, spatial…, channel]."""
    return x.movedim(1, -1) if torch.is_tensor(x) and x.dim() >= 3 else x


def to_first(x):
    return x.movedim(-1, 1) if torch.is_tensor(x) and x.dim() >= 3 else x


def narrow(x):
    x = x.detach().clone().contiguous()
    return x.float() if x.is_floating_point() else x


def tensors(results):
    if torch.is_tensor(results):
        return [results]
    return [tensor for result in results for tensor in tensors(result)]


class LayerCases:
    def __init__(self):
        self.contents = {}

    def add(self, name, module, *inputs, images=False, training=False, call=None):
        """Keeps a case.

        images: inputs are [batch, channel, spatial…] for PyTorch and kept channels-last, and so are
        the outputs of three axes and more.
        call: from the module and its inputs the outputs; the module's own call if None.
        """
        assert not any(key.startswith(name + ".input") for key in self.contents), name
        module = (module if isinstance(module, torch.nn.Module) else Function(module)).double()
        randomise(module)
        call = call or (lambda module, *inputs: module(*inputs))
        for key, value in module.state_dict().items():
            self.contents[f"{name}.parameter.{key}"] = narrow(value)
        inputs = [x.double() if x.is_floating_point() else x for x in inputs]
        for index, x in enumerate(inputs):
            self.contents[f"{name}.input.{index}"] = narrow(to_last(x) if images else x)
        inputs = [x.requires_grad_() if x.is_floating_point() else x for x in inputs]

        def run(key):
            outputs = tensors(call(module, *inputs))
            outputs = [to_last(output) if images else output for output in outputs]
            for index, output in enumerate(outputs):
                self.contents[f"{name}.{key}.{index}"] = narrow(output)
            return outputs

        module.eval()
        outputs = run("output")
        if training:
            module.train()
            outputs = run("training.output")
            for key, value in module.named_buffers():
                self.contents[f"{name}.after.{key}"] = narrow(value)
        loss = sum(
            (output * torch.cos(torch.arange(output.numel(), dtype=torch.float64)).reshape(output.shape)).sum()
            for output in outputs if output.is_floating_point())
        if not torch.is_tensor(loss) or not loss.requires_grad:
            return
        loss.backward()
        for index, x in enumerate(inputs):
            if x.grad is not None:
                self.contents[f"{name}.gradient.input.{index}"] = narrow(to_last(x.grad) if images else x.grad)
        for key, value in module.named_parameters():
            if value.grad is not None:
                self.contents[f"{name}.gradient.parameter.{key}"] = narrow(value.grad)

    def write(self, path):
        save_file(self.contents, path)
        os.chmod(path, 0o644)
        names = {key.rsplit(".output.0", 1)[0] for key in self.contents if key.endswith(".output.0")}
        print(f"{path}: {len([n for n in names if not n.endswith('.training')])} cases")


class Function(torch.nn.Module):
    """A function as a module without parameters."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *inputs):
        return self.function(*inputs)


@torch.no_grad()
def randomise(module):
    """Other values for what begins as zeros or ones, and all values such that f32 holds them."""
    for key, value in list(module.named_parameters()) + list(module.named_buffers()):
        if not value.is_floating_point():
            continue
        if value.numel() > 0 and value.min() == value.max():
            value.uniform_(0.5, 1.5)
        value.copy_(value.float().double())
