"""Slow points of a piecewise-linear residual: local minima of its speed, most of them on kinks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from ..._parallel import one_blas_thread
from ..._types import require_count
from .affine import Array
from .descent import UNFINISHED, Descent, Ends
from .form import PiecewiseLinear
from .merging import same_minimum
from .minimum import Minimum, examine_minimum
from .patterns import checked_candidates, gate_patterns
from .reduced import Ints, Reduced, reduce

_RESTARTS = 8


class DescentOutcome(IntEnum):
    """How the descent of one candidate ended."""

    ZERO = 0
    MINIMUM = 1
    UNVERIFIED = 2
    STEP_LIMIT = 3
    SINGULAR = 4
    NOT_FINITE = 5


_REASONS = {
    DescentOutcome.ZERO: "slid into a fixed point (minimum {point}, speed at rounding level)",
    DescentOutcome.MINIMUM: "slid into slow point {point}: speed {speed:.3g}, {kinks} kinks active",
    DescentOutcome.UNVERIFIED: (
        "stopped at a stationary point (minimum {point}) that could not be shown to be a minimum"
    ),
    DescentOutcome.STEP_LIMIT: "ran out of steps after {steps}; raise max_steps",
    DescentOutcome.SINGULAR: (
        "every region tried has a singular Jacobian, so no slow point is isolated: the speed is "
        "the same all along a line or more"
    ),
    DescentOutcome.NOT_FINITE: "the candidate is not finite",
}


@dataclass(frozen=True)
class KinkDescent:
    """Descent of the speed by exact steps within regions and along the kinks between them.

    Attributes
    ----------
    max_steps
        The most steps for one candidate (each one small linear solve); None for ``100 + 20 m``
        with ``m`` gates.
    chunk
        How many candidates move at once; bounds the memory.

    Raises
    ------
    InvalidInputError
        For a number that is not a positive whole one.

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
    chunk: int = 2048

    def __post_init__(self) -> None:
        if self.max_steps is not None:
            require_count(self.max_steps, "max_steps")
        require_count(self.chunk, "chunk")


@dataclass(frozen=True)
class SlowSolution:
    """Local minima of the speed and how each candidate fared.

    Attributes
    ----------
    minima
        The distinct minima by increasing speed, those at rounding level (``.zero``) included.
    hits
        How many candidates slid into each, shape ``(minimum,)``.
    outcome
        A ``DescentOutcome`` per candidate, shape ``(candidate,)``.
    point
        Which minimum a candidate reached, −1 for none.
    steps
        How many steps it took on its own: until it stopped or met another candidate's path.
    size
        ``n``.
    """

    minima: tuple[Minimum, ...]
    hits: Ints
    outcome: Ints
    point: Ints
    steps: Ints
    size: int

    @property
    def states(self) -> Array:
        """The minima, shape ``(minimum, unit)``."""
        return np.array([minimum.state for minimum in self.minima]).reshape(-1, self.size)

    def reason(self, candidate: int) -> str:
        """Say in words how the descent of one candidate ended."""
        point = int(self.point[candidate])
        found = self.minima[point] if point >= 0 else None
        return _REASONS[DescentOutcome(self.outcome[candidate])].format(
            point=point,
            steps=int(self.steps[candidate]),
            speed=found.speed if found else np.nan,
            kinks=int(found.kinks.sum()) if found else 0,
        )


