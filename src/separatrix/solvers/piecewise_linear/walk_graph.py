"""The graph of regions that the walk follows: each has one successor, or is an end."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..._watch import Stage, is_over, report_progress
from ..endings import Ending
from .affine import Array
from .form import Bools, PiecewiseLinear
from .reduced import Ints, PatternTable, Reduced
from .region_solves import solve_regions_at
from .region_steps import descend
from .zeros import (
    Continuum,
    Zero,
    examine_singular,
    is_at,
    is_end_of,
    joined,
    same_zero,
    touched_gates,
    touches_boundary,
    zero_of_region,
)


@dataclass
class Walk:
    """The functional graph of regions: each has one successor, or an end, once it is solved."""

    residual: PiecewiseLinear
    reduced: Reduced | None
    max_regions: int
    slack: float
    successor: list[int] = field(default_factory=list)  # −1 where a region is not solved yet
    ending: dict[int, tuple[Ending, int]] = field(default_factory=dict)
    zeros: list[Zero] = field(default_factory=list)
    continua: list[Continuum] = field(default_factory=list)
    neighbors: list[Bools] = field(default_factory=list)
    unsolved: dict[int, Bools] = field(default_factory=dict)
    solved: int = 0

    def __post_init__(self) -> None:
        self.table = PatternTable(self.residual.gate_count)

    def run(self, patterns: Bools, steps: int) -> tuple[Ints, Bools]:
        """Walk from the regions of the patterns, each at most so many steps.

        Returns these regions, and which walks have come to a zero or a continuum.
        """
        start = self._numbers(patterns)
        front, met = start.tolist(), set[int]()
        for _ in range(steps):
            front = sorted({*front, *self._neighbors_met()} - met)
            if not front or is_over():
                break
            report_progress(Stage.SOLVE, self.solved, None)
            met.update(front)
            fresh = [region for region in front if region in self.unsolved]
            self._solve(fresh[: max(self.max_regions - self.solved, 0)])
            front = [to for to in (self.successor[region] for region in front) if to >= 0]
        here, successor = start, np.array(self.successor, dtype=np.intp)
        for _ in range(steps):
            here = np.where(successor[here] < 0, here, successor[here])
        return start, np.array([self._finds(region) for region in here.tolist()], dtype=bool)

    def descend(self, patterns: Bools) -> tuple[Bools, Ints]:
        """Walk downhill from regions; return those that are reached, and how many were solved."""
        if self.reduced is None:
            return patterns, np.zeros(len(patterns), dtype=np.intp)
        left = self.max_regions - self.solved
        reached, solved = descend(self.reduced, patterns, left)
        self.solved += int(solved.sum())
        return reached, solved

    def ends_of(self, regions: Ints) -> list[tuple[Ending, int, int, int]]:
        """Return outcomes of walks, which zero or continuum, their steps and cycles' lengths."""
        places = ends([k if to < 0 else to for k, to in enumerate(self.successor)])
        return [self._end_of(*places[region]) for region in regions.tolist()]

    def _end_of(self, region: int, steps: int, cycle: int) -> tuple[Ending, int, int, int]:
        if region in self.unsolved:
            over = is_over()
            return Ending.RUNNING if over else Ending.WALK_STEP_LIMIT, -1, steps, 0
        if region in self.ending:
            return *self.ending[region], steps, 0
        return Ending.WALK_CYCLE, -1, steps, cycle

    def _finds(self, region: int) -> bool:
        return self.ending.get(region, (Ending.WALK_CYCLE, -1))[1] >= 0

    def _numbers(self, patterns: Bools) -> Ints:
        """Return the numbers of regions; those not met before wait to be solved."""
        first = len(self.successor)
        regions, new = self.table.add(patterns)
        self.unsolved.update(enumerate(new, start=first))
        self.successor.extend([-1] * len(new))
        return regions

    def _neighbors_met(self) -> list[int]:
        """Return the numbers of regions beside zeros on their boundaries, found since last time."""
        if not self.neighbors:
            return []
        regions = self._numbers(np.array(self.neighbors))
        self.neighbors.clear()
        return regions.tolist()

    def _solve(self, regions: list[int]) -> None:
        """Solve regions that wait for it."""
        if not regions:
            return
        fresh = np.array([self.unsolved.pop(region) for region in regions])
        self.solved += len(fresh)
        if self.reduced is None:
            stays = np.zeros(len(fresh), dtype=bool)
            singular, following = ~stays, fresh.copy()
            solutions: Array = np.zeros((0, self.residual.size))
        else:
            following, stays, singular, solutions = solve_regions_at(self.reduced, fresh)
        for i, solution in zip(np.flatnonzero(stays), solutions, strict=True):
            self._claim(regions[i], fresh[i], solution)
        for i in np.flatnonzero(singular):
            stays[i] = self._singular(regions[i], fresh[i], following[i])
        following[stays] = fresh[stays]
        for region, to in zip(regions, self._numbers(following).tolist(), strict=True):
            self.successor[region] = to

    def _singular(self, region: int, pattern: Bools, following: Bools) -> bool:
        """Examine a singular region; whether the walk ends here.  Sets where it goes if not."""
        found = examine_singular(self.residual, pattern, self.slack)
        if isinstance(found, Continuum):
            known = [k for k, c in enumerate(self.continua) if joined(self.residual, found, c)]
            self.ending[region] = (Ending.WALK_CONTINUUM, known[0] if known else len(self.continua))
            if not known:
                self.continua.append(found)
            elif found.directions.shape[1] > self.continua[known[0]].directions.shape[1]:
                self.continua[known[0]] = found
            return True
        if found.state is None:
            self.ending[region] = (Ending.WALK_UNBOUNDED, -1)
            return True
        following[:] = self.residual.gates(found.state)
        if (following == pattern).all():
            self._claim(region, pattern, found.state)
            return True
        return False

    def _claim(self, region: int, pattern: Bools, solution: Array) -> None:
        """Solve a region that maps to itself to the last digit; merge its zero with its equals."""
        for index, other in enumerate(self.zeros):
            if is_at(other, solution):  # On a boundary, where many regions have the same zero.
                self.ending[region] = (Ending.WALK_ZERO, index)
                return
        zero = zero_of_region(self.residual, pattern)
        if zero is None:
            self.ending[region] = (Ending.WALK_UNVERIFIED, -1)
            return
        if touches_boundary(zero):  # It may be the end of a continuum next door.
            near = touched_gates(self.residual, zero)
            each = np.eye(len(near), dtype=bool)[near]
            self.neighbors.extend([pattern ^ near, *(pattern ^ single for single in each)])
        for index, other in enumerate(self.zeros):
            if same_zero(zero, other):
                self.ending[region] = (Ending.WALK_ZERO, index)
                return
        self.ending[region] = (Ending.WALK_ZERO, len(self.zeros))
        self.zeros.append(zero)

    def absorb_ends_of_continua(self) -> None:
        """Count a zero on a boundary that a continuum reaches as part of the continuum."""
        kept: list[Zero] = []
        place: dict[int, tuple[Ending, int]] = {}
        for index, zero in enumerate(self.zeros):
            owners = [k for k, line in enumerate(self.continua) if is_end_of(zero, line)]
            if owners:
                place[index] = (Ending.WALK_CONTINUUM, owners[0])
            else:
                place[index] = (Ending.WALK_ZERO, len(kept))
                kept.append(zero)
        self.zeros = kept
        for region, (outcome, index) in self.ending.items():
            if outcome is Ending.WALK_ZERO:
                self.ending[region] = place[index]


def ends(successor: list[int]) -> list[tuple[int, int, int]]:
    """For each node of a functional graph: a node of its final cycle, steps, cycle length."""
    found: list[tuple[int, int, int] | None] = [None] * len(successor)
    for node in range(len(successor)):
        path: list[int] = []
        place: dict[int, int] = {}
        here = node
        while found[here] is None and here not in place:
            place[here] = len(path)
            path.append(here)
            here = successor[here]
        known = found[here]
        if known is None:
            length = len(path) - place[here]
            for member in path[place[here] :]:
                found[member] = (here, length, length)
            path = path[: place[here]]
            known = found[here]
        assert known is not None
        for distance, member in enumerate(reversed(path), start=1):
            found[member] = (known[0], known[1] + distance, known[2])
    return [end for end in found if end is not None]
