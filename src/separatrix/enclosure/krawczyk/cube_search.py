"""The search for cubes on which the proof succeeds: small for the error, large for uniqueness.

Only floating-point guesses are made here (where to put a cube and how large to make it); whether a
cube proves anything is decided by :mod:`separatrix.enclosure.krawczyk.contraction`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..interval.arithmetic import Array, ball, point
from ..interval.interpreter import EnclosedFunction, Enclosures
from .contraction import (
    LARGEST_RADIUS,
    CubeResult,
    Flags,
    Preconditioner,
    judge_cubes,
    newton_step,
)
from .scales import scale_of, try_smaller

SINGULAR = "the Jacobian may be singular within the box"
NOT_FINITE = "the state or its residual is not finite"
TOO_FAR = (
    "no zero is proved nearby: the residual is too large for a box on which the Jacobian is known"
)

# All in units of the size of the state (its largest coordinate, or 1; less where that is too much).
_FIRST_RADIUS = 2.0**-40  # wider than rounding, narrower than any curvature
_REACH = 1e-3  # how far Newton's method may carry a state: beyond, it is not "near" any more
_REFINEMENTS = 3
_BENT = 0.01  # the contraction rate of a first cube that holds a kink; of others it is near 0
_STRIDE = 2.0**10  # between cubes that are tried then
_ENOUGH = 0.85  # a contraction rate this close to 1 leaves nothing to gain


@dataclass
class Search:
    """The proof of each point so far: center and cube, A, |A g(m)|, and what came of it."""

    centers: Array
    radius: Array
    preconditioner: Preconditioner
    step: Array
    exists: Flags
    error: Array
    rate: Array
    reasons: list[str]

    def put(self, rows: np.ndarray, other: Search, which: np.ndarray | slice = slice(None)) -> None:
        """Replace the proofs of some points by those of another search."""
        for name in ("centers", "radius", "step", "exists", "error", "rate"):
            getattr(self, name)[rows] = getattr(other, name)[which]
        self.preconditioner.put(rows, other.preconditioner.rows(which))
        for row, reason in zip(rows, np.array(other.reasons, object)[which], strict=True):
            self.reasons[row] = reason


def _start(states: Array) -> Search:
    count, size = states.shape
    return Search(
        centers=states.copy(),
        radius=np.zeros(count),
        preconditioner=Preconditioner.none(count, size),
        step=np.full((count, size), np.inf),
        exists=np.zeros(count, dtype=bool),
        error=np.full(count, np.inf),
        rate=np.full(count, np.inf),
        reasons=[NOT_FINITE] * count,
    )


def locate(enclosed: EnclosedFunction, states: Array) -> Search:
    """Find a small cube around each state, or around a Newton iterate, that proves a zero."""
    search = _start(states)
    rows = np.flatnonzero(np.isfinite(states).all(axis=1))

    def attempt(rows: np.ndarray, scale: Array) -> Flags:
        found = _close_in(enclosed, states[rows], scale)
        search.put(rows[found.exists], found, np.flatnonzero(found.exists))
        return found.exists

    search.put(rows, _close_in(enclosed, states[rows], scale_of(states[rows])))
    try_smaller(states, rows[~search.exists[rows]], attempt)
    return search


def _close_in(enclosed: EnclosedFunction, states: Array, scale: Array) -> Search:
    search = _start(states)
    pending = np.arange(len(states))
    for _ in range(1 + _REFINEMENTS):
        if pending.size == 0:
            break
        newton = _attempt(enclosed, search, pending, scale)
        centers = search.centers[pending] - newton
        near = np.max(np.abs(centers - states[pending]), axis=1) <= _REACH * scale[pending]
        again = near & ~search.exists[pending]
        pending, centers = pending[again], centers[again]
        search.centers[pending] = centers
    return search


def _attempt(enclosed: EnclosedFunction, search: Search, which: Array, scale: Array) -> Array:
    """Try a cube around the centers; returns the Newton steps from there."""
    centers = search.centers[which]
    value = enclosed.bounds(point(centers))
    known = search.preconditioner.inverse[which]
    radius = _FIRST_RADIUS * scale[which]
    if not np.isnan(known).any():  # not the first attempt: the step from here can be foreseen
        radius = np.maximum(radius, 4.0 * newton_step(known, value).magnitude().max(axis=1))
    result = enclosed.slopes(ball(centers, radius[:, None]))
    preconditioner = Preconditioner.of(result.slopes)
    newton = newton_step(preconditioner.inverse, value)
    allowed = _sound(result)
    trial = judge_cubes(result.slopes, allowed, radius, preconditioner, newton.magnitude())
    search.radius[which], search.step[which] = radius, newton.magnitude()
    search.preconditioner.put(which, preconditioner)
    search.exists[which], search.error[which], search.rate[which] = (
        trial.exists,
        trial.error,
        trial.rate,
    )
    finite = np.isfinite(value.magnitude().max(axis=1))
    for index, refusal, known, rate in zip(which, result.refusals, finite, trial.rate, strict=True):
        search.reasons[index] = refusal or _why(bool(known), float(rate))
    return newton.midpoint_radius()[0]


def _sound(result: Enclosures) -> Flags:
    """Mask cubes over all of which the function is defined and continuous."""
    return result.allowed & np.isfinite(result.bounds.magnitude()).all(axis=1)


def _why(finite: bool, rate: float) -> str:
    if not finite:
        return NOT_FINITE
    return TOO_FAR if rate < 1 else SINGULAR


def enlarge(enclosed: EnclosedFunction, search: Search, trials: int) -> None:
    """Enlarge the cubes for as long as the map contracts on them, by a bounded number of trials."""
    which = np.flatnonzero(search.exists)
    largest = LARGEST_RADIUS * scale_of(search.centers)
    failed, failed_rate = np.full(len(search.exists), np.inf), np.full(len(search.exists), np.inf)
    bent = search.rate > _BENT
    guess = np.where(bent, _STRIDE * search.radius, 0.7 * search.radius / search.rate)
    guess = np.minimum(guess, largest)
    for trial_number in range(trials):
        open_end = (search.rate[which] < _ENOUGH) | bent[which]
        which = which[(guess[which] > 1.02 * search.radius[which]) & open_end]
        if which.size == 0:
            return
        trial = _try(enclosed, search, which, guess[which])
        good = which[trial.exists]
        search.radius[good], search.rate[good] = guess[good], trial.rate[trial.exists]
        search.error[good] = np.minimum(search.error[good], trial.error[trial.exists])
        bad = which[~trial.exists]
        failed[bad], failed_rate[bad] = guess[bad], trial.rate[~trial.exists]
        in_turn = trial_number % 2 == 0
        next_guess = _next_radius(search.radius, search.rate, failed, failed_rate, bent, in_turn)
        guess = np.minimum(next_guess, largest)


def _try(enclosed: EnclosedFunction, search: Search, which: Array, radius: Array) -> CubeResult:
    result = enclosed.slopes(ball(search.centers[which], radius[:, None]))
    allowed = _sound(result)
    preconditioner = search.preconditioner.rows(which)
    return judge_cubes(result.slopes, allowed, radius, preconditioner, search.step[which])


def _next_radius(
    good: Array, rate: Array, bad: Array, bad_rate: Array, bent: Flags, in_turn: bool
) -> Array:
    """Guess between the largest radius that worked and the smallest that did not.

    The rate grows about linearly with the radius for smooth functions, in steps for piecewise
    linear ones, so linear interpolation to a rate of 0.95 takes turns with bisection of the
    exponent. Where the smallest of cubes holds a kink already, the rate tells nothing.
    """
    growing = good * np.where(bent, _STRIDE, np.minimum(0.95 / rate, 32.0))
    slope = (bad_rate - rate) / (bad - good)
    linear = np.clip(good + (0.95 - rate) / slope, 1.05 * good, 0.95 * bad)
    middle = np.sqrt(good) * np.sqrt(bad)
    inner = np.where(np.isfinite(linear) & in_turn & ~bent, linear, middle)
    inner = np.where(bad > 1.1 * good, inner, 0.0)  # close enough: zero ends the search
    return np.where(np.isfinite(bad), inner, growing)
