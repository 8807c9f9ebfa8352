"""Regions whose equations are singular: continua of zeros, or none at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .affine import Array
from .form import Bools, PiecewiseLinear

_EPS = np.finfo(np.float64).eps


@dataclass(frozen=True)
class Continuum:
    """A region in which the zeros of a residual are not isolated.

    Attributes
    ----------
    state
        The zero that lies deepest in the region, shape ``(n,)``.
    pattern
        The region's gates, shape ``(m,)``.
    directions
        Orthonormal null vectors of the Jacobian of the residual, shape ``(n, k)``: the zeros are
        ``state + directions @ t`` as long as that stays in the region.
    singular_values
        All singular values of that Jacobian, descending; the last ``k`` are at rounding level.
    """

    state: Array
    pattern: Bools
    directions: Array
    singular_values: Array


@dataclass(frozen=True)
class Passage:
    """A singular region without zeros; ``state`` is where to go on, None if nowhere."""

    state: Array | None


def examine_singular(
    residual: PiecewiseLinear, pattern: Bools, slack: float
) -> Continuum | Passage:
    """Find the zeros of a residual in a region that is singular, or suspected to be.

    Singular values below ``slack · n · ε · σ₁``, or what rounding leaves of coefficients that
    cancel, count as zero.  The zeros of the region's affine
    piece, if there are any, are searched for the one deepest in the region by a linear program.
    """
    B, b = residual.piece(pattern)
    U, sigma, Vt = np.linalg.svd(B)
    n = len(b)
    top = float(sigma.max(initial=0.0))
    rank = int((sigma > max(slack * n * _EPS * top, residual.rounding)).sum()) if top > 0 else 0
    inverse = np.divide(1.0, sigma[:rank], out=np.zeros(rank), where=sigma[:rank] > 0)
    x = -Vt[:rank].T @ (inverse * (U[:, :rank].T @ b))
    if rank == n:
        return Passage(x if np.isfinite(x).all() else None)
    size = np.abs(b).max(initial=0.0) + top * np.abs(x).max(initial=0.0)
    if np.abs(U[:, rank:].T @ b).max(initial=0.0) > slack * n * _EPS * size:
        return Passage(None)
    directions = Vt[rank:].T
    x, depth = _deepest(residual, pattern, x, directions)
    if depth < -slack * n * _EPS * (1.0 + np.abs(x).max(initial=0.0)):
        return Passage(x)
    return Continuum(x, pattern, directions, sigma)


def _deepest(
    residual: PiecewiseLinear, pattern: Bools, x: Array, directions: Array
) -> tuple[Array, float]:
    """Return the point of ``x + span(directions)`` deepest in the region, and its depth."""
    # Seldom needed, and it costs a quarter of a second to load.
    from scipy.optimize import linprog

    W, d = residual.gate_rows(pattern)
    signs = np.where(pattern, 1.0, -1.0)
    reach = np.abs(W).sum(axis=1)
    felt = reach > 0
    if not felt.any():
        return x, np.inf
    scale = (signs / np.where(felt, reach, 1.0))[felt]
    slope, value = scale[:, None] * (W @ directions)[felt], scale * (W @ x + d)[felt]
    # maximize depth subject to value + slope t >= depth; the cap keeps it bounded.
    k = directions.shape[1]
    cap = 1.0 + np.abs(value).max()
    answer = linprog(
        c=np.append(np.zeros(k), -1.0),
        A_ub=np.column_stack([-slope, np.ones(len(value))]),
        b_ub=value,
        bounds=[(None, None)] * k + [(None, cap)],
        method="highs",
    )
    if answer.x is None:
        return x, float(value.min())
    return x + directions @ answer.x[:k], float(answer.x[k])
