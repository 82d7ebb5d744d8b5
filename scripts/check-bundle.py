#!/usr/bin/env python3
"""Checks a bundle that Apus wrote with the tools of others: safetensors, onnx, onnxruntime.

    scripts/check-bundle.py BUNDLE [IMAGE.png ...] [--expect predictions.json]

Prints one JSON object: the predictions of onnxruntime for each image. With --expect, a file with what
`apus predict --json` printed, it compares them and fails where a probability differs by more than 1e-5.
Needs the Python packages safetensors, onnx, onnxruntime, numpy, Pillow.
"""

import argparse
import json
import os
import sys

import numpy
import onnx
import onnxruntime
from PIL import Image
from safetensors import safe_open


def check_files(folder, description):
    """The weights are safetensors, the model passes ONNX's full check, both hold the same numbers."""
    model_path = os.path.join(folder, "model.onnx")
    onnx.checker.check_model(model_path, full_check=True)
    model = onnx.load(model_path)
    shared = 0
    with safe_open(os.path.join(folder, "weights.safetensors"), framework="numpy") as weights:
        names = set(weights.keys())
        raw = onnx.load(model_path, load_external_data=False)
        external = {t.name for t in raw.graph.initializer if t.data_location == onnx.TensorProto.EXTERNAL}
        for tensor in model.graph.initializer:
            if tensor.name in external:
                assert tensor.name in names, f"{tensor.name} is not among the weights"
                array = onnx.numpy_helper.to_array(tensor)
                assert numpy.array_equal(array, weights.get_tensor(tensor.name)), tensor.name
                shared += 1
    # Counters of batch normalisation, which inference has no use for.
    names = {name for name in names if not name.endswith("num_batches_tracked")}
    assert shared == len(names), f"{len(names) - shared} weights are not used by the model"
    for value, declared in zip(model.graph.input, description["signature"]["inputs"]):
        assert value.name == declared["name"], (value.name, declared["name"])
    return shared


def read(path, size):
    image = Image.open(path).convert("L" if size["channels"] == 1 else "RGB")
    wanted = (size["width"], size["height"])
    assert image.size == wanted, f"{path} is {image.size}, not {wanted}"
    return numpy.asarray(image, dtype=numpy.uint8).reshape(
        1, size["height"], size["width"], size["channels"])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bundle")
    parser.add_argument("images", nargs="*")
    parser.add_argument("--expect")
    options = parser.parse_args()

    with open(os.path.join(options.bundle, "bundle.json")) as file:
        description = json.load(file)
    shared = check_files(options.bundle, description)

    session = onnxruntime.InferenceSession(
        os.path.join(options.bundle, "model.onnx"), providers=["CPUExecutionProvider"])
    labels = description["labels"]
    predictions = []
    if options.images:
        # All at once: the batch must be free.
        pictures = numpy.concatenate([read(path, description["input"]) for path in options.images])
        probabilities = session.run(["probabilities"], {"image": pictures})[0]
        for path, row in zip(options.images, probabilities):
            predictions.append({
                "image": path, "label": labels[int(row.argmax())],
                "probabilities": {label: float(p) for label, p in zip(labels, row)}})

    if options.expect:
        with open(options.expect) as file:
            expected = json.load(file)["predictions"]
        assert len(expected) == len(predictions)
        for ours, theirs in zip(expected, predictions):
            assert ours["label"] == theirs["label"], (ours, theirs)
            for label, probability in theirs["probabilities"].items():
                difference = abs(probability - ours["probabilities"][label])
                assert difference <= 1e-5, (theirs["image"], label, difference)
    print(json.dumps({"weights": shared, "predictions": predictions}))


if __name__ == "__main__":
    try:
        main()
    except AssertionError as error:
        sys.exit(f"check-bundle: {error}")
