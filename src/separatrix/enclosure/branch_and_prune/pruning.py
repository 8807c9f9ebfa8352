r"""Pruning of boxes by one evaluation of bounds and slopes over each.

With slopes S of g over a box X around m, a zero x of g obeys :math:`0\in T\,g(m)+T\,S\,(x-m)` for
any matrix T. A row of it, solved for one coordinate k, bounds that coordinate:

.. math:: x_k \in m_k-\frac{(T g(m))_i+\sum_{j\ne k}(TS)_{ij}(X_j-m_j)}{(TS)_{ik}} .

The rows tried are those of g itself and of an approximate inverse of S (the interval Newton
operator of Hansen & Sengupta 1981, *BIT* 21:203, in Jacobi form). Where an interval comes out
empty, X holds no zero. Where :math:`\|I-TS\|_\infty<1`, X holds at most one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..interval.arithmetic import ULP, Array, Interval, divide, down, point, up
from ..interval.interpreter import EnclosedFunction
from ..interval.products import matmul, row_sums
from ..krawczyk.contraction import (
    approximate_inverse,
    contraction_rates,
    newton_step,
)
from ..krawczyk.radii import Flags


class Pruned(NamedTuple):
    """Parts of the boxes that are left, and where to look next in them."""

    lower: Array  # (box, n)
    upper: Array
    empty: Flags  # no zero in the box
    regular: Flags  # at most one
    newton: Array  # where Newton's step leads from the middle
    steepness: Array  # (box, n): the largest slope along each coordinate
    refusals: tuple[str, ...]


def prune(enclosed: EnclosedFunction, lower: Array, upper: Array) -> Pruned:
    """Contract boxes (box, n) to parts that hold the same zeros."""
    boxes = Interval(lower, upper)
    middle = np.clip(0.5 * lower + 0.5 * upper, lower, upper)
    around, center = enclosed.slopes(boxes), enclosed.bounds(point(middle))
    slopes, allowed = around.slopes, around.allowed
    inverse = approximate_inverse(slopes)
    newton = newton_step(inverse, center)
    rates = contraction_rates(inverse, slopes).max(axis=1)
    tilted = matmul(point(inverse), slopes)
    rows = Interval(
        np.concatenate([slopes.lower, tilted.lower], axis=1),
        np.concatenate([slopes.upper, tilted.upper], axis=1),
    )
    values = Interval(
        np.concatenate([center.lower, newton.lower], axis=1),
        np.concatenate([center.upper, newton.upper], axis=1),
    )
    low, high = _solve_rows(rows, values, middle, lower, upper)
    low, high = (np.where(allowed[:, None], low, lower), np.where(allowed[:, None], high, upper))
    empty = around.bounds.excludes_zero().any(axis=1) | np.any(low > high, axis=1)
    step = newton.midpoint_radius()[0]
    steepness = np.max(slopes.magnitude(), axis=1)
    return Pruned(
        low, high, empty, allowed & (rates < 1), middle - step, steepness, around.refusals
    )


def _solve_rows(
    rows: Interval, values: Interval, middle: Array, lower: Array, upper: Array
) -> tuple[Array, Array]:
    """Bound each coordinate by each row that it has a part in: (box, row, n) at once.

    A second pass uses the slopes again on what the first has left: they hold there as well.
    """
    size = rows.magnitude()
    usable = rows.excludes_zero()
    divisor = Interval(np.where(usable, rows.lower, 1.0), np.where(usable, rows.upper, 1.0))
    low, high = lower, upper
    for _ in range(2):
        reach = up(np.maximum(high - middle, middle - low))
        terms = up(size * reach[:, None, :])
        everything = row_sums(terms)[:, :, None]
        others = np.maximum(up(everything - terms * (1.0 - 4.0 * ULP)), 0.0)
        right = Interval(
            down(-values.upper[:, :, None] - others), up(others - values.lower[:, :, None])
        )
        moved = divide(right, divisor)
        found_low = np.where(usable, down(middle[:, None, :] + moved.lower), -np.inf)
        found_high = np.where(usable, up(middle[:, None, :] + moved.upper), np.inf)
        # fmax and fmin pass over NaN: what is not known bounds nothing
        low = np.maximum(low, np.fmax.reduce(found_low, axis=1, initial=-np.inf))
        high = np.minimum(high, np.fmin.reduce(found_high, axis=1, initial=np.inf))
    return low, high
