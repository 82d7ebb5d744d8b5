"""JAX with optax, a whole training step under one `jit`.

    python jax_peer.py <workload> <folder>

Settings: parameters and optimizer state donated, channels-last images, the recurrence as a scan.
"""

import functools
import sys

import jax
import numpy
import optax
from jax import numpy as jnp
from safetensors.numpy import load_file

import protocol
import workloads

workload, folder = workloads.named(sys.argv[1]), sys.argv[2]
dtype = jnp.bfloat16 if workload.precision == "bf16" else jnp.float32


def linear(p, name, x):
    y = x @ p[f"{name}.weight"].astype(x.dtype).T
    return y + p[f"{name}.bias"].astype(x.dtype) if f"{name}.bias" in p else y


def convolution(p, name, x, stride=1, padding=1):
    y = jax.lax.conv_general_dilated(
        x, p[f"{name}.weight"].astype(x.dtype), (stride, stride), [(padding, padding)] * 2,
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
    )
    return y + p[f"{name}.bias"].astype(x.dtype) if f"{name}.bias" in p else y


def max_pool(x):
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def layer_norm(p, name, x, epsilon=1e-5):
    wide = x.astype(jnp.float32)
    mean = wide.mean(-1, keepdims=True)
    variance = jnp.square(wide - mean).mean(-1, keepdims=True)
    y = (wide - mean) * jax.lax.rsqrt(variance + epsilon)
    return (y * p[f"{name}.weight"] + p[f"{name}.bias"]).astype(x.dtype)


def batch_norm(p, state, name, x, epsilon=1e-5, momentum=0.1):
    """Normalises by the batch; the running statistics that move go into `state`."""
    wide = x.astype(jnp.float32)
    mean = wide.mean((0, 1, 2))
    variance = jnp.square(wide - mean).mean((0, 1, 2))
    count = x.size // x.shape[-1]
    moved = {"running_mean": mean, "running_var": variance * (count / (count - 1))}
    for kind, value in moved.items():
        old = state[f"{name}.{kind}"]
        state[f"{name}.{kind}"] = old + momentum * (value - old)
    y = (wide - mean) * jax.lax.rsqrt(variance + epsilon)
    return (y * p[f"{name}.weight"] + p[f"{name}.bias"]).astype(x.dtype)


def mlp(p, state, x):
    return linear(p, "output", jax.nn.relu(linear(p, "hidden", x.astype(dtype))))


def cnn(p, state, x):
    x = max_pool(jax.nn.relu(convolution(p, "conv1", x.astype(dtype))))
    x = max_pool(jax.nn.relu(convolution(p, "conv2", x)))
    return linear(p, "output", jax.nn.relu(linear(p, "hidden", x.reshape(x.shape[0], -1))))


def resnet18(p, state, x):
    x = jax.nn.relu(batch_norm(p, state, "bn1", convolution(p, "conv1", x.astype(dtype))))
    for stage in range(4):
        for block in range(2):
            name = f"layer{stage + 1}.{block}"
            stride = 2 if block == 0 and stage else 1
            short = x
            if f"{name}.downsample.0.weight" in p:
                short = convolution(p, f"{name}.downsample.0", x, stride, 0)
                short = batch_norm(p, state, f"{name}.downsample.1", short)
            x = convolution(p, f"{name}.conv1", x, stride)
            x = jax.nn.relu(batch_norm(p, state, f"{name}.bn1", x))
            x = batch_norm(p, state, f"{name}.bn2", convolution(p, f"{name}.conv2", x))
            x = jax.nn.relu(x + short)
    return linear(p, "fc", x.mean((1, 2)))


def lstm(p, state, tokens):
    x = p["embedding.weight"][tokens.T].astype(dtype)
    for layer in range(workloads.LSTM["layers"]):
        x = lstm_layer(p, layer, x)
    return linear(p, "output", x.transpose(1, 0, 2))


