"""What a list of states is worth as a list of fixed points: how many are found, how many false."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

import separatrix as sx

FAR = 1e-3
"""Newton's iteration moves a true point by less than this, in spreads of the candidates."""
SAME = 1e-5
"""Within this distance, in spreads, the end of Newton's iteration is the known point."""
SLOW = 1e-9
"""Points whose q = |v|²/2 is larger are left out by the filter."""
STEPS = 20
CONVERGED = 1e-9
ROUNDING = 1e-12
LEAST_SPREAD = 0.01
"""The least spread of a unit, in that of the unit whose states are most spread."""


@dataclass(frozen=True)
class Truth:
    """The fixed points of a system `(point, unit)`: to be found, and others that are true, too.

    A continuum counts as one point more, which any state on it finds.
    """

    known: np.ndarray
    allowed: np.ndarray
    continuum: bool = False

    def __len__(self) -> int:
        return len(self.known) + self.continuum


@dataclass(frozen=True)
class Score:
    """Of so many states `reported`: known points `found`, `false` states, and states at true fixed
    points that are not known (`new`)."""

    reported: int
    found: int
    false: int
    new: int


class Judge:
    """Counts what is true in lists of states of one system."""

    def __init__(self, system: sx.AbstractSystem, candidates: np.ndarray, truth: Truth):
        self.truth = truth
        spread = np.std(candidates, axis=0)
        self.spread = np.maximum(spread, LEAST_SPREAD * spread.max())
        self.batch = int(np.clip(2e6 // system.size**2, 1, 256))
        velocity = lambda x: system.velocity(x)  # noqa: E731
        jacobian = jax.jacfwd(velocity)
        self._velocities = jax.jit(jax.vmap(velocity))
        self._both = jax.jit(jax.vmap(lambda x: (velocity(x), jacobian(x))))

    def score(self, states: np.ndarray) -> Score:
        """Judge states `(state, unit)`; the new ones are those that `fates` marks by −2."""
        fates = self.fates(states)
        found = len(np.unique(fates[fates >= 0]))
        return Score(len(states), found, int((fates == -1).sum()), int((fates == -2).sum()))

    def slowness(self, states: np.ndarray) -> np.ndarray:
        """Return q = |v|²/2 of each state, in double precision."""
        if not len(states):
            return np.zeros(0)
        v = _in_batches(self._velocities, np.asarray(states, float), self.batch)[0]
        return 0.5 * (v**2).sum(1)

    def fates(self, states: np.ndarray) -> np.ndarray:
        """Return the known point that each state finds; −1: false, −2: new, −3: allowed."""
        states = np.asarray(states, float)
        fates = np.full(len(states), -1)
        finite = np.isfinite(states).all(1)
        states = np.where(finite[:, None], states, 0.0)
        near, there = self._nearest(states, self.truth.known)
        close = finite & (near <= FAR)
        fates[close] = there[close]
        ends, converged = self._polish(states, finite)
        near, there = self._nearest(ends, self.truth.known)
        allowed = self._nearest(ends, self.truth.allowed)[0] <= SAME
        beyond = len(self.truth.known) if self.truth.continuum else -2
        true = np.where(near <= SAME, there, np.where(allowed, -3, beyond))
        fates[converged] = true[converged]
        return fates

    def _nearest(self, states: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return how far the nearest of some points is from each state, in spreads, and which."""
        near, there = np.full(len(states), np.inf), np.zeros(len(states), int)
        for number, point in enumerate(points):
            distance = (np.abs(states - point) / self.spread).max(1, initial=0.0)
            there[distance < near] = number
            near = np.minimum(near, distance)
        return near, there

    def _polish(self, states: np.ndarray, usable: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return where Newton's iteration ends, and of which states it ends nearby."""
        ends, converged = states.copy(), np.zeros(len(states), bool)
        active = np.flatnonzero(usable)
        for _ in range(STEPS):
            if not len(active):
                break
            v, jacobian = _in_batches(self._both, ends[active], self.batch)
            step = -self._solved(jacobian, v)
            ends[active] += step
            size = (np.abs(step) / self.spread).max(1)
            moved = (np.abs(ends[active] - states[active]) / self.spread).max(1)
            here = moved <= FAR  # false for NaN
            converged[active[here & (size <= CONVERGED)]] = True
            active = active[here & (size > CONVERGED)]
        return ends, converged

    def _solved(self, jacobians: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Return J⁻¹v; on a continuum, or where J is singular, the shortest solution.

        It is NaN where it explains less than half of v, as at a minimum of the speed.
        """
        if not self.truth.continuum:
            try:
                return np.linalg.solve(jacobians, v[..., None])[..., 0]
            except np.linalg.LinAlgError:
                pass
        usable = np.isfinite(jacobians).all((1, 2)) & np.isfinite(v).all(1)
        steps = np.full_like(v, np.nan)
        for number in np.flatnonzero(usable):
            step = np.linalg.lstsq(jacobians[number], v[number], rcond=1e-8)[0]
            left = np.linalg.norm(jacobians[number] @ step - v[number])
            if left <= max(0.5 * np.linalg.norm(v[number]), ROUNDING * self.spread.max()):
                steps[number] = step
        return steps


def _in_batches(function, states: np.ndarray, size: int) -> list[np.ndarray]:
    """Evaluate a function of batches in double precision, always in batches of one size."""
    parts = []
    with jax.enable_x64(True):
        for begin in range(0, len(states), size):
            batch = states[begin : begin + size]
            padded = np.concatenate([batch, np.repeat(batch[:1], size - len(batch), axis=0)])
            values = function(jnp.asarray(padded, jnp.float64))
            values = values if isinstance(values, tuple) else (values,)
            parts.append([np.asarray(value)[: len(batch)] for value in values])
    return [np.concatenate(part) for part in zip(*parts, strict=True)]
