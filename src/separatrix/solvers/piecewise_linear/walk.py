"""Zeros of a piecewise-linear residual: from region to region, by ways that candidates share."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..._parallel import chunks, one_blas_thread
from ..._watch import Stage, is_over, report_progress
from ..endings import Ending
from .affine import Array
from .downhill import descend
from .form import Bools, Ints, PiecewiseLinear
from .regions import (
    BLOCK,
    Reduced,
    checked_candidates,
    distinct,
    gate_patterns,
    number,
    reduce,
    solve_each,
)
from .zeros import (
    Continuum,
    Zero,
    examine_singular,
    is_end_of,
    is_of_region,
    joined,
    same_zero,
    zero_of_region,
)

_SHARED_STEPS = 8  # of Newton's method, after which walks seldom meet others
_MOST_CHEAP = 500_000  # regions that take some 20 microseconds each


@dataclass(frozen=True)
class RegionSolution:
    """Zeros of a piecewise-linear residual and how each candidate fared.

    Attributes
    ----------
    zeros
        The isolated zeros, in the order found.
    continua
        Regions with a continuum of zeros.
    outcome
        A ``Ending`` per candidate, shape ``(candidate,)``.
    point
        Which zero (or continuum) a candidate reached, −1 for none.
    numbers
        How many regions its walk visited, or its cycle has.
    downhill
        Which candidates reached a zero only by steps that were shortened until the residual fell.
    regions_solved
        How many regions the whole call solved.
    size
        ``n``.
    """

    zeros: tuple[Zero, ...]
    continua: tuple[Continuum, ...]
    outcome: Ints
    point: Ints
    numbers: Ints
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
    max_rounds: int = 200,
    max_regions: int | None = None,
) -> RegionSolution:
    """Find zeros of a piecewise-linear residual exactly, from the regions of many candidates.

    In the region of a pattern ``s`` the residual is ``B_s x + b_s``; its zero is found exactly
    and the walk goes on in the region where that zero lies, until a region holds its own.  Walks
    that have not come to one after a few steps, as they cycle or wander, are taken up again from
    where they began with steps that are shortened until the residual falls.

    Parameters
    ----------
    residual
        ``r`` with ``r(x*) = 0`` wanted: ``form.minus_identity()`` of a map's canonical form, or
        a flow's canonical form itself.
    candidates
        Where to start, shape ``(candidate, n)``; rows that are not finite are marked.
    max_rounds
        The most steps of Newton's method of one walk.
    max_regions
        The most regions solved in one call; walks that would need more stop.  None for 10,000 and
        20 for every candidate, or 500,000 if that is more and there are many more gates than
        variables, as a region costs little then.

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

    References
    ----------
    Brugnano & Casulli (2008), "Iterative solution of piecewise linear systems", SIAM Journal on
    Scientific Computing 30:463; Han, Pang & Rangaraj (1992), "Globally convergent Newton methods
    for nonsmooth equations", Mathematics of Operations Research 17:586.
    """
    states, finite = checked_candidates(candidates, residual.size)
    begin, region = distinct(gate_patterns(residual, states))
    with one_blas_thread():
        reduced = reduce(residual, begin[region])
        cheap = _MOST_CHEAP if reduced is not None and reduced.has_many_gates else 0
        walk = _Walk(residual, reduced, max_regions or max(10_000 + 20 * len(states), cheap))
        node, before = _walks(walk, begin, max_rounds)
    walk.absorb_ends_of_continua()
    ends = np.array([walk.end_of(k) for k in node.tolist()], dtype=np.intp).reshape(-1, 3)
    ends[:, 2] += np.where(ends[:, 0] == Ending.WALK_CYCLE, 0, before)
    outcome = np.full(len(finite), Ending.NOT_FINITE, dtype=np.intp)
    point, numbers = np.full(len(finite), -1), np.zeros(len(finite), dtype=np.intp)
    outcome[finite], point[finite], numbers[finite] = ends[region].T
    downhill = outcome == Ending.WALK_ZERO
    downhill[finite] &= (before > 0)[region]
    return RegionSolution(
        zeros=tuple(walk.zeros),
        continua=tuple(walk.continua),
        outcome=outcome,
        point=point,
        numbers=numbers,
        downhill=downhill,
        regions_solved=walk.solved,
        size=residual.size,
    )


def _walks(walk: _Walk, begin: Bools, rounds: int) -> tuple[Ints, Ints]:
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


@dataclass
class _Walk:
    """The graph of regions: each has one successor, which is itself where a walk ends.

    Regions are numbered as they are met; those that ``wait`` to be solved have no successor yet.
    """

    residual: PiecewiseLinear
    reduced: Reduced | None
    max_regions: int
    known: dict[bytes, int] = field(default_factory=dict)
    waiting: dict[int, Bools] = field(default_factory=dict)
    successor: list[int] = field(default_factory=list)  # −1 where there is none yet
    ending: dict[int, tuple[Ending, int]] = field(default_factory=dict)
    zeros: list[Zero] = field(default_factory=list)
    continua: list[Continuum] = field(default_factory=list)
    beside: set[int] = field(default_factory=set)  # zeros on their boundaries
    solved: int = 0

    def run(self, patterns: Bools, steps: int) -> tuple[Ints, Bools]:
        """Walk from the regions of the patterns, each at most so many steps.

        Returns these regions, and which walks come to a zero or a continuum within these steps.
        """
        start = self._numbers(patterns)
        front, met = set(start.tolist()), set[int]()
        for _ in range(steps):
            front = (front | self.beside) - met
            if not front or is_over():
                break
            report_progress(Stage.SOLVE, self.solved, None)
            met |= front
            fresh = sorted(front & self.waiting.keys())
            self._solve(fresh[: max(self.max_regions - self.solved, 0)])
            front = {self.successor[region] for region in front} - {-1}
        ends = np.array([self.end_of(k) for k in start.tolist()]).reshape(-1, 3)
        return start, (ends[:, 1] >= 0) & (ends[:, 2] <= steps + 1)

    def descend(self, patterns: Bools) -> tuple[Bools, Ints]:
        """Walk downhill from regions; return those that are reached, and how many were solved."""
        if self.reduced is None:
            return patterns, np.zeros(len(patterns), dtype=np.intp)
        reached, solved = descend(self.reduced, patterns, self.max_regions - self.solved)
        self.solved += int(solved.sum())
        return reached, solved

    def end_of(self, region: int) -> tuple[Ending, int, int]:
        """Return how a walk ends, at which zero or continuum, and the number that goes with it."""
        passed: dict[int, int] = {}
        while region >= 0 and region not in passed:
            passed[region] = len(passed)
            region = self.successor[region]
        if region < 0:
            over = is_over()
            return Ending.RUNNING if over else Ending.WALK_STEP_LIMIT, -1, len(passed)
        if region in self.ending:
            return *self.ending[region], len(passed)
        return Ending.WALK_CYCLE, -1, len(passed) - passed[region]

    def absorb_ends_of_continua(self) -> None:
        """Count a zero on a boundary that a continuum reaches as part of the continuum."""
        place: list[tuple[Ending, int]] = []
        kept: list[Zero] = []
        for zero in self.zeros:
            owners = [k for k, line in enumerate(self.continua) if is_end_of(zero, line)]
            if owners:
                place.append((Ending.WALK_CONTINUUM, owners[0]))
            else:
                place.append((Ending.WALK_ZERO, len(kept)))
                kept.append(zero)
        self.zeros = kept
        for region, (outcome, index) in self.ending.items():
            if outcome is Ending.WALK_ZERO:
                self.ending[region] = place[index]

    def _numbers(self, patterns: Bools) -> Ints:
        """Return the numbers of regions; those not met before wait to be solved."""
        first = len(self.successor)
        regions, new = number(self.known, patterns)
        self.waiting.update(enumerate(new, start=first))
        self.successor.extend([-1] * len(new))
        return regions

    def _solve(self, regions: list[int]) -> None:
        """Solve regions that wait for it, and go on to where their zeros lie."""
        self.solved += len(regions)
        for rows in chunks(len(regions), max(BLOCK // max(self.residual.gate_count, 1), 1)):
            some = regions[rows]
            patterns = np.array([self.waiting.pop(region) for region in some])
            following = patterns.copy()
            singular = np.ones(len(some), dtype=bool)
            if self.reduced is not None:
                found = solve_each(self.reduced, patterns ^ self.reduced.reference)
                singular = found.singular
                moves = ~found.stays & ~singular
                following[moves] = (found.z[moves] > 0) ^ self.reduced.reference
                for i in np.flatnonzero(found.stays):
                    self._claim(some[i], patterns[i])
            for i in np.flatnonzero(singular):
                following[i] = self._examine(some[i], patterns[i])
            for region, to in zip(some, self._numbers(following).tolist(), strict=True):
                self.successor[region] = to

    def _examine(self, region: int, pattern: Bools) -> Bools:
        """Examine a singular region; return the pattern of where the walk goes on, or its own."""
        found = examine_singular(self.residual, pattern)
        if isinstance(found, Continuum):
            self.ending[region] = Ending.WALK_CONTINUUM, self._joins(found)
        elif found is None:
            self.ending[region] = Ending.WALK_UNBOUNDED, -1
        else:
            following = self.residual.gates(found)
            if (following == pattern).all():
                self._claim(region, pattern)
            return following
        return pattern

    def _joins(self, found: Continuum) -> int:
        """Return which continuum one is part of; of several pieces the widest is kept."""
        for k, line in enumerate(self.continua):
            if joined(self.residual, found, line):
                if found.directions.shape[1] > line.directions.shape[1]:
                    self.continua[k] = found
                return k
        self.continua.append(found)
        return len(self.continua) - 1

    def _claim(self, region: int, pattern: Bools) -> None:
        """Solve a region that maps to itself to the last digit; merge its zero with its equals."""
        # On a boundary, where many regions have the same zero, one of them is solved.
        same = [k for k, other in enumerate(self.zeros) if is_of_region(other, pattern)]
        if not same:
            zero = zero_of_region(self.residual, pattern)
            if zero is None:
                self.ending[region] = Ending.WALK_UNVERIFIED, -1
                return
            same = [k for k, other in enumerate(self.zeros) if same_zero(zero, other)]
            if not same:
                same = [len(self.zeros)]
                self._add(zero)
        self.ending[region] = Ending.WALK_ZERO, same[0]

    def _add(self, zero: Zero) -> None:
        """Keep a zero; around one on a boundary, where continua may end, solve more regions."""
        self.zeros.append(zero)
        if zero.touched.any():
            each = np.eye(len(zero.pattern), dtype=bool)[zero.touched]
            beside = zero.pattern ^ np.vstack([zero.touched, each])
            self.beside.update(self._numbers(beside).tolist())
