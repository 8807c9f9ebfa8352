"""Finders of fixed points: ours, and what others do, in own lines after their descriptions.

Each method is a dictionary of settings by name, the first of which are its defaults; a setting is
a function of a `Problem` that returns an `Answer`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import scipy.optimize

import separatrix as sx
from separatrix.solvers.piecewise_linear import PiecewiseLinear, recognize

from .figures import OURS


@dataclass(frozen=True)
class Problem:
    """What each finder is given: a system, states to start from, a limit of processor time."""

    name: str
    system: sx.AbstractSystem
    candidates: np.ndarray
    seconds: float


@dataclass(frozen=True)
class Answer:
    """The states that a finder calls fixed points, what it proves of them, whether it was cut."""

    states: np.ndarray
    certified: int = 0
    complete: bool = False
    cut: bool = False


Setting = Callable[[Problem], Answer]


class OutOfTimeError(BaseException):
    """Raised by the system's timer; no `except Exception` on the way holds it up."""


class Clock:
    """Tells when the processor time of a problem is over."""

    def __init__(self, problem: Problem):
        self.end = time.process_time() + problem.seconds

    def is_over(self) -> bool:
        return time.process_time() >= self.end


def unique(states: np.ndarray, tolerance: float) -> np.ndarray:
    """Keep the first of all states that differ by less than this in every unit."""
    kept: list[np.ndarray] = []
    for state in states:
        if not kept or np.abs(np.array(kept) - state).max(1).min() >= tolerance:
            kept.append(state)
    return np.array(kept).reshape(-1, states.shape[1])


def _plain(system: sx.AbstractSystem) -> Callable[[jax.Array], jax.Array]:
    """Return the velocity as a function that `jax.jit` takes."""
    return lambda x: system.velocity(x)


# Ours.


def ours(problem: Problem) -> Answer:
    begun, limit = time.perf_counter(), problem.seconds
    points = sx.find_fixed_points(problem.system, problem.candidates, max_seconds=limit)
    fixed, cut = points.fixed, time.perf_counter() - begun > limit
    return Answer(np.asarray(fixed.states), int(fixed.certified.sum()), bool(points.complete), cut)


# Descent of q with Adam: FixedPointFinder (Golub & Sussillo 2018), whose PyTorch version lowers
# the rate where the mean of q stops falling, and RNNToolkit after it.


def adam(problem: Problem, rate: float, steps: int, dtype: Any = np.float32) -> Answer:
    """Follow all candidates at once, drop copies (1e-3) and what is ten times as far as they are."""
    clock, velocity = Clock(problem), _plain(problem.system)
    with jax.enable_x64(True):
        q = jax.vmap(lambda x: 0.5 * jnp.sum(velocity(x.astype(float)).astype(dtype) ** 2))

        def loss(x: jax.Array) -> tuple[jax.Array, jax.Array]:
            each = q(x)
            return each.mean(), each

        def one(carry: Any) -> Any:
            x, m, v, each, _, count, rate, best, bad, _ = carry
            (mean, now), g = jax.value_and_grad(loss, has_aux=True)(x)
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
            count = count + 1
            first, second = (1 - jnp.asarray(b, dtype) ** count.astype(dtype) for b in (0.9, 0.999))
            step = m / first / (jnp.sqrt(v / second) + 1e-8)
            better = mean < best * (1 - 1e-4)
            best, bad = jnp.where(better, mean, best), jnp.where(better, 0, bad + 1)
            lower = bad > 2
            x, bad = x - rate * step, jnp.where(lower, 0, bad)
            rate = jnp.where(lower & (0.05 * rate > 1e-8), 0.95 * rate, rate)
            settled = (jnp.abs(now - each) < 1e-20 * rate) | (now < 1e-12)
            return x, m, v, now, each, count, rate, best, bad, settled.all() & (count > 1)

        @jax.jit
        def some(carry: Any, until: int) -> Any:
            return jax.lax.while_loop(lambda c: (c[5] < until) & ~c[-1], one, carry)

        x = jnp.asarray(problem.candidates, dtype)
        nothing, full = jnp.zeros_like(x), jnp.full(len(x), jnp.nan, dtype)
        numbers = [jnp.asarray(value, dtype) for value in (rate, np.inf)]
        carry = (x, nothing, nothing, full, full, jnp.asarray(0), *numbers, 0, False)
        for until in range(100, steps + 100, 100):
            carry = jax.block_until_ready(some(carry, min(until, steps)))
            if carry[-1] or clock.is_over():
                break
        states = np.asarray(carry[0], float)
    cut = not carry[-1] and int(carry[5]) < steps
    return Answer(without_outliers(unique(states, 1e-3), problem.candidates), cut=cut)


def without_outliers(states: np.ndarray, candidates: np.ndarray, scale: float = 10.0) -> np.ndarray:
    """Drop what is so many times as far from the candidates' mean as they are on average."""
    center = candidates.mean(0)
    usual = np.linalg.norm(candidates - center, axis=1).mean()
    return states[np.linalg.norm(states - center, axis=1) < scale * usual]


