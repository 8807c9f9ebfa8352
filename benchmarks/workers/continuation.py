"""Branches of a network of rank one in a process of its own: ``continuation units``."""

import json
import sys
import time

import jax.numpy as jnp
import numpy as np

import separatrix as sx
from benchmarks.workers.memory import peak

OVERLAP = 1.8
"""Of the two vectors: the pitchfork is where the gain is 1 over it, in any number of units."""


def main() -> None:
    """Follow every branch with the options as they come; compilation is included."""
    size = int(sys.argv[1])
    rng = np.random.default_rng(0)
    m, n = rng.standard_normal(size), rng.standard_normal(size)
    n += (OVERLAP - n @ m / size) * m / (m @ m / size)

    def system_of(gain: float) -> sx.Flow:
        return sx.Flow(lambda x: -x + gain * m * (n @ jnp.tanh(x)) / size, size)

    start, used = time.perf_counter(), time.process_time()
    branches = sx.continue_fixed_points(system_of, np.zeros(size), (0.0, 1.0), name="gain")
    result = {
        "seconds": time.perf_counter() - start,
        "processor": time.process_time() - used,
        "memory": peak(),
        "points": len(branches),
        "branches": branches.n_branches,
        "error": float(np.abs(branches.special("pitchfork") - 1 / OVERLAP).max(initial=0.0)),
        "found": branches.n_special,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
