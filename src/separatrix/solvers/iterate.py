"""The loop of every method that works on many candidates at once.

A method is a few functions of an explicit state, as in optimistix: `init` makes the state of
candidates that enter, `step` takes a step from each, `terminate` tells which are done, and how,
and `finish` what is kept of these. Candidates enter a batch of bounded size and leave it when they
are done, so memory does not grow with their number and no work is spent on those that have
converged. States are frozen: each function returns new ones.
"""

import abc
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import repeat
from operator import itemgetter
from typing import Any, Generic, TypeVar

import numpy as np
from jaxtyping import Float, Int

from .._watch import is_over
from .endings import Ending

States = Float[np.ndarray, "candidate unit"]
_Rows = TypeVar("_Rows", bound="Rows")
_Ends = TypeVar("_Ends", bound="Ends")


class Rows:
    """A base of dataclasses whose fields have one row for each candidate."""

    def arrays(self) -> list[Any]:
        """Return the fields."""
        return list(vars(self).values())

    def select(self: _Rows, rows: Any) -> _Rows:
        """Return some of the candidates, any of them several times."""
        return type(self)(*map(itemgetter(rows), self.arrays()))

    def join(self: _Rows, *others: _Rows) -> _Rows:
        """Return the candidates of all."""
        return type(self)(*map(_joined, *map(Rows.arrays, (self, *others))))

    def put(self: _Rows, rows: Any, other: _Rows, which: Any = slice(None)) -> _Rows:
        """Return these with some candidates replaced by those of another one."""
        new = other.select(which).arrays()
        return type(self)(*map(replaced, self.arrays(), repeat(rows), new))


def _joined(first: Any, *others: Any) -> Any:
    if isinstance(first, np.ndarray):
        return np.concatenate([first, *others])
    return first.join(*others)


def replaced(column: Any, rows: Any, values: Any) -> Any:
    """Return a column with other values in some rows."""
    if not isinstance(column, np.ndarray):
        return column.put(rows, values)
    new = column.copy()
    new[rows] = values
    return new


@dataclass(frozen=True)
class State(Rows):
    """Candidates at work: their numbers, states, and steps taken."""

    index: np.ndarray
    x: np.ndarray
    count: np.ndarray


_State = TypeVar("_State", bound=State)


@dataclass(frozen=True)
class Ends(Rows):
    """Ends of candidates: `endings` has the `Ending` of each, and subclasses what else is kept."""

    endings: np.ndarray

    def ended(self: _Ends, rows: Any, ending: Any) -> _Ends:
        """Return these with other endings of some candidates."""
        return replace(self, endings=replaced(self.endings, rows, ending))


@dataclass(frozen=True)
class Solution(Ends):
    """End of every candidate of a method that solves for zeros, or for minima.

    Attributes
    ----------
    endings (candidate,)
        `Ending` of each.
    states (candidate, unit)
        The last states.
    residuals (candidate, unit)
        The residuals there; of a method for minima, the gradients.
    steps (candidate,)
        Length of the last Newton correction: the distance to the zero, or the minimum, as far as
        rounding tells.
    counts (candidate,)
        Steps taken: factorizations.
    """

    states: States
    residuals: States
    steps: Float[np.ndarray, " candidate"]
    counts: Int[np.ndarray, " candidate"]

    @classmethod
    def unmoved(cls, starts: States, ending: Ending = Ending.RUNNING) -> "Solution":
        """Return candidates where they start, those that are not finite ended as such."""
        count, size = starts.shape
        endings = np.where(np.isfinite(starts).all(1), ending, Ending.NOT_FINITE)
        residuals, steps = np.full((count, size), np.nan), np.full(count, np.inf)
        return cls(endings, np.array(starts, float), residuals, steps, np.zeros(count, int))

    def at(self, states: States, rows: Any) -> "Solution":
        """Return some candidates elsewhere."""
        return replace(self.select(rows), states=states)

    @property
    def extent(self) -> float:
        """The largest entry of a state that goes on."""
        return float(np.abs(self.states[self.endings == Ending.RUNNING]).max(initial=0.0))


Report = Callable[[int], None]
"""Called with the number of candidates that have ended by now."""


class AbstractIteration(abc.ABC, Generic[_State, _Ends]):
    """A method at work on some problem."""

    @abc.abstractmethod
    def init(self, index: np.ndarray) -> _State:
        """Return the state of candidates that enter, by their numbers."""

    @abc.abstractmethod
    def step(self, state: _State) -> _State:
        """Take a step from each candidate; where it fails it stays in its place."""

    @abc.abstractmethod
    def terminate(self, state: _State) -> np.ndarray:
        """Return the `Ending` of each candidate, `RUNNING` of those that go on."""

    @abc.abstractmethod
    def finish(self, state: _State, endings: np.ndarray) -> _Ends:
        """Return where candidates that are done have ended."""


def iterate(
    method: AbstractIteration[_State, _Ends],
    ends: _Ends,
    room: int,
    report: Report | None = None,
) -> _Ends:
    """Return where candidates end of which `endings` is RUNNING, at most `room` of them at work.

    Those that are not done when time is over, and all others, are left as they are in `ends`.
    """
    index = np.flatnonzero(ends.endings == Ending.RUNNING)
    state, done, ended = None, list[tuple[np.ndarray, _Ends]](), len(ends.endings) - len(index)
    while (len(index) or state is not None) and not is_over():
        free = room if state is None else room - len(state.index)
        # Refilling a few places at a time would cost an evaluation each time.
        if len(index) and free >= min(room // 4 + 1, len(index)):
            entering, index = method.init(index[:free]), index[free:]
            state = entering if state is None else state.join(entering)
        assert state is not None  # there is room for one at least
        endings = method.terminate(state)
        running = endings == Ending.RUNNING
        if not running.all():
            over = state.select(~running)
            done.append((over.index, method.finish(over, endings[~running])))
            ended += len(over.index)
            if report is not None:
                report(ended)
            state = state.select(running) if running.any() else None
        if state is not None:
            state = method.step(state)
    if not done:
        return ends
    rows, parts = zip(*done, strict=True)
    return ends.put(np.concatenate(rows), parts[0].join(*parts[1:]))
