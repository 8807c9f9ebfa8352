"""Piecewise-linear residuals, of which region walks and descents of the speed are tested."""

from itertools import product
from pathlib import Path

import jax
import numpy as np

from separatrix.solvers.piecewise_linear import recognize

DATA = Path(__file__).parent / "data"


def residual_of(function, size):
    return recognize(function, size).minus_identity()


def primer(seed, order=slice(None)):
    """The rectified network of the primer, its units in some order, and its activity."""
    data = np.load(DATA / f"brainpy_seed{seed}.npz")
    W = data["w_rr"][order][:, order]
    drive = (np.array([1.0, 0.5, 0.5]) @ data["w_ir"] + data["b_rr"])[order]
    states = data["activity"].reshape(-1, 64)[:, order]
    return residual_of(lambda h: jax.nn.relu(drive + h @ W), 64), states


def enumerated(residual):
    """The zeros of all regions of a residual, (zero, unit), each solved by itself."""
    found = []
    for pattern in product([False, True], repeat=residual.gate_count):
        B, b = residual.piece(np.array(pattern))
        if abs(np.linalg.det(B)) > 1e-12:
            x = np.linalg.solve(B, -b)
            if (residual.gates(x) == np.array(pattern)).all():
                found.append(x)
    return np.array(found).reshape(-1, residual.size)


def random_map(kind, n, rng):
    W, V = rng.normal(size=(2, n, n)) * 3 / np.sqrt(n)
    b = rng.normal(size=n)
    return {
        "relu": lambda h: jax.nn.relu(W @ h + b),
        "leaky": lambda h: 0.7 * h + 0.3 * jax.nn.leaky_relu(W @ h + b, 0.2),
        "two layers": lambda h: 0.5 * h + V @ jax.nn.relu(W @ jax.nn.relu(V @ h - b) + b),
    }[kind]