def descend_speed(
    residual: PiecewiseLinear, candidates: Array, method: KinkDescent | None = None
) -> SlowSolution:
    """Find the local minima of the speed ``|r|`` into which candidates slide.

    ``½|r|²`` is quadratic in every region; its minima lie where ``Bᵀ r = 0`` inside a region
    (then, unless ``B`` is singular, ``r = 0``: a fixed point) or on kinks, where several regions
    meet.  The descent holds kinks as equations and lets them go by the signs of their
    multipliers, so a minimum comes out exact to rounding together with the proof that it is one.

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
    outcome = np.full(len(finite), DescentOutcome.NOT_FINITE, dtype=np.intp)
    nowhere, still = np.full(len(finite), -1, dtype=np.intp), np.zeros(len(finite), dtype=np.intp)
    with one_blas_thread():
        reduced = reduce(residual, gate_patterns(residual, states))
        if reduced is None or len(states) == 0:
            outcome[finite] = DescentOutcome.SINGULAR
            return SlowSolution(
                (), np.zeros(0, dtype=np.intp), outcome, nowhere, still, residual.size
            )
        ends = _descend(residual, reduced, states, method)
        found = _examine(residual, reduced, ends)
        stop = _go_on(residual, reduced, ends.stop, found, method)
        minima, number = _merge(residual, found)
    nowhere[finite] = np.where(stop == UNFINISHED, -1, np.append(number, -1)[stop])
    still[finite] = ends.steps
    outcome[finite] = [_outcome(minima[k] if k >= 0 else None) for k in nowhere[finite]]
    return _solution(residual, minima, outcome, nowhere, still)


def _solution(
    residual: PiecewiseLinear, minima: list[Minimum], outcome: Ints, point: Ints, steps: Ints
) -> SlowSolution:
    """Keep the minima that candidates reached, and count."""
    reached, place = np.unique(point[point >= 0], return_inverse=True)
    point[point >= 0] = place
    hits = np.bincount(place, minlength=len(reached)).astype(np.intp)
    chosen = tuple(minima[k] for k in reached)
    return SlowSolution(chosen, hits, outcome, point, steps, residual.size)


def _descend(
    residual: PiecewiseLinear, reduced: Reduced, states: Array, method: KinkDescent
) -> Ends:
    limit = method.max_steps or 100 + 20 * residual.gate_count
    descent = Descent(reduced, limit)
    everyone = np.arange(len(states))
    for part in np.split(everyone, range(method.chunk, len(states), method.chunk)):
        descent.run(descent.start(residual, states[part], part))
    return descent.result(len(states))


def _examine(residual: PiecewiseLinear, reduced: Reduced, ends: Ends) -> list[Minimum]:
    near = reduced.states(ends.e)
    return [
        examine_minimum(residual, reduced.patterns(on) & ~held, held, x)
        for on, held, x in zip(ends.on, ends.held, near, strict=True)
    ]


def _go_on(
    residual: PiecewiseLinear,
    reduced: Reduced,
    stop: Ints,
    found: list[Minimum],
    method: KinkDescent,
) -> Ints:
    """Descend again from ends that are no minima, from the slowest point seen beside them.

    That happens where more kinks meet than there are dimensions: there the multipliers of the
    kinks held do not tell all.  Appends to ``found`` and returns where candidates now stop.
    """
    last = np.arange(len(found) + 1)
    last[-1] = UNFINISHED
    stuck = [i for i in range(len(found)) if not found[i].verified]
    for _ in range(_RESTARTS):
        if not stuck:
            break
        beside = np.array([found[i].slowest_sample for i in stuck])
        ends = _descend(residual, reduced, beside, method)
        first = len(found)
        found.extend(_examine(residual, reduced, ends))
        left = set()
        for i, end in zip(stuck, ends.stop, strict=True):
            if end != UNFINISHED and found[first + end].speed < found[i].speed:
                last[last == i] = first + end
                left.add(first + int(end))
        stuck = [i for i in left if not found[i].verified]
    moved: Ints = last[stop]  # UNFINISHED is -1 and finds the last entry.
    return moved


def _merge(residual: PiecewiseLinear, found: list[Minimum]) -> tuple[list[Minimum], Ints]:
    """Merge ends that are one point; return the points by speed and the number of each end."""
    kept: list[Minimum] = []
    owner = np.empty(len(found), dtype=np.intp)
    # Valleys first, so that their ends join them.
    for i in sorted(range(len(found)), key=lambda i: -found[i].flat_directions.shape[1]):
        same = [k for k, other in enumerate(kept) if same_minimum(residual, found[i], other)]
        owner[i] = same[0] if same else len(kept)
        if not same:
            kept.append(found[i])
    order = np.argsort([minimum.speed for minimum in kept], kind="stable")
    place = np.empty(len(kept), dtype=np.intp)
    place[order] = np.arange(len(kept))
    return [kept[i] for i in order], place[owner]


def _outcome(found: Minimum | None) -> DescentOutcome:
    if found is None:
        return DescentOutcome.STEP_LIMIT
    if found.zero:
        return DescentOutcome.ZERO
    return DescentOutcome.MINIMUM if found.verified else DescentOutcome.UNVERIFIED