# A root finder from every start.


def root(problem: Problem, method: str, jacobian: bool, **options: Any) -> Answer:
    clock, system, found = Clock(problem), problem.system, []
    with jax.enable_x64(True):
        velocity, slope = (jax.jit(f) for f in (_plain(system), jax.jacfwd(_plain(system))))
        value = lambda x: np.asarray(velocity(x))  # noqa: E731
        derivative = (lambda x: np.asarray(slope(x))) if jacobian else None
        more = {"jac": derivative} if jacobian else {}
        for start in problem.candidates:
            if clock.is_over():
                break
            with np.errstate(all="ignore"):
                done = scipy.optimize.root(value, start, method=method, options=options, **more)
            found.append(done.x if done.success else np.full(system.size, np.nan))
    states = np.array(found).reshape(-1, system.size)
    states = states[np.isfinite(states).all(1)]
    size = max(np.abs(problem.candidates).max(), 1e-6)
    return Answer(unique(states, 1e-6 * size), cut=len(found) < len(problem.candidates))


# SCYFI (Eisenmann et al. 2023) for fixed points: solve a random linear region, jump to the region
# where its solution lies, and so on, with another random region after each fixed point; every new
# one sets the counts of regions and of jumps to zero.

WIDE = 10.0
"""SCYFI draws the states whose regions it begins with from (−10, 10)."""


def walk(problem: Problem, outer: int, inner: int, near: bool = False) -> Answer:
    """Walk; with `near`, regions are drawn where the candidates are, in a box twice as wide."""
    clock, system, rng = Clock(problem), problem.system, np.random.default_rng(0)
    low, high = np.full(system.size, -WIDE), np.full(system.size, WIDE)
    if near:
        ends = problem.candidates.min(0), problem.candidates.max(0)
        low, high = 1.5 * ends[0] - 0.5 * ends[1], 1.5 * ends[1] - 0.5 * ends[0]
    found: list[np.ndarray] = []
    with jax.enable_x64(True):
        velocity = _plain(system)
        piece = jax.jit(lambda x: (velocity(x), jax.jacfwd(velocity)(x)))
        begun = 0
        while begun < outer and not clock.is_over():
            begun += 1
            state, jumps = rng.uniform(low, high), 0
            while jumps < inner and not clock.is_over():
                jumps += 1
                state, arrived = _jump(piece, state)
                if arrived and not any(np.abs(state - x).max() < 0.01 for x in found):
                    found.append(state)
                    begun = jumps = 0
                if arrived or not np.isfinite(state).all():
                    state = rng.uniform(low, high)
    return Answer(np.array(found).reshape(-1, system.size), cut=clock.is_over())


def _jump(piece: Callable, state: np.ndarray) -> tuple[np.ndarray, bool]:
    """Return the solution of a state's region, NaN where it has none, and whether it lies there."""
    v, jacobian = (np.asarray(part) for part in piece(state))
    try:
        solution = state - np.linalg.solve(jacobian, v)
    except np.linalg.LinAlgError:
        return np.full_like(state, np.nan), False
    rest = np.abs(np.asarray(piece(solution)[0])).max()
    return solution, bool(rest <= 1e-10 * max(1.0, np.abs(solution).max()))


def is_piecewise_linear(problem: Problem) -> bool:
    return isinstance(recognize(problem.system.velocity, problem.system.size), PiecewiseLinear)


def everywhere(problem: Problem) -> bool:
    return True


ADAM, ROOT, WALK = "Adam on q", "scipy.optimize.root", "SCYFI-like walk"
METHODS: dict[str, dict[str, Setting]] = {
    OURS: {"defaults": ours},
    ADAM: {
        "FixedPointFinder's defaults: rate 1, 5,000 steps": partial(adam, rate=1.0, steps=5000),
        "rate 0.1, 10,000 steps": partial(adam, rate=0.1, steps=10_000),
        "rate 0.01, 10,000 steps": partial(adam, rate=0.01, steps=10_000),
        "rate 0.01, 10,000 steps, float64": partial(
            adam, rate=0.01, steps=10_000, dtype=np.float64
        ),
    },
    ROOT: {
        "defaults: hybr": partial(root, method="hybr", jacobian=False),
        "hybr, exact Jacobian": partial(root, method="hybr", jacobian=True),
        "hybr, exact Jacobian, factor 0.1": partial(root, method="hybr", jacobian=True, factor=0.1),
        "lm, exact Jacobian": partial(root, method="lm", jacobian=True),
    },
    WALK: {
        "SCYFI's defaults: 10 random regions, 20 jumps": partial(walk, outer=10, inner=20),
        "100 random regions, 100 jumps": partial(walk, outer=100, inner=100),
        "1,000 random regions, 20 jumps": partial(walk, outer=1000, inner=20),
        "100 random regions near the candidates, 100 jumps": partial(
            walk, outer=100, inner=100, near=True
        ),
    },
}
APPLIES = {WALK: is_piecewise_linear}
"""Where a method applies; it does everywhere otherwise."""
