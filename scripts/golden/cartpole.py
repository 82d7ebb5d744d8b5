#!/usr/bin/env python3
"""Episodes of Gymnasium's CartPole-v1, for the tests of `CartPole`: `pip install gymnasium safetensors`.

For each episode the states, `f64[step + 1, 4]`, the actions, `i64[step]`, and how it ended: 1 for a
fall, 2 where the time was over, 3 for both at once.
"""

from pathlib import Path

import gymnasium
import numpy
from safetensors.numpy import save_file

OUT = Path(__file__).resolve().parents[2] / "Tests/ApusModelsTests/Resources/cartpole.safetensors"


def episode(seed, policy):
    env = gymnasium.make("CartPole-v1")
    env.reset(seed=seed)
    states, actions = [numpy.array(env.unwrapped.state, dtype=numpy.float64)], []
    while True:
        actions.append(policy(states[-1], len(actions)))
        _, reward, terminated, truncated, _ = env.step(actions[-1])
        assert reward == 1
        states.append(numpy.array(env.unwrapped.state, dtype=numpy.float64))
        if terminated or truncated:
            break
    return numpy.stack(states), numpy.array(actions), terminated + 2 * truncated


def towards(place):
    """Balances and drives to a place."""
    def policy(state, step):
        lean = max(-0.05, 0.05 * (state[0] - place)) + 0.05 * state[1]
        return int(lean + state[2] + 0.5 * state[3] > 0)
    return policy


def main():
    random = numpy.random.default_rng(0)
    policies = {
        "random": lambda state, step: int(random.integers(2)),
        "left": lambda state, step: 0,
        "middle": towards(0),
        "away": towards(6),
    }
    tensors = {}
    for seed, (name, policy) in enumerate(policies.items()):
        states, actions, end = episode(seed, policy)
        print(name, len(actions), end, states[-1])
        tensors[f"{name}.states"] = states
        tensors[f"{name}.actions"] = actions.astype(numpy.int64)
        tensors[f"{name}.end"] = numpy.array([end], dtype=numpy.int64)
    save_file(tensors, OUT)
    OUT.chmod(0o644)


if __name__ == "__main__":
    main()
