"""The graph of regions that the walk follows: each has one successor, or is an end."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

from .affine import Array
from .certify import Zero, certify
from .continua import Continuum, examine_singular
from .form import Bools, PiecewiseLinear
from .merging import is_at, is_end_of, joined, same_zero, touched_gates, touches_boundary
from .patterns import PatternTable
from .reduced import Ints, Reduced
from .region_solves import solve_regions_at


class WalkOutcome(IntEnum):
    """How the walk of one candidate ended."""

    ZERO = 0
    CONTINUUM = 1
    CYCLE = 2
    UNBOUNDED = 3
    STEP_LIMIT = 4
    UNVERIFIED = 5
    NOT_FINITE = 6


@dataclass
class Walk:
    """The functional graph of regions: each has one successor, or an end."""

    residual: PiecewiseLinear
    reduced: Reduced | None
    max_rounds: int
    max_regions: int
    slack: float
    successor: list[int] = field(default_factory=list)
    ending: dict[int, tuple[WalkOutcome, int]] = field(default_factory=dict)
    zeros: list[Zero] = field(default_factory=list)
    continua: list[Continuum] = field(default_factory=list)
    neighbours: list[Bools] = field(default_factory=list)

    def run(self, patterns: Bools) -> Ints:
        """Solve every region that the candidates' patterns lead to; return their regions."""
        self.table = PatternTable(patterns.shape[1])
        start, fresh = self.table.add(patterns)
        for _ in range(self.max_rounds):
            fresh = fresh[: max(self.max_regions - len(self.successor), 0)]
            if len(fresh) == 0:
                break
            fresh = self._round(fresh)
        unsolved = range(len(self.successor), len(self.table))
        self.successor.extend(unsolved)
        self.ending.update(dict.fromkeys(unsolved, (WalkOutcome.STEP_LIMIT, -1)))
        return start

    def _round(self, fresh: Bools) -> Bools:
        """Solve regions not met before; return the new ones that they lead to."""
        first = len(self.successor)
        if self.reduced is None:
            stays = np.zeros(len(fresh), dtype=bool)
            singular, following = ~stays, fresh.copy()
            solutions: Array = np.zeros((0, self.residual.size))
        else:
            following, stays, singular, solutions = solve_regions_at(self.reduced, fresh)
        for i, solution in zip(np.flatnonzero(stays), solutions, strict=True):
            self._claim(first + int(i), fresh[i], solution)
        for i in np.flatnonzero(singular):
            stays[i] = self._singular(first + int(i), fresh[i], following[i])
        following[stays] = fresh[stays]
        regions, new = self.table.add(following)
        self.successor.extend(int(region) for region in regions)
        if self.neighbours:
            more = self.table.add(np.array(self.neighbours))[1]
            new = np.concatenate([new, more])
            self.neighbours.clear()
        return new

    def _singular(self, region: int, pattern: Bools, following: Bools) -> bool:
        """Examine a singular region; whether the walk ends here.  Sets where it goes if not."""
        found = examine_singular(self.residual, pattern, self.slack)
        if isinstance(found, Continuum):
            known = [k for k, c in enumerate(self.continua) if joined(self.residual, found, c)]
            self.ending[region] = (WalkOutcome.CONTINUUM, known[0] if known else len(self.continua))
            if not known:
                self.continua.append(found)
            elif found.directions.shape[1] > self.continua[known[0]].directions.shape[1]:
                self.continua[known[0]] = found
            return True
        if found.state is None:
            self.ending[region] = (WalkOutcome.UNBOUNDED, -1)
            return True
        following[:] = self.residual.gates(found.state)
        if (following == pattern).all():
            self._claim(region, pattern, found.state)
            return True
        return False

    def _claim(self, region: int, pattern: Bools, solution: Array) -> None:
        """Prove the zero of a region that maps to itself, and merge it with its equals."""
        for index, other in enumerate(self.zeros):
            if is_at(other, solution):  # On a boundary, where many regions have the same zero.
                self.ending[region] = (WalkOutcome.ZERO, index)
                return
        zero = certify(self.residual, pattern)
        if zero is None:
            self.ending[region] = (WalkOutcome.UNVERIFIED, -1)
            return
        if touches_boundary(zero):  # It may be the end of a continuum next door.
            near = touched_gates(self.residual, zero)
            each = np.eye(len(near), dtype=bool)[near]
            self.neighbours.extend([pattern ^ near, *(pattern ^ single for single in each)])
        for index, other in enumerate(self.zeros):
            if same_zero(zero, other):
                self.ending[region] = (WalkOutcome.ZERO, index)
                return
        self.ending[region] = (WalkOutcome.ZERO, len(self.zeros))
        self.zeros.append(zero)

    def absorb_ends_of_continua(self) -> None:
        """Count a zero on a boundary that a continuum reaches as part of the continuum."""
        kept: list[Zero] = []
        place: dict[int, tuple[WalkOutcome, int]] = {}
        for index, zero in enumerate(self.zeros):
            owners = [k for k, line in enumerate(self.continua) if is_end_of(zero, line)]
            if owners:
                place[index] = (WalkOutcome.CONTINUUM, owners[0])
            else:
                place[index] = (WalkOutcome.ZERO, len(kept))
                kept.append(zero)
        self.zeros = kept
        for region, (outcome, index) in self.ending.items():
            if outcome is WalkOutcome.ZERO:
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
