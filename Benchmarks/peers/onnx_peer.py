"""ONNX Runtime, for inference.

    python onnx_peer.py <workload> <folder>

Settings: all graph optimisations, inputs and outputs bound once.
"""

import sys

import numpy
import onnxruntime
from safetensors.numpy import load_file

import protocol
import workloads

workload, folder = workloads.named(sys.argv[1]), sys.argv[2]


def session():
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = protocol.threads()
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    path = f"{folder}/{workload.onnx}"
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def inference():
    x = load_file(f"{folder}/{workload.inputs}")["x"]
    if workload.model == "gpt":
        return generation(x)
    if workload.model in ["resnet50"]:
        x = numpy.ascontiguousarray(x.transpose(0, 3, 1, 2))
    runner = session()
    output = runner.get_outputs()[0]
    y = onnxruntime.OrtValue.ortvalue_from_shape_and_type(output.shape, numpy.float32)
    binding = runner.io_binding()
    binding.bind_ortvalue_input("x", onnxruntime.OrtValue.ortvalue_from_numpy(x))
    binding.bind_ortvalue_output("y", y)

    def run(index):
        runner.run_with_iobinding(binding)
        return y

    run.compared = lambda y: y.numpy().flatten()[: workloads.COMPARED_VALUES]
    return run


def generation(x):
    """Tokens one after the other; keys and values stay inside ONNX Runtime from token to token."""
    runner = session()
    value = onnxruntime.OrtValue.ortvalue_from_numpy
    heads, layers = workloads.GPT["heads"], workloads.GPT["layers"]
    names = [f"{kind}{layer}" for layer in range(layers) for kind in ["key", "value"]]
    empty = value(numpy.zeros([x.shape[0], heads, 0, workloads.GPT["width"] // heads], numpy.float32))
    tokens = [value(numpy.ascontiguousarray(x[:, place])) for place in range(x.shape[1])]
    positions = [value(numpy.array([place])) for place in range(x.shape[1])]

    def run(index):
        past = [empty] * len(names)
        for place in range(x.shape[1]):
            binding = runner.io_binding()
            binding.bind_ortvalue_input("token", tokens[place])
            binding.bind_ortvalue_input("position", positions[place])
            for name, old in zip(names, past):
                binding.bind_ortvalue_input(f"past_{name}", old)
            binding.bind_output("y", "cpu")
            for name in names:
                binding.bind_output(f"present_{name}", "cpu")
            runner.run_with_iobinding(binding)
            logits, *past = binding.get_outputs()
            scores = logits.numpy()
            scores.argmax(-1).tolist()
        return scores

    run.compared = lambda y: y.flatten()[: workloads.COMPARED_VALUES]
    return run


protocol.serve(workload, inference)
