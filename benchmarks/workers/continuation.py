"""Branches of a network in a process of its own: ``continuation units name``."""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
from scipy.linalg import block_diag
from scipy.optimize import brentq

import separatrix as sx
from benchmarks.workers.memory import peak

OVERLAP = 1.8
"""Of the two vectors of rank one: the pitchfork is where the gain is 1 over it, of any size."""
TURN = 0.7
"""Angular frequency of the rotation that loses its stability at gain 1."""


def rank_one(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return m and n with n · m / size = OVERLAP."""
    rng = np.random.default_rng(0)
    m, n = rng.standard_normal(size), rng.standard_normal(size)
    return m, n + (OVERLAP - n @ m / size) * m / (m @ m / size)


def pitchfork(size: int) -> tuple[Callable, np.ndarray, tuple[float, float], list[float]]:
    """x' = −x + g m n·tanh(x)/N in the gain g."""
    m, n = rank_one(size)

    def system_of(gain: float) -> sx.Flow:
        return sx.Flow(lambda x: -x + gain * m * (n @ jnp.tanh(x)) / size, size)

    return system_of, np.zeros(size), (0.0, 1.0), [1 / OVERLAP]


def folds(size: int) -> tuple[Callable, np.ndarray, tuple[float, float], list[float]]:
    """x' = −x + m (n·tanh(x)/N + p) in p: x = κ m with p = κ − n·tanh(κ m)/N, all in one number."""
    m, n = rank_one(size)

    def push(kappa: float) -> float:
        return kappa - n @ np.tanh(kappa * m) / size

    def slope(kappa: float) -> float:
        return 1 - (n * m) @ (1 - np.tanh(kappa * m) ** 2) / size

    # n tanh(κ m) is odd in κ, and so are the two folds
    turn = brentq(slope, 0.0, 100.0, xtol=1e-15)
    fold = abs(push(turn))
    end = 1.5 * fold
    start = brentq(lambda kappa: push(kappa) + end, -100.0, -turn, xtol=1e-15)

    def system_of(p: float) -> sx.Flow:
        return sx.Flow(lambda x: -x + m * ((n @ jnp.tanh(x)) / size + p), size)

    return system_of, start * m, (-end, end), [-fold, fold]


def hopf(size: int) -> tuple[Callable, np.ndarray, tuple[float, float], list[float]]:
    """x' = −x + g Q R Qᵀ tanh(x): 0 loses its stability at g = 1, with a turn of TURN."""
    rng = np.random.default_rng(0)
    pair = np.array([[1.0, -TURN], [TURN, 1.0]])
    rest = 0.5 * rng.standard_normal((size - 2, size - 2)) / np.sqrt(max(size - 2, 1))
    Q = np.linalg.qr(rng.standard_normal((size, size)))[0]
    W = Q @ block_diag(pair, rest) @ Q.T

    def system_of(gain: float) -> sx.Flow:
        return sx.Flow(lambda x: -x + gain * (W @ jnp.tanh(x)), size)

    return system_of, np.zeros(size), (0.5, 1.5), [1.0]


CASES = {"pitchfork": pitchfork, "fold": folds, "Hopf": hopf}


def main() -> None:
    """Follow every branch with the options as they come; compilation is included."""
    size, name = int(sys.argv[1]), sys.argv[2]
    system_of, beginning, span, known = CASES[name](size)
    start, used = time.perf_counter(), time.process_time()
    branches = sx.continue_fixed_points(system_of, beginning, span)
    result: dict[str, Any] = {
        "seconds": time.perf_counter() - start,
        "processor": time.process_time() - used,
        "memory": peak(),
        "points": len(branches),
        "branches": branches.n_branches,
    }
    found = branches.special(name)
    complete = len(found) == branches.n_special == len(known)
    result["special"] = branches.n_special
    result["error"] = float(np.abs(found - known).max()) if complete else None
    print(json.dumps(result))


if __name__ == "__main__":
    main()
