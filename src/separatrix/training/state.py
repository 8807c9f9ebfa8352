"""State of a training while it goes on."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .._types import Array
from ..networks import AbstractNetwork
from .checkpoint import Keeper, TrainingSnapshot
from .epoch import Epoch
from .history import (
    Ending,
    History,
    Training,
    TrainingDivergedError,
    completed_measures,
    history_of,
)
from .plan import Plan

Report = Callable[[int, float, float], None]
"""Callback after each epoch, with the steps done, the epoch's mean loss and accuracy."""

Completed = tuple[Any, Any, int]
"""A network, the optimizer's memory, and of how many of the kept steps they come."""


class TrainingState:
    """State of a training: its history, and the network at the end of it.

    The network of a snapshot may be anything of which `taken_out` makes the network.
    """

    def __init__(
        self,
        plan: Plan,
        begun: TrainingSnapshot,
        keeper: Keeper,
        taken_out: Callable[[Any], AbstractNetwork],
    ):
        self.plan, self.keeper, self.taken_out = plan, keeper, taken_out
        self.kept = begun.measures
        # What belongs together changes in one assignment: Ctrl-C may come between any two.
        self.completed: Completed = begun.network, begun.memory, len(begun.measures[0])
        self.saved = self.steps
        self.waiting: tuple[int, int, TrainingSnapshot, Array] | None = None
        self.report: Report = lambda done, loss, accuracy: None

    @property
    def steps(self) -> int:
        """How many steps are completed."""
        return self.completed[-1]

    def set_callback(self, report: Report) -> None:
        """Report from now on, at once what an earlier call has done."""
        self.report, (loss, accuracy, *_) = report, self.kept
        if self.steps:
            last = slice(-self.plan.epoch_steps, None)
            report(self.steps, float(loss[last].mean()), float(accuracy[last].mean()))

    def checkpoint(self) -> TrainingSnapshot:
        """Return where the training stands after the epochs that are completed."""
        network, memory, steps = self.completed
        return TrainingSnapshot(network, memory, tuple(each[:steps] for each in self.kept))

    @property
    def is_over(self) -> bool:
        """Whether the threshold has been reached by the epochs that are completed."""
        until = self.plan.until
        return until is not None and until.is_reached(self._history(self.steps))

    def training(self, ending: Ending) -> Training:
        """Return the network of the completed epochs, and their history, or up to a divergence."""
        steps = None if ending is Ending.DIVERGED else self.steps
        return Training(self.taken_out(self.completed[0]), self._history(steps), ending)

    def _history(self, steps: int | None) -> History:
        columns = (each[:steps] for each in self.kept)
        return history_of(columns, self.plan.epoch_steps)

    def keep(self) -> None:
        """Bring the checkpoint up to date, where it is not."""
        if self.steps != self.saved:
            self.saved = self.steps
            self.keeper.write(self.checkpoint())

    def wait_for(self, first: int, count: int, snapshot: TrainingSnapshot, sound: Array) -> None:
        """Take over an epoch that may still be computed."""
        self.waiting = first, count, snapshot, sound

    def settle(self) -> None:
        """Wait for the epoch that was taken over; keep it, unless it diverged, and report it."""
        if self.waiting is None:
            return
        first, count, (network, memory, measures), sound = self.waiting
        rows, is_finite = completed_measures(measures, count)
        self.waiting = None
        self.kept = tuple(map(np.append, self.kept, rows))
        if not (is_finite and bool(sound)):
            reached = self.training(Ending.DIVERGED)
            raise TrainingDivergedError(first + len(rows[0]) - 1, reached, is_finite)
        self.completed = network, memory, first + count
        if self.keeper.is_due:
            self.keep()
        self.report(first + count, float(rows[0].mean()), float(rows[1].mean()))


def begun(program: Epoch, network: Any, memory: Any) -> TrainingSnapshot:
    """Return where a training stands before its first step."""
    return TrainingSnapshot(network, memory, (np.zeros(0, np.float32),) * program.num_measures)


def epochs_of(begun: int, steps: int, epoch_steps: int) -> Iterator[tuple[int, int]]:
    """Yield the first step and the number of steps of each epoch; all but the ends have one length.

    Epochs begin at multiples of their length, wherever a training that goes on has `begun`.
    """
    first = begun
    while first < steps:
        count = min(epoch_steps - first % epoch_steps, steps - first)
        yield first, count
        first += count
