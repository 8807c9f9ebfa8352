"""Newton's steps from region to region, shortened where the residual would not fall."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..endings import Ending
from ..iterate import AbstractIteration, Ends, State, iterate
from .affine import Array
from .form import Bools, Ints
from .regions import BLOCK, Reduced, solve_each

_MOST_STEPS = 60  # steps before a walk is taken up anew in its region
_SHORTEST = 2.0**-6  # part of a step that is tried
_FALL = 0.1  # part of what the equations of the region promise


def descend(reduced: Reduced, patterns: Bools, most: int) -> tuple[Bools, Ints]:
    """Walk from the zeros of the equations of regions ``(k, m)`` until no step leads lower.

    Returns the patterns of the regions where the walks end, and how many regions each has solved.
    When ``most`` are solved, or time is over, walks end where they are.
    """
    solved = np.zeros(len(patterns), dtype=np.intp)
    starts = _DownhillEnds(np.full(len(patterns), Ending.RUNNING), patterns, solved)
    steps = _ShortenedSteps(reduced, patterns ^ reduced.reference, most)
    room = max(BLOCK // max(reduced.form.gate_count, reduced.form.size), 1)
    ends = iterate(steps, starts, room)
    return ends.on, ends.solved


@dataclass(frozen=True)
class _DownhillEnds(Ends):
    """Regions where walks end, and how many regions each has solved."""

    on: Bools
    solved: Ints


@dataclass(frozen=True)
class _Downhill(State):
    """Walks on their way, in coordinates of the reference: regions, and how large ``|r|`` is."""

    on: Bools
    length: Array
    ending: Ints


class _ShortenedSteps(AbstractIteration[_Downhill, _DownhillEnds]):
    """Newton's steps from region to region, shortened where the residual would not fall.

    A step goes toward the zero of the equations of the region where the walk is: the whole way,
    or a half, a quarter, ... of it, until ``|r|`` falls by a tenth of what these equations promise.
    A walk ends in a region that holds the zero of its own equations, or where these are singular,
    or from which no step leads lower.

    References
    ----------
    Han, Pang & Rangaraj (1992), "Globally convergent Newton methods for nonsmooth equations",
    Mathematics of Operations Research 17:586.
    """

    def __init__(self, reduced: Reduced, turned: Bools, most: int) -> None:
        self.reduced, self.turned, self.left = reduced, turned, most

    def init(self, index: np.ndarray) -> _Downhill:
        """Start at the zeros of the equations of the regions."""
        turned = self.turned[index]
        zeros = solve_each(self.reduced, turned)
        z, length = self._measured(zeros.e)
        ends = zeros.stays | zeros.singular
        self.left -= len(index)
        return _Downhill(
            index,
            zeros.e,
            np.ones(len(index), dtype=np.intp),
            np.where(ends[:, None], turned, z > 0),
            length,
            np.where(ends, Ending.MINIMUM, Ending.RUNNING),
        )

    def step(self, state: _Downhill) -> _Downhill:
        """Look for the longest step toward the zero of each region along which ``|r|`` falls."""
        target = solve_each(self.reduced, state.on)
        self.left -= len(state.index)
        state = replace(
            state, x=state.x.copy(), on=state.on.copy(), length=state.length.copy(),
            count=state.count + 1, ending=np.full(len(state.index), Ending.MINIMUM),
        )  # fmt: skip
        rows, part = np.flatnonzero(~target.stays & ~target.singular), 1.0
        while len(rows) and part >= _SHORTEST:
            tried = state.x[rows] + part * (target.e[rows] - state.x[rows])
            z, length = self._measured(tried)
            falls = length <= (1.0 - _FALL * part) * state.length[rows]
            found = rows[falls]
            state.x[found], state.on[found] = tried[falls], z[falls] > 0
            state.length[found], state.ending[found] = length[falls], Ending.RUNNING
            rows, part = rows[~falls], part / 2
        return state

    def terminate(self, state: _Downhill) -> np.ndarray:
        """Stop where no step leads lower, and when all regions or steps are spent."""
        spent = (state.count > _MOST_STEPS) | (self.left < len(state.index))
        stops = (state.ending == Ending.RUNNING) & spent
        return np.where(stops, Ending.MAX_STEPS, state.ending)

    def finish(self, state: _Downhill, endings: np.ndarray) -> _DownhillEnds:
        """Return the regions where walks have stopped."""
        return _DownhillEnds(endings, state.on ^ self.reduced.reference, state.count)

    def _measured(self, e: Array) -> tuple[Array, Array]:
        """Return the pre-activations, and ``|r|``."""
        form = self.reduced.form
        with np.errstate(over="ignore", invalid="ignore"):  # where equations are nearly singular
            z = form.preactivations(e)
            r = e + np.maximum(z, 0.0) @ form.output_weights.T
            return z, np.sqrt(np.einsum("ki,ki->k", r, r))
