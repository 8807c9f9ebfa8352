"""Which of many solutions are the same one."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int

_FLAT = 1e-3  # how far, in units of the state, minima of one flat valley may be one
_ROUNDINGS = 16.0  # a gradient is the sum of a few products with rounding errors


def group(
    states: Float[np.ndarray, "solution unit"], uncertainty: Float[np.ndarray, " solution"]
) -> Int[np.ndarray, " solution"]:
    """Return the index of the solution that each one is merged with (its group's most exact one).

    Two solutions are the same when their distance is explained by what is uncertain of both, the
    last Newton corrections that led to them: no length scale enters. The most exact solution of a
    group stands for it. Solutions are sorted by their projection on one direction, so far-apart
    ones are never compared, and the cost is that of sorting.
    """
    count = len(states)
    if count == 0:
        return np.zeros(0, int)
    direction = np.random.default_rng(0).standard_normal(states.shape[1])
    projection = states @ (direction / np.linalg.norm(direction))
    order = np.argsort(projection, kind="stable")
    reach = uncertainty[order]
    # A gap wider than the largest reach on either side of it separates groups for certain.
    left = np.maximum.accumulate(projection[order] + reach)[:-1]
    right = np.minimum.accumulate((projection[order] - reach)[::-1])[::-1][1:]
    blocks = np.split(order, np.flatnonzero(left < right) + 1)
    representative = np.empty(count, int)

    def near(rows: np.ndarray, best: int) -> np.ndarray:
        distance = np.linalg.norm(states[rows] - states[best], axis=1)
        return distance <= uncertainty[rows] + uncertainty[best]

    for block in blocks:
        _merge(block[np.argsort(uncertainty[block], kind="stable")], near, representative)
    return representative


def group_minima(
    states: Float[np.ndarray, "minimum unit"],
    hessian: Callable[[int], Float[np.ndarray, "unit unit"]],
    eps: float,
    scale: float,
) -> Int[np.ndarray, " minimum"]:
    """Return the index of the minimum that each one is merged with, the first of its group.

    Along a direction in which a function is nearly flat rounding of its gradient leaves a minimum
    anywhere within some distance, a hundred times the last Newton correction or a million. So two
    minima are the same when the gradient that the Hessian H of one expects at the other, H d, is
    what rounding makes of the terms that gradients near there are sums of, as large as |H| |x|,
    with the `scale` of states for |x| where a minimum lies near the origin.
    """

    def near(rows: np.ndarray, first: int) -> np.ndarray:
        away = states[rows] - states[first]
        size = max(scale, np.abs(states[first]).max())
        close = np.abs(away).max(1) <= _FLAT * size
        if close.sum() > 1:  # not only itself
            H = hessian(first)
            level = _ROUNDINGS * eps * np.abs(H).sum(1).max() * size
            close &= np.abs(away @ H).max(1) <= level
        return close

    representative = np.empty(len(states), int)
    _merge(np.arange(len(states)), near, representative)
    return representative


def _merge(
    remaining: np.ndarray,
    near: Callable[[np.ndarray, int], np.ndarray],
    representative: np.ndarray,
) -> None:
    """Give the first solution all that are near enough, in place, and repeat with the rest."""
    while len(remaining):
        best = int(remaining[0])
        same = near(remaining, best)
        same[0] = True
        representative[remaining[same]] = best
        remaining = remaining[~same]
