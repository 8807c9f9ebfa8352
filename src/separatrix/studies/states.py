"""How far the cells of a study are."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, field

from .._tables import describe_duration


class State(enum.Enum):
    """The state of a cell."""

    PLANNED = "planned"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    DIVERGED = "diverged"
    OUT_OF_TIME = "out of time"
    OUT_OF_MEMORY = "out of memory"
    LOST = "lost"
    DAMAGED = "damaged"


MAY_BE_TRIED_AGAIN = (State.OUT_OF_TIME, State.OUT_OF_MEMORY, State.LOST)
"""States that another try may mend; the others end the same way every time."""


@dataclass(frozen=True)
class Status:
    """The progress of a study: the state of every cell, which is one network of the study.

    Attributes
    ----------
    states
        A dictionary from the key of each cell to its state.
    running
        A dictionary from the key of each running cell to a text: which process works on the cell,
        and for how long it has been running.
    seconds_left
        An estimate of the remaining time; None if no cell is done yet.
    """

    states: dict[str, State]
    running: dict[str, str] = field(default_factory=dict)
    seconds_left: float | None = None

    def count(self, state: State | str) -> int:
        """Return how many cells of the study are in a state, such as "planned"."""
        return sum(each is State(state) for each in self.states.values())

    def of(self, states: Iterable[State]) -> list[str]:
        """Return the keys of the cells that are in one of the given states."""
        wanted = set(states)
        return [key for key, state in self.states.items() if state in wanted]

    @property
    def count_left(self) -> int:
        """The number of cells that are planned or being run."""
        return len(self.of((State.PLANNED, State.RUNNING)))

    @property
    def is_over(self) -> bool:
        """Whether no cell is planned or being run."""
        return self.count_left == 0

    def __str__(self) -> str:
        counts = [(state, self.count(state)) for state in State]
        told = ", ".join(f"{number} {state.value}" for state, number in counts if number)
        text = f"{len(self.states)} cells: {told or 'none'}"
        if self.seconds_left is not None and not self.is_over:
            text += f"; about {describe_duration(1000 * self.seconds_left)} left"
        return text
