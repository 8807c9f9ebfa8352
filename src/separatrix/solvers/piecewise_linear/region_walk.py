"""Zeros of a piecewise-linear residual: from region to region, by ways that candidates share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..._parallel import one_blas_thread
from ..endings import Ending
from .affine import Array
from .form import Bools, PiecewiseLinear
from .reduced import Ints, checked_candidates, distinct, gate_patterns, reduce
from .walk_graph import Walk
from .zeros import Continuum, Zero

_SHARED_STEPS = 8  # of Newton's method, after which walks seldom meet others
_MOST_CHEAP = 500_000  # regions that take some 20 microseconds each


@dataclass(frozen=True)
class RegionWalk:
    """Newton's method between the regions of a piecewise-linear residual.

    In the region of a pattern ``s`` the residual is ``B_s x + b_s``; its zero is found exactly
    and the walk goes on in the region where that zero lies, until a region holds its own.  Walks
    that have not come to one after a few steps, as they cycle or wander, are taken up again from
    where they began with steps that are shortened until the residual falls.

    Attributes
    ----------
    max_rounds
        The most steps of Newton's method of one walk.
    max_regions
        The most regions solved in one call; walks that would need more stop.  None for 10,000 and
        20 for every candidate, or 500,000 if that is more and there are many more gates than
        variables, as a region costs little then.
    slack
        Singular values below ``slack · n · ε · σ₁`` count as zero.

    References
    ----------
    Brugnano & Casulli (2008), "Iterative solution of piecewise linear systems", SIAM Journal on
    Scientific Computing 30:463; Han, Pang & Rangaraj (1992), "Globally convergent Newton methods
    for nonsmooth equations", Mathematics of Operations Research 17:586.
    """

    max_rounds: int = 200
    max_regions: int | None = None
    slack: float = 16.0


@dataclass(frozen=True)
class RegionSolution:
    """Zeros of a piecewise-linear residual and how each candidate fared.

    Attributes
    ----------
    zeros
        The isolated zeros, in the order found.
    hits
        How many candidates walked to each, shape ``(zero,)``.
    continua
        Regions with a continuum of zeros.
    outcome
        A ``Ending`` per candidate, shape ``(candidate,)``.
    point
        Which zero (or continuum) a candidate reached, −1 for none.
    steps
        How many regions its walk visited.
    cycle_length
        How many regions its cycle has, 0 where there is none.
    downhill
        Which candidates reached a zero only by steps that were shortened until the residual fell.
    regions_solved
        How many regions the whole call solved.
    size
        ``n``.
    """

    zeros: tuple[Zero, ...]
    hits: Ints
    continua: tuple[Continuum, ...]
    outcome: Ints
    point: Ints
    steps: Ints
    cycle_length: Ints
    downhill: Bools
    regions_solved: int
    size: int

    @property
    def states(self) -> Array:
        """The zeros, shape ``(zero, unit)``."""
        return np.array([zero.state for zero in self.zeros]).reshape(-1, self.size)


def solve_regions(
    residual: PiecewiseLinear,
    candidates: Array,
    method: RegionWalk | None = None,
) -> RegionSolution:
    """Find zeros of a piecewise-linear residual exactly, from the regions of many candidates.

    Parameters
    ----------
    residual
        ``r`` with ``r(x*) = 0`` wanted: ``form.minus_identity()`` of a map's canonical form, or
        a flow's canonical form itself.
    candidates
        Where to start, shape ``(candidate, n)``; rows that are not finite are marked.
    method
        The walk and its limits.

    Returns
    -------
    RegionSolution
        Zeros exact to rounding, and an outcome for every candidate.

    Raises
    ------
    ValueError
        If the candidates are not an array of shape ``(candidate, n)``.

    Examples
    --------
    >>> import jax, numpy as np
    >>> from separatrix.solvers.piecewise_linear import recognize
    >>> step = lambda h: jax.nn.relu(1.0 - 0.5 * h)
    >>> solution = solve_regions(recognize(step, 1).minus_identity(), np.zeros((1, 1)))
    >>> solution.states
    array([[0.66666667]])
    """
    method = method or RegionWalk()
    states, finite = checked_candidates(candidates, residual.size)
    begin, region = distinct(gate_patterns(residual, states))
    with one_blas_thread():
        reduced = reduce(residual, begin[region])
        cheap = _MOST_CHEAP if reduced is not None and reduced.table is not None else 0
        most = method.max_regions or max(10_000 + 20 * len(states), cheap)
        walk = Walk(residual, reduced, most, method.slack)
        node, before = _walks(walk, begin, method.max_rounds)
    walk.absorb_ends_of_continua()
    ends = np.array(walk.ends_of(node), dtype=np.intp).reshape(-1, 4)[region]
    outcome = np.full(len(finite), Ending.NOT_FINITE, dtype=np.intp)
    point, steps, cycles = (np.full(len(finite), fill, dtype=np.intp) for fill in (-1, 0, 0))
    outcome[finite], point[finite], steps[finite], cycles[finite] = ends.T
    steps[finite] += before[region]
    downhill = outcome == Ending.WALK_ZERO
    downhill[finite] &= (before > 0)[region]
    reached = point[outcome == Ending.WALK_ZERO]
    return RegionSolution(
        zeros=tuple(walk.zeros),
        hits=np.bincount(reached, minlength=len(walk.zeros)).astype(np.intp),
        continua=tuple(walk.continua),
        outcome=outcome,
        point=point,
        steps=steps,
        cycle_length=cycles,
        downhill=downhill,
        regions_solved=walk.solved,
        size=residual.size,
    )


def _walks(walk: Walk, begin: Bools, rounds: int) -> tuple[Ints, Ints]:
    """Walk from some regions, in three ways until one leads to a zero or a continuum.

    A few steps of Newton's method, which walks from different regions share; from where that began
    downhill, and on; from where it began once more, as far as the rounds go.  Returns regions from
    which the graph tells how each walk goes on and ends, and how many each has solved before.
    """
    shared = min(_SHARED_STEPS, rounds)
    node, found = walk.run(begin, shared)
    before = np.zeros(len(begin), dtype=np.intp)
    lost = np.flatnonzero(~found)
    below, solved = walk.descend(begin[lost])
    on, found = walk.run(below, rounds)
    node[lost[found]], before[lost[found]] = on[found], solved[found] + shared
    walk.run(begin[lost[~found]], rounds)
    return node, before
