"""All fixed points of small systems by other means than the package's: scans, supports, boxes."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
from scipy.optimize import brentq

Function = Callable[[np.ndarray], np.ndarray]


def roots(function: Function, lower: float, upper: float, count: int = 200_001) -> np.ndarray:
    """Return the zeros of a function of one number, from its changes of sign on a fine grid."""
    grid = np.linspace(lower, upper, count)
    positive = function(grid) > 0
    at = np.flatnonzero(positive[1:] != positive[:-1])
    options = {"xtol": 1e-300, "rtol": 8.9e-16, "maxiter": 1000}
    return np.array([brentq(function, grid[i], grid[i + 1], **options) for i in at])


def polished(function: Function, states: np.ndarray, steps: int = 30) -> np.ndarray:
    """Return the zeros near `states` by Newton's method with derivatives by differences."""
    states = np.array(states, float)
    for state in states:
        for _ in range(steps):
            shifts = 1e-6 * np.diag(np.maximum(1, np.abs(state)))
            up, down = (np.array([function(state + s * h) for h in shifts]) for s in (1, -1))
            jacobian = ((up - down) / (2 * np.diag(shifts)[:, None])).T
            state -= np.linalg.solve(jacobian, function(state))
    return states


def threshold_linear(W: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the fixed points of x = max(W x + b, 0): each set of active units is tried."""
    size, found = len(b), []
    for active in product([False, True], repeat=size):
        on, x = np.array(active), np.zeros(size)
        if on.any():
            x[on] = np.linalg.solve(np.eye(on.sum()) - W[np.ix_(on, on)], b[on])
        if (x[on] > 0).all() and (W[~on] @ x + b[~on] <= 0).all():
            found.append(x)
    return np.array(found).reshape(-1, size)


def saturating(W: np.ndarray, b: np.ndarray, limit: int = 4_000_000) -> np.ndarray:
    """Return the fixed points of x = tanh(W x + b), by branch and prune of the box [-1, 1]^n.

    Boxes are narrowed by the equation in both directions, and by Krawczyk's operator, which also
    tells where a box holds one zero. Rounding is allowed for by a margin, not bounded.
    """
    size, margin, found, seen = len(b), 1e-12, [], 0
    lower, upper = -np.ones((1, size)), np.ones((1, size))
    plus, minus, eye = np.maximum(W, 0), np.minimum(W, 0), np.eye(size)
    while len(lower):
        seen += len(lower)
        if seen > limit:
            raise RuntimeError("too many boxes")
        for _ in range(3):
            low, high = lower @ plus.T + upper @ minus.T + b, upper @ plus.T + lower @ minus.T + b
            with np.errstate(divide="ignore"):
                below = np.arctanh(np.maximum(lower, -1)) - high
                above = np.arctanh(np.minimum(upper, 1)) - low
            lower = np.maximum(lower, np.tanh(low) - margin)
            upper = np.minimum(upper, np.tanh(high) + margin)
            # w x of one unit lies between what the others leave of the input to another.
            ends = W * lower[:, None], W * upper[:, None]
            least = below[:, :, None] + np.maximum(*ends)
            most = above[:, :, None] + np.minimum(*ends)
            with np.errstate(divide="ignore", invalid="ignore"):
                quotients = np.stack([least / W, most / W])
            quotients[:, :, W == 0] = np.array([-np.inf, np.inf])[:, None, None]
            lower = np.maximum(lower, quotients.min(0).max(1) - margin)
            upper = np.minimum(upper, quotients.max(0).min(1) + margin)
            kept = (lower <= upper).all(1)
            lower, upper = lower[kept], upper[kept]
        if not len(lower):
            break
        middle, radius = (lower + upper) / 2, 0.55 * (upper - lower) + margin
        into = middle @ W.T + b
        spread = radius @ np.abs(W).T
        slope, value = 1 - np.tanh(into) ** 2, np.tanh(into)
        steepest = 1 - np.tanh(np.maximum(np.abs(into) - spread, 0)) ** 2
        flattest = 1 - np.tanh(np.abs(into) + spread) ** 2
        change = np.maximum(steepest - slope, slope - flattest)
        jacobian = eye - slope[:, :, None] * W
        regular = np.abs(np.linalg.det(jacobian)) > 1e-12
        inverse = np.linalg.inv(np.where(regular[:, None, None], jacobian, eye))
        newton = middle - np.einsum("bij,bj->bi", inverse, middle - value)
        spread = np.einsum("bij,bj->bi", np.abs(inverse), change * spread) + margin
        spread[~regular] = np.inf
        one = (np.abs(newton - middle) + spread < radius).all(1)
        found += list(newton[one])
        lower, upper = np.maximum(lower, newton - spread), np.minimum(upper, newton + spread)
        kept = (lower <= upper).all(1) & ~one
        lower, upper = lower[kept], upper[kept]
        if not len(lower):
            break
        widest, rows = (upper - lower).argmax(1), np.arange(len(lower))
        cut = lower[rows, widest] + 0.4871 * (upper - lower)[rows, widest]
        left, right = upper.copy(), lower.copy()
        left[rows, widest], right[rows, widest] = cut, cut
        lower, upper = np.concatenate([lower, right]), np.concatenate([left, upper])
    apart: list[np.ndarray] = []
    for x in found:
        for _ in range(20):
            there = np.tanh(W @ x + b)
            x = x - np.linalg.solve(eye - (1 - there**2)[:, None] * W, x - there)
        if not any(np.abs(x - other).max() < 1e-9 for other in apart):
            apart.append(x)
    return np.array(apart).reshape(-1, size)
