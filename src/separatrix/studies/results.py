"""A study as data: one row a network."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._tables import describe_duration
from .._types import counted
from ..store import Run, load_run
from .directory import StudyDirectory
from .settings import Study
from .states import State, Status

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class StudyResults:
    """What there is of a study.

    Attributes
    ----------
    path
        Its directory.
    study
        Its settings.
    table
        One row for each cell, done or not, by its key: the settings in which cells differ, `state`,
        `error`, and what is known of the network (`score`, `fixed_points` …); missing values are
        NaN or None.
    """

    path: Path
    study: Study
    table: pd.DataFrame

    def __len__(self) -> int:
        return len(self.table)

    def __repr__(self) -> str:
        counts = self.table["state"].value_counts()
        told = ", ".join(f"{number} {state}" for state, number in counts.items())
        lines = [f"StudyResults: {self.study.name}, {counted(len(self), 'network')} ({told})"]
        numbers = self.done.select_dtypes("number").drop(columns=["seed"], errors="ignore")
        for name in numbers:
            values = numbers[name].dropna()
            if len(values):
                low, middle, high = values.min(), values.median(), values.max()
                lines.append(f"  {name}: median {middle:.4g}, from {low:.4g} to {high:.4g}")
        return "\n".join(lines)

    @property
    def done(self) -> pd.DataFrame:
        """The rows of the cells that are done."""
        return self.table[self.table["state"] == State.DONE.value]

    @property
    def failed(self) -> pd.DataFrame:
        """The rows of the cells that failed, with `state`, `error` and `tries`."""
        ended = (State.PLANNED.value, State.RUNNING.value, State.DONE.value)
        return self.table[~self.table["state"].isin(ended)]

    def run(self, key: str) -> Run:
        """Read the run of a cell. Raises UnreadableFileError where it has none."""
        return load_run(StudyDirectory(self.path).run_of(key))

    def runs(self) -> Iterator[Run]:
        """Read the runs of the cells that are done, one after the other."""
        return map(self.run, self.done.index)


def load_study(path: str | Path) -> StudyResults:
    """Read a study, however far it is.

    Parameters
    ----------
    path
        The directory of a study.

    Raises
    ------
    UnreadableFileError
        When `path` is none.
    """
    import pandas as pd

    directory = StudyDirectory(path)
    study = directory.study()
    rows = {cell.key: _row(directory, cell.key, cell.changes) for cell in study.cells}
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index.name = "cell"
    return StudyResults(Path(path), study, table)


def study_status(directory: StudyDirectory | str | Path, study: Study | None = None) -> Status:
    """Return how far a study is."""
    if not isinstance(directory, StudyDirectory):
        directory = StudyDirectory(directory)
    study = study or directory.study()
    states, running = {}, {}
    spent = cost = left = 0.0
    for cell in study.cells:
        state, said = _state(directory, cell.key)
        states[cell.key] = state
        if state is State.RUNNING:
            passed = describe_duration(1000 * max(0.0, time.time() - said.get("since", 0)))
            running[cell.key] = f"process {said['pid']} on {said.get('host')}, for {passed}"
        if state is State.DONE:
            spent += float(said["row"]["seconds"])
            cost += cell.cost
        elif state in (State.PLANNED, State.RUNNING):
            left += cell.cost
    at_once = max(1, len(running))
    return Status(states, running, spent / cost * left / at_once if cost else None)


def _state(directory: StudyDirectory, key: str) -> tuple[State, dict[str, Any]]:
    """Return the state of a cell, and what is said of it."""
    summary = directory.summary(key)
    if summary is not None:
        return State.DONE, summary
    failure, claim = directory.failure(key), directory.claimant(key)
    if claim is not None:
        return State.RUNNING, claim
    return (State.PLANNED, {}) if failure is None else (State(failure["state"]), failure)


def _row(directory: StudyDirectory, key: str, changes: Any) -> dict[str, Any]:
    state, said = _state(directory, key)
    row = {**changes, "state": state.value, "error": ""}
    if state is State.DONE:
        return row | said["row"]
    return row | {name: said[name] for name in ("error", "tries", "seconds") if name in said}
