"""Changes of a cycle's stability along a branch: folds, flips, tori, branch points."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy

from ...solvers.continuation import Curve, correct, tangent_of
from .equations import ClosedOrbits

ON_CIRCLE = 1e-4
"""How far from the unit circle a multiplier may be where it is said to cross it."""
MEETS = 0.1
"""How far from 1 a second multiplier may be where cycles are said to meet."""
STEPS = 60
"""Evaluations, at most, that place one special point."""
WIDER = (-0.5, 1.5)
"""Part of a step in which a special point is sought with finer steps of the integrator."""
FINE = 1e-12
"""Part of a step of the branch to which it is placed."""


@dataclass(frozen=True)
class Special:
    """Special point of the branch: its type, and the error of its parameter."""

    type: str
    point: np.ndarray
    angle: float
    error: float


def find_special(orbits: ClosedOrbits, curve: Curve, multipliers: np.ndarray) -> list[Special]:
    """Return the special points between the points of a curve, in order."""
    found = []
    along = _parameter_slopes(orbits, curve)
    for k in range(len(curve.points) - 1):
        orbits.refer(curve.points[k])
        orbits.refine(*curve.points[k : k + 2])
        chord = _Chord(orbits, curve, k)
        if along[k] * along[k + 1] < 0:
            found.append(_met(chord, "fold", lambda point, tangent: tangent[-1]))
        elif curve.signs[k] * curve.signs[k + 1] < 0:
            found.append(_met(chord, "branch point", chord.sign))
        found.append(_crossing(chord, multipliers[k], multipliers[k + 1]))
    return [special for special in found if special is not None]


def _parameter_slopes(orbits: ClosedOrbits, curve: Curve) -> np.ndarray:
    """Return how the parameter changes along the curve at its points.

    The curve's own tangents are those of the last step before its points, which is not enough where
    the parameter all but stands still, as in a canard explosion.
    """
    pairs = zip(curve.points, curve.tangents, strict=True)
    slopes = []
    for point, tangent in pairs:
        orbits.refer(point)
        orbits.refine(point)
        slopes.append(tangent_of(orbits.evaluate(point)[1], tangent)[0][-1])
    return np.array(slopes)


def _met(chord: "_Chord", name: str, function: Callable[..., float]) -> Special | None:
    """Return where cycles meet, if two multipliers are 1 there: else rounding changed the sign."""
    found = chord.special(name, function)
    if found is None:
        return None
    chord.orbits.refine(found.point)
    across = chord.orbits.multipliers(found.point)[1:]
    return found if np.abs(across - 1).min() <= MEETS else None


def _crossing(chord: "_Chord", before: np.ndarray, after: np.ndarray) -> Special | None:
    """Return where a multiplier other than +1 crosses the unit circle."""
    counts = [_outside(values[1:]) for values in (before, after)]
    if counts[0] == counts[1]:
        return None
    rank = min(counts)

    def growth(point: np.ndarray, tangent: np.ndarray) -> float:
        return float(np.log(np.abs(_turning(chord.orbits.multipliers(point)[1:])[rank])))

    found = chord.special("flip", growth)
    if found is None:
        return None
    critical = _turning(chord.orbits.multipliers(found.point)[1:])[rank]
    if abs(abs(critical) - 1) > ON_CIRCLE:
        return None
    angle = float(abs(np.angle(critical)))
    name = "flip" if critical.imag == 0 else "Neimark–Sacker"
    return Special(name, found.point, angle, found.error)


def _turning(across: np.ndarray) -> np.ndarray:
    """Return the multipliers with those on the positive real axis last: they turn no orbit."""
    turning = (across.imag != 0) | (across.real < 0)
    return np.append(across[turning], np.full(np.sum(~turning) + 1, 1e-300))


def _outside(across: np.ndarray) -> int:
    return int((np.abs(_turning(across)) > 1).sum())


class _Chord:
    """The piece of a branch between two of its points."""

    def __init__(self, orbits: ClosedOrbits, curve: Curve, k: int):
        self.orbits = orbits
        self.here, self.there = curve.points[k], curve.points[k + 1]
        self.tangent = self.there - self.here
        self.tangent = self.tangent / np.linalg.norm(self.tangent)

    def at(self, part: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the point of the branch beside a part of the chord, and the tangent there."""
        guess = (1 - part) * self.here + part * self.there
        found = correct(self.orbits.evaluate, guess, self.tangent)
        point = found.point if found.converged else guess
        return point, tangent_of(self.orbits.evaluate(point)[1], self.tangent)[0]

    def sign(self, point: np.ndarray, tangent: np.ndarray) -> float:
        """Return the sign of det [DF; tangent], which another branch changes."""
        return tangent_of(self.orbits.evaluate(point)[1], self.tangent)[1]

    def special(
        self, name: str, function: Callable[[np.ndarray, np.ndarray], float]
    ) -> Special | None:
        """Return where a function changes its sign, with the integrator's steps halved too.

        None where it does not; the difference that halving makes tells the error.
        """
        coarse = self._root(function, 0.0, 1.0)
        if coarse is None:
            return None
        substeps = self.orbits.substeps
        self.orbits.substeps = 2 * substeps
        try:
            fine = self._root(function, 0.0, 1.0)
            if fine is None:
                fine = self._root(function, *WIDER)
            if fine is None:  # the branch itself moves as far
                moved = correct(self.orbits.evaluate, coarse, self.tangent)
                fine = moved.point if moved.converged else None
        finally:
            self.orbits.substeps = substeps
        if fine is None:
            return None
        shift = abs(fine[-1] - coarse[-1]) * self.orbits.scales[-1]
        return Special(name, fine, 0.0, float(shift))

    def _root(
        self, function: Callable[[np.ndarray, np.ndarray], float], low: float, high: float
    ) -> np.ndarray | None:
        value = lambda part: function(*self.at(part))  # noqa: E731
        if not value(low) * value(high) < 0:
            return None
        try:
            part = scipy.optimize.brentq(value, low, high, xtol=FINE, maxiter=STEPS, disp=False)
        except ValueError:  # not finite between
            return None
        return self.at(part)[0]
