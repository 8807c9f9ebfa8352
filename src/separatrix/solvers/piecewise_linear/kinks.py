"""Slow points of a piecewise-linear residual: local minima of its speed, most of them on kinks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..._parallel import one_blas_thread
from ..._types import require_count
from ..._watch import is_over
from ..endings import Ending
from .affine import Array
from .descent import Descent
from .form import PiecewiseLinear
from .minimum import Minimum, examine_minimum, same_minimum
from .reduced import Ints, checked_candidates
from .zeros import may_coincide

# What is this many times farther from the origin than the candidates went away.
_FAR = 1e6


@dataclass(frozen=True)
class KinkDescent:
    """Descent of the speed by exact steps within regions and along the kinks between them.

    Attributes
    ----------
    max_steps
        The most steps for one candidate, each to the next kink or to the minimum of a piece; None
        for ``100 + 20 m`` with ``m`` gates.

    Raises
    ------
    InvalidInputError
        For a number of steps that is not a positive whole one.

    Examples
    --------
    >>> import jax.numpy as jnp, numpy as np, separatrix as sx
    >>> kink = sx.Flow(lambda x: jnp.abs(x) + 1, size=2)
    >>> descent = sx.solvers.KinkDescent(max_steps=50)
    >>> curve = sx.slow_curve(kink, np.array([1.0, 0.0]), [-1.0, 2.0], method=descent)
    >>> (curve.speed**2).round(9).tolist()  # 4 + 1 and 9 + 1
    [5.0, 10.0]
    """

    max_steps: int | None = None

    def __post_init__(self) -> None:
        if self.max_steps is not None:
            require_count(self.max_steps, "max_steps")


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


def descend_speed(
    residual: PiecewiseLinear,
    candidates: Array,
    method: KinkDescent | None = None,
) -> SlowSolution:
    """Find the local minima of the speed ``|r|`` into which candidates slide.

    ``½|r|²`` is quadratic in every region; its minima lie where ``Bᵀ r = 0`` inside a region
    (then, unless ``B`` is singular, ``r = 0``: a fixed point) or on kinks, where several regions
    meet.  The descent holds kinks as equations and lets them go by the signs of their
    multipliers, so a minimum comes out exact to rounding, with the evidence that it is one.

    Parameters
    ----------
    residual
        ``F(x) − x`` of a map or the field of a flow, in canonical form.
    candidates
        Where to start, shape ``(candidate, n)``; rows that are not finite are marked.
    method
        The limits of the descent.

    Returns
    -------
    SlowSolution
        The minima with their evidence, and an outcome for every candidate.

    Raises
    ------
    ValueError
        If the candidates are not an array of shape ``(candidate, n)``.

    Examples
    --------
    >>> import jax, numpy as np
    >>> from separatrix.solvers.piecewise_linear import recognize
    >>> step = lambda h: h + 0.1 + jax.numpy.abs(h)     # never still, slowest at 0
    >>> solution = descend_speed(recognize(step, 1).minus_identity(), np.array([[3.0], [-2.0]]))
    >>> solution.minima[0].speed, solution.minima[0].kinks, abs(solution.states)
    (0.1, array([ True]), array([[0.]]))

    References
    ----------
    Nocedal & Wright (2006), Numerical Optimization, 2nd ed., section 16.5 (active sets);
    Griewank & Walther (2016), "First- and second-order optimality conditions for piecewise
    smooth objective functions", Optimization Methods and Software 31:904.
    """
    method = method or KinkDescent()
    states, finite = checked_candidates(candidates, residual.size)
    limit = method.max_steps or 100 + 20 * residual.gate_count
    with one_blas_thread():
        stop, found = _descend(residual, states, limit)
    far = _FAR * (1.0 + np.abs(states).max(initial=0.0))
    away = {k for k, end in found.items() if np.abs(end.state).max(initial=0.0) > far}
    minima, number = _merge(residual, {k: end for k, end in found.items() if k not in away})
    point = np.full(len(finite), -1, dtype=np.intp)
    outcome = np.full(len(finite), Ending.NOT_FINITE, dtype=np.intp)
    point[finite] = [number.get(k, -1) for k in stop]
    outcome[finite] = [Ending.SLIDE_SINGULAR if k in away else _outcome(found.get(k)) for k in stop]
    return SlowSolution(tuple(minima), outcome, point, limit, residual.size)


def _descend(
    residual: PiecewiseLinear, states: Array, limit: int
) -> tuple[list[int], dict[int, Minimum]]:
    """Return the minima at which candidates end, −1 for none, and the minima there."""
    descent = Descent(residual, states, limit)
    stop = [descent.end_of(minimum) for minimum in descent.run(states).tolist()]
    found: dict[int, Minimum] = {}
    for k in set(stop) - {-1}:
        if is_over():
            break
        end = descent.ends[k]
        found[k] = examine_minimum(residual, end.on, end.kinks, end.near)
    return stop, found


def _merge(
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
        same = (j for j in tried if same_minimum(residual, found[k], found[ends[j]]))
        owner.append(next(same, i))
        if owner[i] == i:
            kept.append(i)
    order = sorted(kept, key=lambda i: found[ends[i]].speed)
    place = {i: number for number, i in enumerate(order)}
    numbers = {k: place[i] for k, i in zip(ends, owner, strict=True)}
    return [found[ends[i]] for i in order], numbers


def _outcome(found: Minimum | None) -> Ending:
    if found is None:
        return Ending.RUNNING if is_over() else Ending.SLIDE_STEP_LIMIT
    if found.zero:
        return Ending.SLIDE_ZERO
    return Ending.SPEED_MINIMUM_ON_KINKS if found.verified else Ending.SLIDE_UNVERIFIED
