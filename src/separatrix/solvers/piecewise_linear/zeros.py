"""Zeros of regions of a piecewise-linear residual, continua of them, and which are one.

Two answers are one point where rounding explains the difference, never within a fixed distance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .affine import Array
from .form import Bools, PiecewiseLinear

_EPS = float(np.finfo(np.float64).eps)
_LONG = float(np.finfo(np.longdouble).eps) / _EPS
# Rounding estimates are worst cases of single points; this covers what they are compared with.
_SLACK = 16.0
Point = Any  # a zero, a continuum, or a minimum of the speed


@dataclass(frozen=True)
class Zero:
    """A zero of a piecewise-linear residual, with what is known of it.

    Attributes
    ----------
    state
        ``x``, shape ``(n,)``.
    pattern
        The gates that are on, shape ``(m,)``.
    rounding
        The zero of the region's equations lies about within this distance in the maximum norm:
        what zeros of neighboring regions may differ by.
    inside
        Whether it lies inside its region, whatever rounding does: the only zero there.
    touched
        The gates whose pre-activation at it may be of either sign, shape ``(m,)``.
    """

    state: Array
    pattern: Bools
    rounding: float
    inside: bool
    touched: Bools


def zero_of_region(residual: PiecewiseLinear, pattern: Bools) -> Zero | None:
    """Solve one region to the last digit; None when that is not a zero of the residual."""
    B, b = residual.piece(pattern)
    W, d = residual.gate_rows(pattern)
    try:
        inverse = np.linalg.inv(B)
    except np.linalg.LinAlgError:
        return None
    x = -inverse @ b
    for _ in range(2):  # The second time reaches the last digit when the region is badly scaled.
        x = x - inverse @ _defect(residual, pattern, x)
    if not np.isfinite(x).all():
        return None
    found, error = residual(x), evaluation_error(residual, x)
    defect = np.abs(_defect(residual, pattern, x)) + _LONG * error
    off = np.abs(inverse) @ defect + _EPS * np.abs(x)
    z = W @ x + d
    rounding = float(off.max())
    level = np.abs(W).sum(axis=1) * rounding
    level = _SLACK * (level + len(d) * _EPS * (np.abs(W) @ np.abs(x) + np.abs(d)))
    inside = bool((np.where(pattern, z, -z) > level).all())
    if not inside and (np.abs(found) > 4.0 * error).any():
        return None
    return Zero(x, pattern, rounding, inside, np.abs(z) <= level)


def _defect(residual: PiecewiseLinear, pattern: Bools, x: Array) -> Array:
    """Evaluate the piece of a region in the longest floats there are."""
    state = x.astype(np.longdouble)
    z = residual.gate_weights @ state + residual.gate_offset
    for layer in residual.layers[1:]:
        z[layer] += residual.gate_coupling[layer] @ (z * pattern)
    value = residual.linear @ state + residual.output_weights @ (z * pattern) + residual.offset
    return np.asarray(value, dtype=np.float64)


def evaluation_error(residual: PiecewiseLinear, states: Array) -> Array:
    """Estimate, entry by entry, the rounding error of evaluating the residual at ``(..., n)``."""
    g = np.maximum(residual.preactivations(states), 0.0)
    x = np.abs(states)
    gate_size = x @ np.abs(residual.gate_weights.T) + np.abs(residual.gate_offset)
    if residual.is_coupled:
        gate_size += g @ np.abs(residual.gate_coupling.T)
    size = x @ np.abs(residual.linear.T) + (g + gate_size) @ np.abs(residual.output_weights.T)
    terms = residual.size + residual.gate_count + 2
    total: Array = terms * _EPS * (size + np.abs(residual.offset))
    return total


def same_zero(one: Zero, other: Zero) -> bool:
    """Whether zeros of two regions are one point, which can only be on a common boundary."""
    if one.inside and other.inside:
        return False  # Each is the only zero of its own region, and not on its boundary.
    return coincide(one, other)


def is_of_region(zero: Zero, pattern: Bools) -> bool:
    """Whether a known zero solves a region, too: their gates differ where it touches alone."""
    return not ((pattern ^ zero.pattern) & ~zero.touched).any()


def joined(residual: PiecewiseLinear, one: Point, other: Point) -> bool:
    """Whether the speed is level, to rounding, along the straight line between two points."""
    along = one.state + np.linspace(0.0, 1.0, 5)[:, None] * (other.state - one.state)
    noise = evaluation_error(residual, along).max(initial=0.0)
    values = residual(along)
    return bool(np.abs(values - values[0]).max(initial=0.0) <= _SLACK * noise)


def is_end_of(zero: Zero, line: Continuum) -> bool:
    """Whether a zero on a boundary lies on the affine set of a continuum, to rounding."""
    if not zero.touched.any():
        return False
    step = zero.state - line.state
    off = np.abs(step - line.directions @ (line.directions.T @ step)).max(initial=0.0)
    size = np.abs(zero.state).max(initial=0.0) + np.abs(line.state).max(initial=0.0)
    return bool(off <= _SLACK * (zero.rounding + len(step) * _EPS * size))


def coincide(one: Point, other: Point) -> bool:
    """Whether two points are as near as the rounding of both explains."""
    states, rounding = other.state[None], np.array([other.rounding])
    return bool(may_coincide(one.state, one.rounding, states, rounding)[0])


def may_coincide(state: Array, rounding: float, states: Array, roundings: Array) -> Bools:
    """Mask states ``(k, n)`` as near to one as the rounding of both explains."""
    gap = np.abs(states - state).max(axis=1, initial=0.0)
    near: Bools = gap <= _SLACK * (rounding + roundings)
    return near


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


def examine_singular(residual: PiecewiseLinear, pattern: Bools) -> Continuum | Array | None:
    """Find the zeros of a residual in a region that is singular, or suspected to be.

    Where there are none, returns the state where to go on, None if nowhere.

    Singular values below ``16 n ε σ₁``, or what rounding leaves of coefficients that
    cancel, count as zero.  The zeros of the region's affine
    piece, if there are any, are searched for the one deepest in the region by a linear program.
    """
    B, b = residual.piece(pattern)
    U, sigma, Vt = np.linalg.svd(B)
    n = len(b)
    top = float(sigma.max(initial=0.0))
    rank = int((sigma > max(_SLACK * n * _EPS * top, residual.rounding)).sum()) if top > 0 else 0
    inverse = np.divide(1.0, sigma[:rank], out=np.zeros(rank), where=sigma[:rank] > 0)
    x = -Vt[:rank].T @ (inverse * (U[:, :rank].T @ b))
    if rank == n:
        return x if np.isfinite(x).all() else None
    size = np.abs(b).max(initial=0.0) + top * np.abs(x).max(initial=0.0)
    if np.abs(U[:, rank:].T @ b).max(initial=0.0) > _SLACK * n * _EPS * size:
        return None
    directions = Vt[rank:].T
    x, depth = _deepest(residual, pattern, x, directions)
    if depth < -_SLACK * n * _EPS * (1.0 + np.abs(x).max(initial=0.0)):
        return x
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
