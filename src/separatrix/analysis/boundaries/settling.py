"""Following states among fixed points, to the one at which each settles.

A state has settled when it lies within a thousandth of the distance from a stable fixed point to
the nearest other one, and comes nearer; or when it has come to rest, to rounding, at a fixed point
on a kink, of which linearization cannot tell whether it is stable. Flows are integrated as they are
for verdicts (`analysis/following`).
"""

from dataclasses import dataclass

import numpy as np
import scipy
from jaxtyping import Float, Int, Shaped

from ..._watch import Stage, is_over, report_progress
from ...solvers.endings import Ending
from ...systems import AbstractSystem
from ..motion import Stepper
from .landscape import Landscape

EPS = np.finfo(float).eps
_FIRST_BLOCK, _LONGEST_BLOCK = 16, 1024
_MOST_STEPS = 20_000
"""After which a state counts as not settled."""
_CAPTURE = 1e-3
"""Radius of capture of a stable point, as a part of the distance to the nearest other point."""


@dataclass
class Settled:
    """Endings of states, and the attractors that they reached.

    Attributes
    ----------
    reached (state,)
        Row of the landscape's attractor, or point on a kink, −1 for none.
    steps (state,)
        Steps that were taken.
    reasons (state,)
        What happened, in words.
    resting (state,)
        Row of the fixed point that is no attractor at which the state came to rest, −1 for none.
    """

    reached: Int[np.ndarray, " state"]
    steps: Int[np.ndarray, " state"]
    reasons: Shaped[np.ndarray, " state"]
    resting: Int[np.ndarray, " state"]


class Follower:
    """Follows states of one system among its fixed points."""

    def __init__(
        self,
        system: AbstractSystem,
        landscape: Landscape,
    ):
        self.landscape = landscape
        self.stepper = Stepper(system, landscape.states)
        self.radius = _CAPTURE * landscape.separation

    def follow(self, starts: Float[np.ndarray, "state unit"], *, anyway: bool = False) -> Settled:
        """Follow states until each has settled, left, or run out of steps or time.

        `anyway`: also where no attractor is known, to see whether they cycle or leave.
        """
        count = len(starts)
        reasons = np.full(count, "", object)
        ends = Settled(np.full(count, -1), np.zeros(count, int), reasons, np.full(count, -1))
        now = np.array(starts, float)
        going = np.isfinite(now).all(1)
        ends.reasons[~going] = Ending.NOT_FINITE.text
        if not (anyway or self.landscape.attractors.any()):  # nowhere to go: spare the way
            ends.reasons[going], going = Ending.NO_ATTRACTOR.text, np.zeros(count, bool)
        limit = 1e8 * (self.landscape.extent + float(np.abs(now[going]).max(initial=0)))
        block, taken = _FIRST_BLOCK, 0
        while going.any() and taken < _MOST_STEPS and not is_over():
            rows = np.flatnonzero(going)
            report_progress(Stage.FOLLOW, count - len(rows), count)
            block = min(block, _MOST_STEPS - taken)
            moved = self.stepper.advance(now[rows], block)
            taken += block
            done = self._judge(now[rows], moved, limit, rows, ends)
            now[rows] = moved
            ends.steps[rows] = taken
            going[rows[done]] = False
            block = min(2 * block, _LONGEST_BLOCK)
        ending = Ending.RUNNING if is_over() else Ending.STILL_MOVING
        ends.reasons[going] = ending.describe(taken)
        return Settled(ends.reached, ends.steps, ends.reasons.astype(str), ends.resting)

    def _judge(
        self, before: np.ndarray, after: np.ndarray, limit: float, rows: np.ndarray, ends: Settled
    ) -> np.ndarray:
        """Return which states are done, `(row,)`, and write how into `ends`."""
        fine = np.isfinite(after).all(1)
        fine &= np.abs(np.where(fine[:, None], after, 0.0)).max(1, initial=0) <= limit
        ends.reasons[rows[~fine]] = Ending.LEFT.text
        places = self.landscape.states
        distances = scipy.spatial.distance.cdist(np.where(fine[:, None], after, np.inf), places)
        nearest = np.where(np.isnan(distances), np.inf, distances).argmin(1)
        each = np.arange(len(rows))
        distance = distances[each, nearest]
        level = 64 * EPS * (np.linalg.norm(places[nearest], axis=1) + self.landscape.extent)
        nearer = distance <= np.linalg.norm(before - places[nearest], axis=1) + level
        caught = fine & (distance <= self.radius[nearest]) & nearer
        caught &= self.landscape.catching[nearest]
        ends.reached[rows[caught]] = nearest[caught]
        ends.reasons[rows[caught]] = Ending.SETTLED.text
        rests = fine & ~caught & (np.linalg.norm(after - before, axis=1) <= level)
        self._judge_rest(after, rests, nearest, distance, rows, ends)
        return ~fine | caught | rests

    def _judge_rest(
        self,
        states: np.ndarray,
        rests: np.ndarray,
        nearest: np.ndarray,
        distance: np.ndarray,
        rows: np.ndarray,
        ends: Settled,
    ) -> None:
        """Record how states end that a block of steps left in place: at a point, or on a cycle."""
        still = np.flatnonzero(rests)
        if not len(still):
            return
        level = 1e3 * EPS * (np.linalg.norm(states[still], axis=1) + self.landscape.extent)
        turns = np.linalg.norm(self.stepper.advance(states[still], 1) - states[still], axis=1)
        for k, turning in zip(still, turns > level, strict=True):
            here = not turning and distance[k] <= self.radius[nearest[k]]
            if here and self.landscape.attractors[nearest[k]]:
                ends.reached[rows[k]], ends.reasons[rows[k]] = nearest[k], Ending.SETTLED.text
                continue
            ends.resting[rows[k]] = nearest[k] if here else -1
            elsewhere = Ending.ON_A_CYCLE if turning else Ending.AT_ANOTHER_STATE
            ending = Ending.AT_NO_ATTRACTOR if here else elsewhere
            ends.reasons[rows[k]] = ending.describe(self.landscape.label[nearest[k]])
