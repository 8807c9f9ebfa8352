"""The zero of one region of a piecewise-linear residual, and how exactly it is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .affine import Array
from .form import Bools, PiecewiseLinear

_EPS = float(np.finfo(np.float64).eps)
_LONG = float(np.finfo(np.longdouble).eps) / _EPS


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
    margin
        Distance in the maximum norm to the nearest region boundary, 0 when not ``inside``.
    """

    state: Array
    pattern: Bools
    rounding: float
    inside: bool
    margin: float


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
    z_error = np.abs(W) @ off + (len(x) + 2) * _EPS * (np.abs(W) @ np.abs(x) + np.abs(d))
    inside = bool((np.where(pattern, z, -z) > z_error).all())
    if not inside and (np.abs(found) > 4.0 * error).any():
        return None
    reach = np.abs(W).sum(axis=1)
    felt = reach > 0
    margin = float(((np.abs(z) - z_error)[felt] / reach[felt]).min(initial=np.inf))
    return Zero(x, pattern, float(off.max()), inside, margin if inside else 0.0)


def _defect(residual: PiecewiseLinear, pattern: Bools, x: Array) -> Array:
    """Evaluate the piece of a region in the longest floats there are."""
    state = x.astype(np.longdouble)
    z = residual.gate_weights @ state + residual.gate_offset
    for layer in residual.layers()[1:]:
        z[layer] += residual.gate_coupling[layer] @ (z * pattern)
    value = residual.linear @ state + residual.output_weights @ (z * pattern) + residual.offset
    return np.asarray(value, dtype=np.float64)


def evaluation_error(residual: PiecewiseLinear, x: Array) -> Array:
    """Estimate, entry by entry, the rounding error of evaluating the residual at ``x``."""
    z = residual.preactivations(x)
    g = np.maximum(z, 0.0)
    gate_size = np.abs(residual.gate_weights) @ np.abs(x) + np.abs(residual.gate_offset)
    gate_size += np.abs(residual.gate_coupling) @ g
    size = np.abs(residual.linear) @ np.abs(x) + np.abs(residual.output_weights) @ (g + gate_size)
    terms = residual.size + residual.gate_count + 2
    total: Array = terms * _EPS * (size + np.abs(residual.offset))
    return total
