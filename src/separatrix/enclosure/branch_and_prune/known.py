"""The zeros that are known, and the cubes around them that hold no others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..interval.arithmetic import ULP, Array, Interval, down, up
from ..interval.interpreter import EnclosedFunction
from ..krawczyk.context import quietly
from ..krawczyk.contraction import approximate_inverse, newton_step
from ..krawczyk.radii import Flags
from ..krawczyk.zeros import certify_enclosed

_AT_ONCE = 64
_POLISHES = 8


class KnownZeros:
    """A growing list of zeros, and cubes each of which holds one of them and no other."""

    def __init__(self, states: Array, errors: Array, radii: Array) -> None:
        alone = radii > 0
        self.states, self.errors, self.radii = states[alone], errors[alone], radii[alone]
        self._given = len(self.states)
        self._low, self._high = _cubes(self.states, self.radii)

    def added(self, lower: Array, upper: Array) -> tuple[Array, Array, Array]:
        """Return states, error bounds and radii of the zeros not given that may lie in a box."""
        part = slice(self._given, None)
        states, errors, radii = self.states[part], self.errors[part], self.radii[part]
        reach = up(errors)[:, None]
        inside = np.all((states + reach >= lower) & (states - reach <= upper), axis=1)
        return states[inside], errors[inside], radii[inside]

    def cover(self, lower: Array, upper: Array) -> Flags:
        """Whether each box lies in a cube, so that it holds no zero that is not known."""
        covered = np.zeros(len(lower), dtype=bool)
        for first, last in zip(self._low, self._high, strict=True):
            covered |= np.all((lower >= first) & (upper <= last), axis=1)
        return covered

    def add(self, enclosed: EnclosedFunction, candidates: Array) -> None:
        """Prove zeros near candidates (point, n) and keep those that are new."""
        candidates = candidates[np.isfinite(candidates).all(axis=1)]
        candidates = _distinct(candidates[~self.cover(candidates, candidates)])[:_AT_ONCE]
        if len(candidates) == 0:
            return
        candidates = _distinct(polished(enclosed, candidates))
        proof = certify_enclosed(enclosed, candidates)
        for index in np.flatnonzero(proof.unique):
            self.take(
                candidates[index], float(proof.error_bound[index]), float(proof.radius[index])
            )

    def take(self, state: Array, error: float, radius: float) -> None:
        """Take in a zero; it is one of the known ones if the cube of either holds the other."""
        low, high = _cubes(state[None], np.array([radius]))
        mine = self.cover(down(state - error)[None], up(state + error)[None])[0]
        reach = self.errors[:, None]
        theirs = (down(self.states - reach) >= low) & (up(self.states + reach) <= high)
        self._low, self._high = (
            np.concatenate([self._low, low]),
            np.concatenate([self._high, high]),
        )
        if mine or theirs.all(axis=1).any():
            return
        self.states = np.concatenate([self.states, state[None]])
        self.errors, self.radii = np.append(self.errors, error), np.append(self.radii, radius)


@dataclass(frozen=True, eq=False)
class MappedZeros:
    """Zeros known of a function, while boxes of other coordinates are searched.

    `states_of` gives bounds of the states that belong to boxes of these.
    """

    known: KnownZeros
    full: EnclosedFunction
    states_of: Callable[[Interval], Interval]

    def cover(self, lower: Array, upper: Array) -> Flags:
        """Whether the states of each box lie in the cube of one zero."""
        states = self.states_of(Interval(lower, upper))
        return self.known.cover(states.lower, states.upper)

    def add(self, enclosed: EnclosedFunction, candidates: Array) -> None:
        """Prove zeros near the states that belong to candidates."""
        candidates = candidates[np.isfinite(candidates).all(axis=1)]
        if len(candidates) == 0:
            return
        points = polished(enclosed, candidates)
        states = self.states_of(Interval(points, points.copy()))
        with quietly(self.full.shape[0]):
            self.known.add(self.full, states.midpoint_radius()[0])

    def added(self, lower: Array, upper: Array) -> tuple[Array, Array, Array]:
        """Return all zeros that were not given."""
        everywhere = np.full(self.full.shape, np.inf)
        return self.known.added(-everywhere, everywhere)


def _cubes(states: Array, radii: Array) -> tuple[Array, Array]:
    """Return the corners of the cubes, rounded inward."""
    return up(states - radii[:, None]), down(states + radii[:, None])


def polished(enclosed: EnclosedFunction, points: Array) -> Array:
    """Go on with Newton's method for as long as its steps get shorter."""
    last = np.full(len(points), np.inf)
    for _ in range(_POLISHES):
        slopes = enclosed.slopes(Interval(points, points.copy()))
        inverse = approximate_inverse(slopes.slopes)
        step = newton_step(inverse, slopes.bounds).midpoint_radius()[0]
        length = np.max(np.abs(step), axis=1)
        better = length < 0.5 * last
        if not np.any(better & (length > 4 * ULP * np.max(np.abs(points), initial=0.0))):
            break
        points = np.where(better[:, None], points - step, points)
        last = np.where(better, length, 0.0)
    return points


def _distinct(points: Array) -> Array:
    """Keep one of the points that agree to six digits."""
    scale = np.max(np.abs(points), initial=0.0) or 1.0
    _, first = np.unique(np.round(points / (1e-6 * scale)), axis=0, return_index=True)
    return points[np.sort(first)]


def known_zeros(
    size: int, states: ArrayLike | None, radii: ArrayLike | None, errors: ArrayLike | None
) -> KnownZeros:
    """Make the list of zeros that are given, with 0 for what is not known of them."""
    points = np.zeros((0, size)) if states is None else np.asarray(states, dtype=np.float64)
    points = points.reshape(-1, size)
    nothing = np.zeros(len(points))
    distances = (
        np.asarray(given, float) if given is not None else nothing for given in (errors, radii)
    )
    return KnownZeros(points, *(np.broadcast_to(given, len(points)) for given in distances))


ZeroTable = KnownZeros | MappedZeros
"""Zeros that are known, as a search goes by them and adds to them."""
