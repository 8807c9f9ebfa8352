"""Evidence that a point is a local minimum of the speed of a piecewise-linear residual."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .affine import Array
from .form import Bools, PiecewiseLinear
from .zeros import coincide, evaluation_error, joined

_EPS = np.finfo(np.float64).eps


@dataclass(frozen=True)
class Minimum:
    """A stationary point of the speed ``|r|``, with the evidence that it is a local minimum.

    Near a point the residual is ``r + r'(d)`` exactly, so ``½|r(x + d)|² = ½|r|² + r·r'(d) +
    ½|r'(d)|²``, and ``r·r'(d)`` is a sum over the active kinks: ``λ_j z_j`` on the off side and
    ``κ_j z_j`` on the on side.  So ``λ_j ≤ 0 ≤ κ_j`` for every kink says that *all* pieces around
    the point (all combinations of sides) rise from it: first-order evidence is complete here.

    Attributes
    ----------
    state
        ``x``, shape ``(n,)``.
    speed
        ``|r(x)|``, Euclidean.
    zero
        The speed is at rounding level: a fixed point, not a slow one.
    kinks
        The gates at whose kink the minimum lies, shape ``(m,)``; none for an interior minimum.
    verified
        The multipliers of all active kinks have the right signs, and the gradient vanishes along
        the kinks, to within rounding errors.
    flat_directions
        Orthonormal directions along which the speed does not change, shape ``(n, k)``: a valley.
    rounding
        The minimizer of the piece lies within about this distance of ``state``.
    """

    state: Array
    speed: float
    zero: bool
    kinks: Bools
    verified: bool
    flat_directions: Array
    rounding: float


def examine_minimum(
    residual: PiecewiseLinear, pattern: Bools, kinks: Bools, near: Array
) -> Minimum:
    """Solve for the minimizer on one piece and examine the pieces around it.

    Parameters
    ----------
    residual
        The residual whose speed is minimized.
    pattern, kinks
        The gates that are on and those held at their kink, shape ``(m,)`` each.
    near
        A point close to it, shape ``(n,)``; on a valley the minimizer nearest to it is taken.
    """
    B, b = residual.piece(pattern)
    W, d = residual.gate_rows(pattern)
    solved = _constrained_least_squares(B, b, W[kinks], d[kinks], near)
    x, r, z = solved.x, B @ solved.x + b, W @ solved.x + d
    low, high, magnified = _multipliers(residual, pattern, kinks, B, W, r)
    # The residual is known to the rounding of its terms only.
    terms = np.abs(r) + np.abs(B) @ np.abs(x) + np.abs(b)
    error = 64 * len(x) * _EPS * magnified * float(np.linalg.norm(np.abs(B).T @ terms))
    gate_error = 64 * (len(x) + 1) * _EPS * (np.abs(W) @ np.abs(x) + np.abs(d))
    touching = ~kinks & (np.abs(z) <= gate_error) & W.any(axis=1)
    agrees = ((z > 0) == pattern) | kinks | touching
    right = (low[kinks] <= error).all() and (high[kinks | touching] >= -error).all()
    level = np.abs(B.T @ r - W[kinks].T @ low[kinks]).max(initial=0.0) <= error
    found = residual(x)
    zero = bool((np.abs(found) <= 4.0 * evaluation_error(residual, x)).all())
    verified = zero or bool(right and level and agrees.all())
    spread = np.abs(x).max(initial=0.0) + np.linalg.norm(terms) / solved.weakest
    off_kinks = gate_error[kinks].max(initial=0.0) / solved.stiffness
    return Minimum(
        state=x,
        speed=float(np.linalg.norm(found)),
        zero=zero,
        kinks=kinks,
        verified=verified,
        flat_directions=solved.flat,
        rounding=float(8 * len(x) * _EPS * spread + off_kinks),
    )


def same_minimum(residual: PiecewiseLinear, one: Minimum, other: Minimum) -> bool:
    """Whether two ends of descents, on different pieces, are one point or one valley."""
    if one.flat_directions.size or other.flat_directions.size:
        return joined(residual, one, other)
    return coincide(one, other)


@dataclass(frozen=True)
class _Solved:
    """A constrained least-squares solution and how well it is determined."""

    x: Array
    flat: Array
    weakest: float
    stiffness: float


def _constrained_least_squares(B: Array, b: Array, C: Array, c: Array, near: Array) -> _Solved:
    """Minimize ``|B x + b|`` subject to ``C x + c = 0``, near a point."""
    n = len(b)
    U, s, Vt = np.linalg.svd(C) if len(C) else (np.eye(0), np.zeros(0), np.eye(n))
    rank = int((s > 16 * n * _EPS * s.max(initial=0.0)).sum())
    x = near - Vt[:rank].T @ ((U.T @ (C @ near + c))[:rank] / s[:rank])
    along = Vt[rank:].T
    u, sigma, vt = np.linalg.svd(B @ along)
    full = int((sigma > 16 * n * _EPS * np.abs(B).sum(axis=1).max(initial=0.0)).sum())
    step = vt[:full].T @ ((u.T @ (B @ x + b))[:full] / sigma[:full])
    return _Solved(
        x=x - along @ step,
        flat=along @ vt[full:].T,
        weakest=float(sigma[:full].min(initial=np.inf)),
        stiffness=float(s[:rank].min(initial=np.inf)),
    )


def _multipliers(
    residual: PiecewiseLinear, pattern: Bools, kinks: Bools, B: Array, W: Array, r: Array
) -> tuple[Array, Array, float]:
    """Slopes ``λ`` and ``κ`` of ``½|r|²`` against each gate, and how errors are magnified.

    A gate that is not held has ``λ = 0`` and ``κ`` for the side it is not on.
    """
    coupling, Y = residual.gate_coupling, residual.output_weights
    if residual.is_coupled:
        coupling = np.linalg.solve(np.eye(len(W)) - coupling * pattern, coupling)
        Y = Y + (Y * pattern) @ coupling
    low, magnified = np.zeros(len(W)), 1.0
    if kinks.any():
        inverse = np.linalg.pinv(W[kinks].T)
        low[kinks] = inverse @ B.T @ r
        magnified += float(np.linalg.norm(inverse, 2)) * (1.0 + float(np.abs(Y).max()))
    return low, low + r @ Y - low[kinks] @ coupling[kinks], magnified
