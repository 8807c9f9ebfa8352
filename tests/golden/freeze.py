"""Freeze the answers of rows: ``python tests/golden/freeze.py [row …]``; none names all.

The fixed points are those that print or enumeration tells, and else the union of what every
finder finds: the package from the row's candidates and from four times as many, and a plain damped
Newton iteration from all of these.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

import separatrix as sx
from golden import ROWS
from golden.row import LEAST, SAME, Row, differences, freeze

MORE = 4
"""Times as many starts for the further search."""
MOST = 2**25
"""Starts of the damped Newton iteration times squared units, at most."""

FAR = 1e6
"""Times as far as the starts: where all units saturate, Newton's steps lead out of all bounds."""


def further_starts(candidates: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return mixtures of candidates, and states in the box around them, three times as wide."""
    rng = np.random.default_rng(seed)
    candidates = candidates[np.isfinite(candidates).all(1)]
    count = min(MORE * len(candidates), 4096)
    a, b = candidates[rng.integers(len(candidates), size=(2, count // 2))]
    mixtures = a + rng.uniform(-0.5, 1.5, (len(a), 1)) * (b - a)
    lower, upper = candidates.min(0), candidates.max(0)
    room = upper - lower + 1e-3
    around = rng.uniform(lower - room, upper + room, (count - len(a), candidates.shape[1]))
    return np.concatenate([mixtures, around])


def newton(system: sx.AbstractSystem, starts: np.ndarray, steps: int = 200) -> np.ndarray:
    """Return the zeros of the velocity that damped Newton steps from `starts` come to.

    A residual of the system's own has to be zero there too: the velocity of a saturated gate is
    at rounding level wherever the gate is closed. Of large systems only every second start, or
    third, and so on, is followed: `MOST` numbers in the first Jacobians of all.
    """
    starts = starts[:: max(1, -(-len(starts) * system.size**2 // MOST))]
    with jax.enable_x64(), np.errstate(all="ignore"):
        velocity = jax.vmap(system.velocity)
        values = jax.jit(velocity)
        both = jax.jit(lambda x: (velocity(x), jax.vmap(jax.jacfwd(system.velocity))(x)))
        part = max(1, min(256, 2**22 // system.size**2))
        x, waiting = np.array(starts[:part], float), np.array(starts[part:], float)
        age, alive = np.zeros(len(x), int), np.ones(len(x), bool)
        ended = [np.zeros((0, system.size))]
        while alive.any():
            v, jacobian = (np.asarray(a) for a in both(x))
            ok = np.isfinite(jacobian).all((1, 2)) & np.isfinite(v).all(1)
            jacobian = np.where(ok[:, None, None], jacobian, np.eye(system.size))
            step = _solved(jacobian, np.where(ok[:, None], v, 0))
            size, now = np.ones(len(v)), np.linalg.norm(v, axis=1)
            for _ in range(12):
                there = np.linalg.norm(np.asarray(values(x - size[:, None] * step)), axis=1)
                if (there < now).all():
                    break
                size = np.where(there < now, size, size / 2)
            moves, age = ok & (there < now), age + 1
            x = np.where(moves[:, None], x - size[:, None] * step, x)
            scale = 1 + np.abs(x).max(1)
            closed = np.abs(step).max(1) <= 1e-9 * scale
            done = alive & (~moves | (age == steps))
            ended.append(x[done & closed & (np.abs(v).max(1) < 1e-11 * scale)])
            places = np.flatnonzero(done)
            filled = places[: len(waiting)]
            x[filled], waiting = waiting[: len(filled)], waiting[len(filled) :]
            age[filled], alive[places[len(filled) :]] = 0, False
            if alive.sum() <= len(x) // 4:
                x, age, alive = x[alive], age[alive], alive[alive]
        found = np.concatenate(ended)
        found = merged(found[np.abs(found).max(1) <= FAR * (1 + np.abs(starts).max())])
        if system.has_own_residual and len(found):
            rest = np.abs(np.asarray(jax.vmap(system.residual)(found))).max(1)
            found = found[rest < 1e-8 * (1 + np.abs(found).max(1))]
    return found


def _solved(jacobian: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Return Newton's steps, by least squares where a Jacobian is singular."""
    try:
        return np.linalg.solve(jacobian, v[:, :, None])[:, :, 0]
    except np.linalg.LinAlgError:
        return np.array(
            [np.linalg.lstsq(j, r, rcond=None)[0] for j, r in zip(jacobian, v, strict=True)]
        )


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
    with jax.enable_x64():
        jacobians = np.asarray(jax.vmap(jax.jacfwd(system.velocity))(jnp.asarray(states)))
    numbers = []
    for jacobian in jacobians:
        if system.kind == "map":
            past = np.abs(np.linalg.eigvals(jacobian + np.eye(system.size))) - 1
        else:
            values = np.linalg.eigvals(jacobian)
            past = values.real / np.abs(values).max(initial=1e-300)
        numbers.append(-1 if (np.abs(past) < 1e-9).any() else int((past > 0).sum()))
    return np.array(numbers, int)


def main(rows: list[Row], truth_only: bool = False) -> None:
    for row in rows:
        if truth_only:
            freeze_truth(row)
            continue
        begun = time.perf_counter()
        system, candidates = row.make()
        points = row.search()
        took = time.perf_counter() - begun
        own = np.asarray(points.fixed.states)
        if row.states is not None:
            known = row.states()
        elif row.continuum:
            known = np.zeros((0, system.size))
        else:
            further = further_starts(candidates)
            again = sx.find_fixed_points(system, further, **{**row.options, "slow_points": False})
            apart = newton(system, np.concatenate([candidates, further]))
            known = merged(np.concatenate([own, np.asarray(again.fixed.states), apart]))
            print(f"  {row.name}: {len(own)}, {len(again.fixed)} again, Newton {len(apart)}")
        unstable = np.full(len(known), -1)
        if not row.continuum and len(known):
            unstable = unstable_directions(system, known)
        freeze(row, points, known, unstable)
        print(f"{row.name}: {took:.1f} s; wrong: {differences(row, points)}", flush=True)


def freeze_truth(row: Row) -> None:
    """Freeze the fixed points of a row whose search has no end: those known, or Newton's."""
    system, candidates = row.make()
    if row.states is None:
        known = newton(system, np.concatenate([candidates, further_starts(candidates)]))
    else:
        known = row.states()
    freeze(row, None, known, unstable_directions(system, known))
    print(f"{row.name}: {len(known)} fixed points, no search", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", help="names of rows; none for all")
    parser.add_argument("--truth-only", action="store_true", help="do not search: it has no end")
    asked = parser.parse_args()
    named = asked.rows
    sx.enable_compilation_cache()
    main([row for row in ROWS if not named or row.name in named], asked.truth_only)
