"""Small cubes on which the proof succeeds.

Only floating-point guesses are made here (where to put a cube and how large to make it); whether a
cube proves anything is decided by :mod:`separatrix.enclosure.krawczyk.contraction`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..interval.arithmetic import Array, ball, point
from ..interval.interpreter import EnclosedFunction
from .contraction import approximate_inverse, error_within, newton_step, rates_on
from .radii import Flags, scale_of, size_of

SINGULAR = "the Jacobian may be singular within the box"
NOT_FINITE = "the state or its residual is not finite"
TOO_FAR = (
    "no zero is proved nearby: the residual is too large for a box on which the Jacobian is known"
)

_FIRST_RADIUS = 2.0**-40  # of the state: wider than rounding, narrower than any curvature
_REACH = 1e-3  # how far Newton's method may carry a state: beyond, it is not "near" any more
_REFINEMENTS = 3


@dataclass
class Cubes:
    """The proof of each point so far: center and cube, A, how far the zero is, and why not."""

    centers: Array
    radius: Array
    inverse: Array
    error: Array  # infinite where no zero is proved
    reasons: NDArray[np.object_]

    @property
    def exists(self) -> Flags:
        """Mask the cubes in which a zero is proved."""
        return np.isfinite(self.error)


def locate(enclosed: EnclosedFunction, states: Array) -> Cubes:
    """Find a small cube around each state, or around a Newton iterate, that proves a zero."""
    count, size = states.shape
    unknown, none = np.full((count, size, size), np.nan), np.full(count, np.inf)
    reasons = np.full(count, NOT_FINITE, object)
    cubes = Cubes(states.copy(), np.zeros(count), unknown, none, reasons)
    pending = np.flatnonzero(np.isfinite(states).all(axis=1))
    for _ in range(1 + _REFINEMENTS):
        if pending.size == 0:
            break
        newton = _attempt(enclosed, cubes, pending)
        centers = cubes.centers[pending] - newton
        reach = _REACH * scale_of(states[pending])
        near = np.max(np.abs(centers - states[pending]), axis=1) <= reach
        again = near & ~cubes.exists[pending]
        pending, centers = pending[again], centers[again]
        cubes.centers[pending] = centers
    return cubes


def _attempt(enclosed: EnclosedFunction, cubes: Cubes, which: Array) -> Array:
    """Try a cube around the centers; returns the Newton steps from there."""
    centers, known = cubes.centers[which], cubes.inverse[which]
    value = enclosed.bounds(point(centers))
    radius = _FIRST_RADIUS * size_of(centers)
    if not np.isnan(known).any():  # not the first attempt: the step from here can be foreseen
        radius = np.maximum(radius, 4.0 * newton_step(known, value).magnitude().max(axis=1))
    around = enclosed.slopes(ball(centers, radius[:, None]))
    inverse = approximate_inverse(around.slopes)
    newton = newton_step(inverse, value)
    rates = rates_on(around, inverse)
    cubes.radius[which], cubes.inverse[which] = radius, inverse
    cubes.error[which] = error_within(radius, rates, newton.magnitude())
    finite = np.isfinite(value.magnitude().max(axis=1))
    contracts = rates.max(axis=1) < 1
    for index, refusal, *why in zip(which, around.refusals, finite, contracts, strict=True):
        cubes.reasons[index] = refusal or _why(*why)
    return newton.midpoint_radius()[0]


def _why(is_finite: bool | np.bool_, contracts: bool | np.bool_) -> str:
    if not is_finite:
        return NOT_FINITE
    return TOO_FAR if contracts else SINGULAR
