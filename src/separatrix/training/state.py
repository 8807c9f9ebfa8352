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
    Measures,
    Training,
    TrainingDivergedError,
    completed_measures,
    history_of,
)
from .plan import Plan

Report = Callable[[int, float, float], None]
"""Callback after each epoch, with the steps done, the epoch's mean loss and accuracy."""

Completed = tuple[AbstractNetwork, Any, int]
"""A network, the optimizer's memory, and of how many of the kept epochs they come."""


class TrainingState:
    """State of a training: its history, and the network at the end of it."""

    def __init__(self, program: Epoch, network: AbstractNetwork, keeper: Keeper, plan: Plan):
        self.epoch_steps, self.keeper, self.until = program.epoch_steps, keeper, plan.until
        self.division = program.division
        nothing = (np.zeros(0, np.float32),) * program.num_measures
        begun = keeper.read(TrainingSnapshot(network, program.start(network), nothing), plan.steps)
        self.kept: list[Measures] = [begun.measures]
        # What belongs together changes in one assignment: Ctrl-C may come between any two.
        self.completed: Completed = begun.network, begun.memory, len(self.kept)
        self.saved = self.steps
        self.waiting: tuple[int, int, TrainingSnapshot, Array] | None = None
        self.report: Report = lambda done, loss, accuracy: None

    @property
    def steps(self) -> int:
        """How many steps are completed."""
        return sum(len(columns[0]) for columns in self.kept[: self.completed[-1]])

    def set_callback(self, report: Report) -> None:
        """Report from now on, at once what an earlier call has done."""
        self.report, (loss, accuracy, *_) = report, self.kept[-1]
        if self.steps:
            last = slice(-self.epoch_steps, None)
            report(self.steps, float(loss[last].mean()), float(accuracy[last].mean()))

    def checkpoint(self) -> TrainingSnapshot:
        """Return where the training stands after the epochs that are completed."""
        network, memory, epochs = self.completed
        measures = zip(*self.kept[:epochs], strict=True)
        return TrainingSnapshot(network, memory, tuple(map(np.concatenate, measures)))

    @property
    def is_over(self) -> bool:
        """Whether the threshold has been reached by the epochs that are completed."""
        if self.until is None:
            return False
        return self.until.is_reached(history_of(self.kept[: self.completed[-1]], self.epoch_steps))

    def training(self, ending: Ending) -> Training:
        """Return the network and the history of the epochs that are completed."""
        network, _, epochs = self.completed
        return self._result(network, epochs, ending)

    def _result(self, network: AbstractNetwork, epochs: int, ending: Ending) -> Training:
        history = history_of(self.kept[:epochs], self.epoch_steps)
        return Training(self.division.gathered(network), history, ending)

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
        self.kept.append(rows)
        if not (is_finite and bool(sound)):
            reached = self._result(self.completed[0], len(self.kept), Ending.DIVERGED)
            raise TrainingDivergedError(first + len(rows[0]) - 1, reached, is_finite)
        self.completed = network, memory, len(self.kept)
        if self.keeper.is_due:
            self.keep()
        self.report(first + count, float(rows[0].mean()), float(rows[1].mean()))


def epochs_of(begun: int, steps: int, epoch_steps: int) -> Iterator[tuple[int, int]]:
    """Yield the first step and the number of steps of each epoch; all but the ends have one length.

    Epochs begin at multiples of their length, wherever a training that goes on has `begun`.
    """
    first = begun
    while first < steps:
        count = min(epoch_steps - first % epoch_steps, steps - first)
        yield first, count
        first += count
