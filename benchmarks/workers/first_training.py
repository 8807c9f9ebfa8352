"""The first training in a process, and the second: ``first_training [cache directory]``."""

import json
import sys
import time

import jax
import optax

import separatrix as sx


def main() -> None:
    """Train twice for as long as the primer does."""
    if len(sys.argv) > 1:
        sx.enable_compilation_cache(sys.argv[1])
    task = sx.tasks.PerceptualDecisionMaking()
    network = sx.networks.CTRNN(3, 64, 3, key=jax.random.key(0))
    optimizer, times = optax.adam(1e-3), []
    for _ in range(3):
        start = time.perf_counter()
        sx.train(
            network, task, steps=1280, optimizer=optimizer, key=jax.random.key(1), progress=False
        )
        times.append(time.perf_counter() - start)
    print(json.dumps({"first": times[0], "compilation": times[0] - times[2]}))


if __name__ == "__main__":
    main()
