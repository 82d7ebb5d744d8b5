"""The workloads: their names, sizes and arithmetic. Needs nothing but Python, the driver reads it too."""

from dataclasses import dataclass

TRAINED = ["mlp", "cnn", "resnet18", "lstm", "gpt"]
INFERRED = ["resnet50", "bert", "gpt", "mlp"]
BATCHES = [1, 8]

# Sizes that several files need.
TRAIN_BATCH = {"mlp": 128, "cnn": 128, "resnet18": 32, "lstm": 32, "gpt": 8}
# How many different batches training goes round.
BATCH_COUNT = 4
LSTM = dict(vocabulary=1000, width=256, layers=2, time=64)
GPT = dict(vocabulary=65, width=384, layers=6, heads=6, context=256)
BERT = dict(vocabulary=30522, width=768, layers=12, heads=12, inner=3072, positions=512, time=128)
# Tokens of one generated sequence.
GENERATED = 64

# Training steps of which the losses are compared, and elements of an output.
COMPARED_STEPS = 5
COMPARED_VALUES = 64
# Of Adam. Batch normalisation at first weights multiplies the smallest differences in rounding, so that
# with larger steps the losses of the peers themselves would part.
LEARNING_RATE = {"mlp": 1e-3, "cnn": 1e-3, "resnet18": 1e-4, "lstm": 1e-3, "gpt": 1e-3}


@dataclass(frozen=True)
class Workload:
    model: str
    kind: str
    precision: str
    batch: int | None = None

    @property
    def name(self):
        tail = f".batch{self.batch}" if self.batch else ""
        return f"{self.model}.{self.kind}.{self.precision}{tail}"

    @property
    def inputs(self):
        tail = f".batch{self.batch}" if self.batch else ""
        return f"{self.model}.{self.kind}{tail}.safetensors"

    @property
    def weights(self):
        return f"{self.model}.weights.safetensors"

    @property
    def onnx(self):
        return f"{self.model}.batch{self.batch}.onnx"

    @property
    def peers(self):
        if self.kind == "train":
            return ["torch", "torch_compile", "jax"]
        return ["torch", "torch_compile", "onnxruntime"]

    @property
    def units(self):
        """How often the measured unit of work is done in one repetition."""
        return GENERATED if (self.model, self.kind) == ("gpt", "infer") else 1

    @property
    def flops(self):
        """Of the matrix products and convolutions that the work cannot do without, a unit.

        The backward pass needs twice the forward pass, less the gradient of the input data.
        """
        forward, input_gradient = forward_flops(self.model, self.kind)
        if self.kind == "infer":
            return forward * self.batch
        return (3 * forward - input_gradient) * TRAIN_BATCH[self.model]


ALL = [Workload(m, "train", p) for p in ["f32", "bf16"] for m in TRAINED] + [
    Workload(m, "infer", "f32", b) for m in INFERRED for b in BATCHES
]


def named(name):
    for workload in ALL:
        if workload.name == name:
            return workload
    raise SystemExit(f"there is no workload {name}: " + ", ".join(w.name for w in ALL))


def convolution(extent, kernel, inputs, outputs):
    return 2 * extent * extent * kernel * kernel * inputs * outputs


def forward_flops(model, kind):
    """Of one sample forward, and of the product that makes the gradient of the input data."""
    if model == "mlp":
        first = 2 * 784 * 500
        return first + 2 * 500 * 10, first
    if model == "cnn":
        first = convolution(28, 3, 1, 32)
        second = convolution(14, 3, 32, 64)
        return first + second + 2 * 64 * 49 * 128 + 2 * 128 * 10, first
    if model == "resnet18":
        first = convolution(32, 3, 3, 64)
        total = first + 2 * 512 * 10
        inputs = 64
        for stage, channels in enumerate([64, 128, 256, 512]):
            extent = 32 >> stage
            total += convolution(extent, 3, inputs, channels)
            total += 3 * convolution(extent, 3, channels, channels)
            if inputs != channels:
                total += convolution(extent, 1, inputs, channels)
            inputs = channels
        return total, first
    if model == "resnet50":
        first = convolution(112, 7, 3, 64)
        total = first + 2 * 2048 * 1000
        inputs = 64
        for stage, blocks in enumerate([3, 4, 6, 3]):
            width = 64 << stage
            extent = 56 >> stage
            for block in range(blocks):
                before = extent * (2 if block == 0 and stage else 1)
                total += convolution(before, 1, inputs, width)
                total += convolution(extent, 3, width, width)
                total += convolution(extent, 1, width, 4 * width)
                if block == 0:
                    total += convolution(extent, 1, inputs, 4 * width)
                inputs = 4 * width
        return total, first
    if model == "lstm":
        width = LSTM["width"]
        token = LSTM["layers"] * 2 * 4 * width * 2 * width + 2 * width * LSTM["vocabulary"]
        return token * LSTM["time"], 0
    if model == "bert":
        return transformer(BERT["layers"], BERT["width"], BERT["inner"], BERT["time"], 1), 0
    if model == "gpt":
        width, time = GPT["width"], GPT["context"]
        head = 2 * width * GPT["vocabulary"]
        if kind == "infer":
            # One token that looks back on half of the generated sequence on average.
            layer = 2 * (4 * width * width + 8 * width * width) + 4 * width * GENERATED / 2
            return GPT["layers"] * layer + head, 0
        # A causal model needs half of the products of attention.
        return transformer(GPT["layers"], width, 4 * width, time, 0.5) + time * head, 0
    raise ValueError(model)


def transformer(layers, width, inner, time, share):
    dense = 2 * time * (4 * width * width + 2 * width * inner)
    attention = 2 * 2 * time * time * width * share
    return layers * (dense + attention)
