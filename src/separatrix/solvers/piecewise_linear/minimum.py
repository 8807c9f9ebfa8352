"""Evidence that a point is a local minimum of the speed of a piecewise-linear residual."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .affine import Array
from .certify import evaluation_error
from .form import Bools, PiecewiseLinear

_EPS = np.finfo(np.float64).eps
_SAMPLES = 64


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
    pattern
        The gates that are on, shape ``(m,)``; kinks count as off.
    kinks
        The gates at whose kink the minimum lies, shape ``(m,)``; none for an interior minimum.
    multiplier_margin
        The smallest distance of 0 from the ends of an interval ``[λ_j, κ_j]``, as a fraction of
        its length: above 0 the kink holds strictly, at 0 the speed is level on one side.
    verified
        The multipliers of all active kinks have the right signs, and the gradient vanishes along
        the kinks, to within rounding errors; ``multiplier_margin`` says how clearly.
    radius
        Nowhere within this distance in the maximum norm is the speed lower, if ``verified``: no
        other kink lies in that ball.  For ``speed > 0`` it holds no fixed point.
    flat_directions
        Orthonormal directions along which the speed does not change, shape ``(n, k)``: a valley.
    smallest_singular_value
        Of the Jacobian of the residual along the kinks, the flat directions left out; near 0 the
        minimum is nearly a valley.
    rounding
        The minimizer of the piece lies within about this distance of ``state``.
    lower_samples
        How many of 64 random points in the ball were slower (beyond rounding): 0 as it should be.
    slowest_sample
        The slowest of those points: where to go on from what is not a minimum.
    """

    state: Array
    speed: float
    zero: bool
    pattern: Bools
    kinks: Bools
    multiplier_margin: float
    verified: bool
    radius: float
    flat_directions: Array
    smallest_singular_value: float
    rounding: float
    lower_samples: int
    slowest_sample: Array


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
    gate_error = _rounding(W, x, d)
    touching = ~kinks & (np.abs(z) <= gate_error) & np.abs(W).any(axis=1)
    agrees = ((z > 0) == pattern) | kinks | touching
    right = (low[kinks] <= error).all() and (high[kinks | touching] >= -error).all()
    level = np.abs(B.T @ r - W[kinks].T @ low[kinks]).max(initial=0.0) <= error
    length = np.where(kinks, high - low, 1.0)
    inner = np.minimum(-low, high)[kinks] / np.where(length > 0, length, 1.0)[kinks]
    radius = _radius(residual, W, z, pattern, kinks | touching)
    found = residual(x)
    zero = bool((np.abs(found) <= 4.0 * evaluation_error(residual, x)).all())
    slower, beside = _samples(residual, x, radius)
    spread = np.abs(x).max(initial=0.0) + np.linalg.norm(terms) / solved.weakest
    return Minimum(
        state=x,
        speed=float(np.linalg.norm(found)),
        zero=zero,
        pattern=pattern,
        kinks=kinks,
        multiplier_margin=float(inner.min(initial=0.5)),
        verified=zero or bool(right and level and agrees.all()),
        radius=radius,
        flat_directions=solved.flat,
        smallest_singular_value=solved.weakest,
        rounding=float(
            8 * len(x) * _EPS * spread + gate_error[kinks].max(initial=0.0) / solved.stiffness
        ),
        lower_samples=slower,
        slowest_sample=beside,
    )


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
    m = residual.gate_count
    held = np.eye(m) - residual.gate_coupling * pattern
    coupling = residual.gate_coupling
    if coupling.any():
        coupling = np.linalg.solve(held, coupling)
    Y = residual.output_weights + (residual.output_weights * pattern) @ coupling
    low = np.zeros(m)
    gradient = B.T @ r
    magnified = 1.0
    if kinks.any():
        inverse = np.linalg.pinv(W[kinks].T)
        low[kinks] = inverse @ gradient
        magnified += float(np.linalg.norm(inverse, 2)) * (1.0 + float(np.abs(Y).max()))
    high = low + r @ Y - low[kinks] @ coupling[kinks]
    return low, high, magnified


def _rounding(W: Array, x: Array, d: Array) -> Array:
    """Estimate how far pre-activations can be off because of rounding in ``x``."""
    scale = np.abs(W) @ np.abs(x) + np.abs(d)
    level: Array = 64.0 * (len(x) + 1) * _EPS * scale
    return level


def _radius(residual: PiecewiseLinear, W: Array, z: Array, pattern: Bools, active: Bools) -> float:
    """Bound from below the distance to the nearest kink that is not active."""
    reach = np.abs(W).sum(axis=1)
    if residual.gate_coupling.any():
        # Behind an active kink the rows differ from piece to piece: bound all of them.
        chain = np.eye(len(z)) - np.abs(residual.gate_coupling) * (pattern | active)
        reach = np.linalg.solve(chain, np.abs(residual.gate_weights).sum(axis=1))
    other = ~active & (reach > 0)
    return float((np.abs(z[other]) / reach[other]).min(initial=np.inf))


def _samples(residual: PiecewiseLinear, x: Array, radius: float) -> tuple[int, Array]:
    """Count the random points near ``x`` that are slower, and return the slowest point."""
    largest = min(radius, 1.0 + float(np.abs(x).max(initial=0.0)))
    rng = np.random.default_rng(0)
    sizes = largest * 10.0 ** -rng.uniform(0, 4, size=(_SAMPLES, 1))
    around = x + sizes * rng.uniform(-1, 1, size=(_SAMPLES, len(x)))
    speeds = np.linalg.norm(residual(around), axis=1)
    noise = 4.0 * float(np.linalg.norm(evaluation_error(residual, x)))
    slower = speeds < np.linalg.norm(residual(x)) - noise
    return int(slower.sum()), around[speeds.argmin()]
