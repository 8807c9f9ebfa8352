"""The loop of every method that works on many candidates at once.

A method is three functions of an explicit state, as in optimistix: `init` makes the state of
candidates that enter, `step` takes a step from each, `terminate` tells which are done, and how.
Candidates enter a batch of bounded size and leave it when they are done, so memory does not grow
with their number and no work is spent on those that have converged.
"""

import abc
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, Generic, TypeVar

import numpy as np

from .._watch import is_over
from .endings import Ending

_Rows = TypeVar("_Rows", bound="Rows")


class Rows:
    """A base of dataclasses whose fields have one row for each candidate."""

    def select(self: _Rows, rows: Any) -> _Rows:
        """Return some of the candidates, any of them several times."""
        return type(self)(*(getattr(self, f.name)[rows] for f in fields(self)))  # type: ignore[arg-type]

    def join(self: _Rows, other: _Rows) -> _Rows:
        """Return the candidates of both."""
        names = [f.name for f in fields(self)]  # type: ignore[arg-type]
        return type(self)(*(_joined(getattr(self, n), getattr(other, n)) for n in names))

    def put(self: _Rows, rows: Any, other: _Rows, which: Any = slice(None)) -> None:
        """Replace some candidates by those of another one."""
        for f in fields(self):  # type: ignore[arg-type]
            getattr(self, f.name)[rows] = getattr(other, f.name)[which]


def _joined(some: Any, others: Any) -> Any:
    both = isinstance(some, np.ndarray)
    return np.concatenate([some, others]) if both else some.joined(others)


@dataclass
class State(Rows):
    """Candidates at work: their numbers, states, and steps taken."""

    index: np.ndarray
    x: np.ndarray
    count: np.ndarray


_State = TypeVar("_State", bound=State)


class AbstractIteration(abc.ABC, Generic[_State]):
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


def iterate(
    method: AbstractIteration[_State], index: np.ndarray, room: int
) -> Iterator[tuple[_State, np.ndarray]]:
    """Yield candidates, at most `room` of them at work, as they are done, and how each ended.

    Those that are not done when time is over are left out.
    """
    state: _State | None = None
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
            yield state.select(~running), endings[~running]
            state = state.select(running) if running.any() else None
        if state is not None:
            state = method.step(state)