def lstm_layer(p, layer, x):
    bias = p[f"lstm.bias_ih_l{layer}"] + p[f"lstm.bias_hh_l{layer}"]
    inputs = x @ p[f"lstm.weight_ih_l{layer}"].astype(x.dtype).T + bias.astype(x.dtype)
    weight = p[f"lstm.weight_hh_l{layer}"].astype(x.dtype).T

    def step(carry, slice):
        hidden, cell = carry
        gates = (slice + hidden @ weight).astype(jnp.float32)
        i, f, g, o = jnp.split(gates, 4, -1)
        cell = jax.nn.sigmoid(f) * cell + jax.nn.sigmoid(i) * jnp.tanh(g)
        hidden = (jax.nn.sigmoid(o) * jnp.tanh(cell)).astype(x.dtype)
        return (hidden, cell), hidden

    shape = x.shape[1:]
    return jax.lax.scan(step, (jnp.zeros(shape, x.dtype), jnp.zeros(shape, jnp.float32)), inputs)[1]


def gpt(p, state, tokens):
    time, heads = tokens.shape[1], workloads.GPT["heads"]
    x = (p["wte.weight"][tokens] + p["wpe.weight"][:time]).astype(dtype)
    mask = jnp.tril(jnp.ones((time, time), bool))
    for layer in range(workloads.GPT["layers"]):
        name = f"h.{layer}"
        qkv = linear(p, f"{name}.attn.c_attn", layer_norm(p, f"{name}.ln_1", x))
        q, k, v = (a.reshape(*a.shape[:2], heads, -1) for a in jnp.split(qkv, 3, -1))
        scores = jnp.einsum("bqhd,bkhd->bhqk", q, k).astype(jnp.float32) / q.shape[-1] ** 0.5
        share = jax.nn.softmax(jnp.where(mask, scores, -jnp.inf)).astype(x.dtype)
        mixed = jnp.einsum("bhqk,bkhd->bqhd", share, v).reshape(x.shape)
        x = x + linear(p, f"{name}.attn.c_proj", mixed)
        h = linear(p, f"{name}.c_fc", layer_norm(p, f"{name}.ln_2", x))
        x = x + linear(p, f"{name}.c_proj", jax.nn.gelu(h, approximate=False))
    return layer_norm(p, "ln_f", x) @ p["wte.weight"].astype(x.dtype).T


def is_buffer(name):
    return name.endswith(("running_mean", "running_var", "num_batches_tracked"))


def adapted(name, value):
    """PyTorch's weights in JAX's order of axes."""
    if value.ndim == 4:
        return value.transpose(2, 3, 1, 0)
    if (workload.model, name) == ("cnn", "hidden.weight"):
        return value.reshape(128, 64, 7, 7).transpose(0, 2, 3, 1).reshape(128, -1)
    return value


def training():
    model = globals()[workload.model]
    loaded = load_file(f"{folder}/{workload.weights}")
    p = {n: jnp.asarray(adapted(n, v)) for n, v in loaded.items() if not is_buffer(n)}
    state = {n: jnp.asarray(v) for n, v in loaded.items() if is_buffer(n) and v.ndim}
    inputs = load_file(f"{folder}/{workload.inputs}")
    batches = [(jnp.asarray(x), jnp.asarray(y)) for x, y in zip(inputs["x"], inputs["y"])]
    optimizer = optax.adam(inputs["learning_rate"].item())
    memory = optimizer.init(p)

    def loss_of(p, state, x, y):
        state = dict(state)
        logits = model(p, state, x).astype(jnp.float32)
        return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean(), state

    @functools.partial(jax.jit, donate_argnums=(0, 1, 2))
    def step(p, state, memory, x, y):
        (loss, state), gradients = jax.value_and_grad(loss_of, has_aux=True)(p, state, x, y)
        updates, memory = optimizer.update(gradients, memory, p)
        return optax.apply_updates(p, updates), state, memory, loss

    def run(index):
        nonlocal p, state, memory
        p, state, memory, loss = step(p, state, memory, *batches[index % len(batches)])
        # Donated results are ready when the loss is: one program makes them all.
        return float(jax.block_until_ready((p, loss))[1])

    return run


protocol.serve(workload, training)
