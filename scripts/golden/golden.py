"""Collects golden cases and writes them as one safetensors file.

A case is an operation with operands and expected results. The tensors are numbered and may be
shared; the operation, with its attributes, is a JSON text in the file's metadata under the case's name.
"""

import json

import torch
from safetensors.torch import save_file

DTYPES = {
    "bool": torch.bool, "u8": torch.uint8, "i8": torch.int8, "i16": torch.int16,
    "i32": torch.int32, "i64": torch.int64, "f16": torch.float16, "bf16": torch.bfloat16,
    "f32": torch.float32, "f64": torch.float64,
}
NAMES = {dtype: name for name, dtype in DTYPES.items()}
INTEGERS = ["u8", "i8", "i16", "i32", "i64"]
FLOATS = ["f16", "bf16", "f32", "f64"]
NUMBERS = INTEGERS + FLOATS


class Golden:
    def __init__(self):
        self.tensors = {}
        self.cases = {}

    def tensor(self, tensor):
        """The number under which a tensor is kept; equal tensors are kept once."""
        tensor = tensor.detach().clone(memory_format=torch.contiguous_format)
        data = tensor.reshape(-1).view(torch.uint8).numpy().tobytes() if tensor.numel() else b""
        key = (tensor.dtype, tuple(tensor.shape), data)
        if key not in self.tensors:
            self.tensors[key] = (len(self.tensors), tensor)
        return self.tensors[key][0]

    def add(self, primitive, attributes, operands, results, ulps=0, label=""):
        """Keeps a case. `ulps`: how far, in units of the last place, a result may be off."""
        if torch.is_tensor(results):
            results = [results]
        name = f"{primitive} {label or self.label(operands, results)}"
        suffix = 2
        while name in self.cases:
            name = f"{primitive} {label or self.label(operands, results)} #{suffix}"
            suffix += 1
        case = {
            "primitive": {"name": primitive, **attributes},
            "operands": [self.tensor(operand) for operand in operands],
            "results": [self.tensor(result) for result in results],
        }
        if ulps:
            case["ulps"] = ulps
        self.cases[name] = json.dumps(case, separators=(",", ":"))

    @staticmethod
    def label(operands, results):
        def one(tensor):
            return NAMES[tensor.dtype] + str(list(tensor.shape)).replace(" ", "")
        return ",".join(one(t) for t in (operands if operands else results))

    def write(self, path):
        tensors = {str(number): tensor for number, tensor in self.tensors.values()}
        save_file(tensors, path, metadata=self.cases)
        path.chmod(0o644)
        print(f"{path}: {len(self.cases)} cases, {len(self.tensors)} tensors")
