r"""Newton's method at degenerate zeros, where it converges linearly, and is led on from its ratio.

At a zero of multiplicity m along one direction the error shrinks by the factor $q = 1 - 1/m$ with
each step (Decker, Keller & Kelley 1983): to reach $x = 0$ from 1, $x^5 = 0$ takes 320 steps. But
once two ratios of successive steps agree, what is left of the geometric series is known,
$p/(1 - q)$ after a step p, which leads to the zero at once, as far as the series is one.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from . import batched
from .levenberg_marquardt import Evaluate, States

Arrived = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""States, residuals, Jacobians, expected distances to the zero -> which are there (batch,)."""

_STEPS = 60
_SMALLEST_RATIO = 0.3  # below it Newton's method converges well enough by itself
_LARGEST_RATIO = 0.99  # above it the steps do not add up to anything
_SINGULAR = 1e-8  # of the largest singular value: smaller ones are left out of steps that run away


class Closeness(NamedTuple):
    """States, how far each is expected to be from its zero, and whether it is there."""

    states: States
    distances: Float[np.ndarray, " state"]
    arrived: Bool[np.ndarray, " state"]


def close_in(evaluate: Evaluate, starts: States, arrived: Arrived, reach: np.ndarray) -> Closeness:
    """Lead states near degenerate zeros to them.

    `reach (state,)` is the longest first step. A state that does not arrive is left as it was.

    References
    ----------
    Decker, Keller & Kelley (1983) SIAM J. Numer. Anal. 20:296.

    Examples
    --------
    >>> evaluate = lambda x: (x**5, 5 * x[..., None] ** 4)
    >>> there = lambda x, r, J, left: np.abs(x[:, 0]) < 1e-30
    >>> bool(close_in(evaluate, np.array([[0.001]]), there, np.ones(1)).arrived[0])
    True
    """
    x, count = starts.copy(), len(starts)
    last, longest = np.full(starts.shape, np.nan), np.array(reach, float)
    ratio, distance = np.full(count, np.nan), np.full(count, np.inf)
    there, going = np.zeros(count, bool), np.arange(count)
    for _ in range(_STEPS):
        if not len(going):
            break
        r, J = evaluate(x[going])
        finite = np.isfinite(r).all(1) & np.isfinite(J).all((1, 2))
        going, r, J = going[finite], r[finite], J[finite]
        step, found = _steps(r, J, longest[going]), ratio[going]
        length = np.linalg.norm(step, axis=1)
        inside = length <= longest[going]
        ratio[going] = _ratios(step, last[going])
        left = 1 - ratio[going]
        steady = np.abs(ratio[going] - found) <= 0.1 * left
        factor = np.where(steady, 1 / np.where(steady, left, 1), 1.0)
        distance[going] = factor * length
        there[going] = arrived(x[going], r, J, distance[going])
        x[going] += np.where(there[going, None], 0.0, factor[:, None] * step)
        # After the series has been added up the ratios begin anew.
        last[going] = np.where(steady[:, None], np.nan, step)
        ratio[going[steady]] = np.nan
        longest[going] = 2 * length
        going = going[~there[going] & (length > 0) & inside]
    return Closeness(np.where(there[:, None], x, starts), np.where(there, distance, np.inf), there)


def _steps(r: np.ndarray, J: np.ndarray, longest: np.ndarray) -> States:
    """Return Newton's steps; where one is too long, that without the most singular directions."""
    steps = batched.solve(J, -r)
    astray = ~(np.linalg.norm(steps, axis=1) <= longest)
    if astray.any():
        pseudo = np.linalg.pinv(J[astray], rcond=_SINGULAR)
        steps[astray] = (pseudo @ -r[astray][..., None])[..., 0]
    return steps


def _ratios(step: States, last: States) -> Float[np.ndarray, " state"]:
    """Return the length of each step beside the last one of the same direction, NaN elsewhere."""
    with np.errstate(invalid="ignore", divide="ignore", over="ignore", under="ignore"):
        scale = np.abs(last).max(1, initial=0)[:, None]
        one, other = step / scale, last / scale  # squares of very short steps would vanish
        square = np.square(other).sum(1)
        ratio = np.sqrt(np.square(one).sum(1) / square)
        aligned = (one * other).sum(1) >= 0.9 * ratio * square
    usual = (ratio > _SMALLEST_RATIO) & (ratio < _LARGEST_RATIO) & aligned
    return np.where(usual, ratio, np.nan)
