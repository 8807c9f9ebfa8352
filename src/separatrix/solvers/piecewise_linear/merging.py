"""When two answers are one point: a difference that rounding explains, never a fixed distance."""

from __future__ import annotations

import numpy as np

from .affine import Array
from .continua import Continuum
from .form import Bools, PiecewiseLinear
from .minimum import Minimum
from .zeros import Zero, evaluation_error

_EPS = float(np.finfo(np.float64).eps)
# Rounding estimates are worst cases of single points; this covers what they are compared with.
_SLACK = 16.0


def same_zero(one: Zero, other: Zero) -> bool:
    """Whether zeros of two regions are one point, which can only be on a common boundary."""
    if one.inside and other.inside:
        return False  # Each is the only zero of its own region, and not on its boundary.
    return _coincide(one, other)


def is_at(zero: Zero, solution: Array) -> bool:
    """Whether a zero on a boundary is what the equations of another region give, to rounding."""
    gap = np.abs(zero.state - solution).max(initial=0.0)
    return not zero.inside and bool(gap <= _SLACK * zero.rounding)


def same_minimum(residual: PiecewiseLinear, one: Minimum, other: Minimum) -> bool:
    """Whether two ends of descents, on different pieces, are one point or one valley."""
    if one.flat_directions.size or other.flat_directions.size:
        return joined(residual, one, other)
    return _coincide(one, other)


def joined(residual: PiecewiseLinear, one: Minimum | Continuum, other: Minimum | Continuum) -> bool:
    """Whether the speed is level, to rounding, along the straight line between two points."""
    along = one.state + np.linspace(0.0, 1.0, 5)[:, None] * (other.state - one.state)
    noise = max(evaluation_error(residual, x).max(initial=0.0) for x in along)
    values = residual(along)
    return bool(np.abs(values - values[0]).max(initial=0.0) <= _SLACK * noise)


def touches_boundary(zero: Zero) -> bool:
    """Whether a zero is closer to a region boundary than its coordinates can tell."""
    return zero.margin <= _SLACK * zero.rounding


def touched_gates(residual: PiecewiseLinear, zero: Zero) -> Bools:
    """Return the gates whose pre-activation at a zero may be of either sign."""
    reach, offset = residual.gate_rows(zero.pattern)
    size = np.abs(reach) @ np.abs(zero.state) + np.abs(offset)
    level = np.abs(reach).sum(axis=1) * zero.rounding + len(offset) * _EPS * size
    touched: Bools = np.abs(reach @ zero.state + offset) <= _SLACK * level
    return touched


def is_end_of(zero: Zero, line: Continuum) -> bool:
    """Whether a zero on a boundary lies on the affine set of a continuum, to rounding."""
    if not touches_boundary(zero):
        return False
    step = zero.state - line.state
    off = np.abs(step - line.directions @ (line.directions.T @ step)).max(initial=0.0)
    size = np.abs(zero.state).max(initial=0.0) + np.abs(line.state).max(initial=0.0)
    return bool(off <= _SLACK * (zero.rounding + len(step) * _EPS * size))


def _coincide(one: Zero | Minimum, other: Zero | Minimum) -> bool:
    gap = np.abs(one.state - other.state).max(initial=0.0)
    return bool(gap <= _SLACK * (one.rounding + other.rounding))
