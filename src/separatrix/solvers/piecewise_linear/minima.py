"""Evidence that a point is a local minimum of the speed of a piecewise-linear residual."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..endings import Ending
from .affine import Array
from .form import Bools, Ints, PiecewiseLinear
from .zeros import coincide, evaluation_error, joined, may_coincide

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


@dataclass(frozen=True)
class SlowSolution:
    """Local minima of the speed and how each candidate fared.

    Attributes
    ----------
    minima
        The distinct minima by increasing speed, those at rounding level (``.zero``) included.
    outcome
        A ``Ending`` per candidate, shape ``(candidate,)``.
    point
        Which minimum a candidate reached, −1 for none.
    max_steps
        The most steps that it could take.
    size
        ``n``.
    """

    minima: tuple[Minimum, ...]
    outcome: Ints
    point: Ints
    max_steps: int
    size: int

    @property
    def states(self) -> Array:
        """The minima, shape ``(minimum, unit)``."""
        return np.array([minimum.state for minimum in self.minima]).reshape(-1, self.size)

    @property
    def numbers(self) -> Ints:
        """The number that goes with each outcome, shape ``(candidate,)``: of kinks, or of steps."""
        kinks = np.array([*(minimum.kinks.sum() for minimum in self.minima), 0])
        slow = self.outcome == Ending.SPEED_MINIMUM_ON_KINKS
        numbers = np.where(slow, kinks[self.point], self.point)
        return np.where(self.outcome == Ending.SLIDE_STEP_LIMIT, self.max_steps, numbers)


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
    turned = residual.oriented(pattern & ~kinks)
    B, b, W, d = turned.linear, turned.offset, turned.gate_weights, turned.gate_offset
    x, flat, weakest, stiffness = _constrained_least_squares(B, b, W[kinks], d[kinks], near)
    r, z = B @ x + b, W @ x + d
    low, high, magnified = _multipliers(turned, kinks, r)
    # The residual is known to the rounding of its terms only.
    terms = np.abs(r) + np.abs(B) @ np.abs(x) + np.abs(b)
    error = 64 * len(x) * _EPS * magnified * float(np.linalg.norm(np.abs(B).T @ terms))
    gate_error = 64 * (len(x) + 1) * _EPS * (np.abs(W) @ np.abs(x) + np.abs(d))
    touching = ~kinks & (np.abs(z) <= gate_error) & W.any(axis=1)
    agrees = (z <= 0) | kinks | touching
    right = (low[kinks] <= error).all() and (high[kinks | touching] >= -error).all()
    level = np.abs(B.T @ r - W[kinks].T @ low[kinks]).max(initial=0.0) <= error
    found = residual(x)
    zero = bool((np.abs(found) <= 4.0 * evaluation_error(residual, x)).all())
    verified = zero or bool(right and level and agrees.all())
    spread = np.abs(x).max(initial=0.0) + np.linalg.norm(terms) / weakest
    off_kinks = gate_error[kinks].max(initial=0.0) / stiffness
    return Minimum(
        state=x,
        speed=float(np.linalg.norm(found)),
        zero=zero,
        kinks=kinks,
        verified=verified,
        flat_directions=flat,
        rounding=float(8 * len(x) * _EPS * spread + off_kinks),
    )


def merge(
    residual: PiecewiseLinear, found: dict[int, Minimum]
) -> tuple[list[Minimum], dict[int, int]]:
    """Merge ends that are one point; return the points by speed, and the number of each end."""
    # Valleys first, so that their ends join them.
    ends = sorted(found, key=lambda k: -found[k].flat_directions.shape[1])
    states = np.array([found[k].state for k in ends]).reshape(len(ends), residual.size)
    reach = np.array([found[k].rounding for k in ends])
    valleys = sum(found[k].flat_directions.size > 0 for k in ends)
    kept: list[int] = []
    owner: list[int] = []
    for i, k in enumerate(ends):
        others = np.array(kept, dtype=np.intp)
        near = may_coincide(states[i], reach[i], states[others], reach[others])
        tried = kept if i < valleys else others[near | (others < valleys)].tolist()
        same = (j for j in tried if _same_minimum(residual, found[k], found[ends[j]]))
        owner.append(next(same, i))
        if owner[i] == i:
            kept.append(i)
    order = sorted(kept, key=lambda i: found[ends[i]].speed)
    place = {i: number for number, i in enumerate(order)}
    numbers = {k: place[i] for k, i in zip(ends, owner, strict=True)}
    return [found[ends[i]] for i in order], numbers


def _same_minimum(residual: PiecewiseLinear, one: Minimum, other: Minimum) -> bool:
    """Whether two ends of descents, on different pieces, are one point or one valley."""
    if one.flat_directions.size or other.flat_directions.size:
        return joined(residual, one, other)
    return coincide(one, other)


def _constrained_least_squares(
    B: Array, b: Array, C: Array, c: Array, near: Array
) -> tuple[Array, Array, float, float]:
    """Minimize ``|B x + b|`` subject to ``C x + c = 0``, near a point.

    Returns ``x``, the directions in which it is not determined, and the least singular values, as
    far as they are not zero, of ``B`` along the equations and of these.
    """
    n = len(b)
    U, s, Vt = np.linalg.svd(C) if len(C) else (np.eye(0), np.zeros(0), np.eye(n))
    rank = int((s > 16 * n * _EPS * s.max(initial=0.0)).sum())
    x = near - Vt[:rank].T @ ((U.T @ (C @ near + c))[:rank] / s[:rank])
    along = Vt[rank:].T
    u, sigma, vt = np.linalg.svd(B @ along)
    full = int((sigma > 16 * n * _EPS * np.abs(B).sum(axis=1).max(initial=0.0)).sum())
    step = vt[:full].T @ ((u.T @ (B @ x + b))[:full] / sigma[:full])
    weakest, stiffness = sigma[:full].min(initial=np.inf), s[:rank].min(initial=np.inf)
    return x - along @ step, along @ vt[full:].T, float(weakest), float(stiffness)


def _multipliers(turned: PiecewiseLinear, kinks: Bools, r: Array) -> tuple[Array, Array, float]:
    """Return the slopes of ``½|r|²`` on both sides of each kink, and how errors are magnified.

    All gates are turned off; one that is not held has ``λ = 0``, and ``κ`` for the side beyond.
    """
    W, Y = turned.gate_weights, turned.output_weights
    low, magnified = np.zeros(len(W)), 1.0
    if kinks.any():
        inverse = np.linalg.pinv(W[kinks].T)
        low[kinks] = inverse @ turned.linear.T @ r
        magnified += float(np.linalg.norm(inverse, 2)) * (1.0 + float(np.abs(Y).max()))
    return low, low + r @ Y - low[kinks] @ turned.gate_coupling[kinks], magnified
