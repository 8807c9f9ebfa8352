"""Freeze the answers of new rows: ``python benchmarks/golden_rows/freeze.py row …``.

The fixed points are the union of what every finder finds: the package from the row's candidates and
from four times as many, and a plain damped Newton iteration from all of these.
"""

from __future__ import annotations

import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from golden import BY_NAME
from golden.row import LEAST, SAME, Row, differences, freeze

import separatrix as sx


def further_starts(candidates: np.ndarray) -> np.ndarray:
    """Return mixtures of candidates, and states in the box around them, three times as wide."""
    rng = np.random.default_rng(0)
    count = min(4 * len(candidates), 4096) // 2
    a, b = candidates[rng.integers(len(candidates), size=(2, count))]
    mixtures = a + rng.uniform(-0.5, 1.5, (count, 1)) * (b - a)
    lower, upper = candidates.min(0), candidates.max(0)
    room = upper - lower + 1e-3
    around = rng.uniform(lower - room, upper + room, (count, candidates.shape[1]))
    return np.concatenate([mixtures, around])


def newton(system: sx.AbstractSystem, starts: np.ndarray, steps: int = 200) -> np.ndarray:
    """Return the zeros that damped Newton steps on the residual come to."""
    found = [np.zeros((0, system.size))]
    values = jax.jit(jax.vmap(system.residual))
    slopes = jax.jit(jax.vmap(jax.jacfwd(system.residual)))
    for x in np.array_split(starts, -(-len(starts) // 256)):
        for _ in range(steps):
            v, jacobians = np.asarray(values(x)), np.asarray(slopes(x))
            ok = np.isfinite(jacobians).all((1, 2)) & np.isfinite(v).all(1)
            x, v, inverses = x[ok], v[ok], np.linalg.pinv(jacobians[ok])
            step = np.einsum("kij,kj->ki", inverses, v)
            size = np.ones((len(x), 1))
            for _ in range(12):
                there = np.linalg.norm(np.asarray(values(x - size * step)), axis=1)
                size[~(there < np.linalg.norm(v, axis=1))] /= 2
            x = x - size * step
        still = np.abs(np.asarray(values(x))).max(1) < 1e-11 * (1 + np.abs(x).max(1))
        found.append(x[still & (np.abs(x).max(1) < 1e6 * (1 + np.abs(starts).max()))])
    return np.concatenate(found)


def merged(states: np.ndarray) -> np.ndarray:
    """Return one state of each that is there more than once."""
    kept: list[np.ndarray] = []
    size = max(np.abs(states).max(initial=0), LEAST)
    for state in states:
        if not any(np.abs(state - other).max() <= SAME * size for other in kept):
            kept.append(state)
    return np.array(kept).reshape(-1, states.shape[1])


def unstable_directions(system: sx.AbstractSystem, states: np.ndarray) -> np.ndarray:
    """Return the number of unstable directions of each; −1 within 1e-9 of the boundary."""
    jacobians = np.asarray(jax.vmap(jax.jacfwd(system.velocity))(jnp.asarray(states)))
    values = np.linalg.eigvals(jacobians)
    if system.kind == "map":
        past = np.abs(values + 1) - 1
    else:
        past = values.real / np.abs(values).max(-1, keepdims=True)
    return np.where((np.abs(past) < 1e-9).any(-1), -1, (past > 0).sum(-1))


def main(row: Row) -> None:
    system, candidates = row.make()
    points = row.search()
    known, unstable = np.zeros((0, system.size)), np.zeros(0, int)
    if not row.continuum:
        further = further_starts(candidates)
        again = sx.find_fixed_points(system, further, **{**row.options, "slow_points": False})
        with jax.enable_x64(), np.errstate(all="ignore"):
            apart = newton(system, np.concatenate([candidates, further]))
            known = merged(np.concatenate([points.fixed.states, again.fixed.states, apart]))
            unstable = unstable_directions(system, known)
    freeze(row, points, known, unstable)
    print(f"{row.name}: {len(known)} fixed points; wrong: {differences(row, points)}", flush=True)


if __name__ == "__main__":
    sx.enable_compilation_cache()
    for name in sys.argv[1:]:
        main(BY_NAME[name])
