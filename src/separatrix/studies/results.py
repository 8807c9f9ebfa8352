"""A study as data: one row a network."""

from __future__ import annotations

import importlib.util
import time
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._tables import describe_duration
from .._types import InvalidInputError, UnreadableFileError, counted, is_whole, nearest
from ..store import Run, load_run
from ..store.directory import RESULTS, runs_in
from .directory import StudyDirectory, is_study
from .settings import Study
from .states import State, Status

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


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
        if "held" in self.done:  # what holds the states, in how many networks
            held = self.done["held"].dropna().value_counts()
            lines.append("  held: " + ", ".join(f"{word} in {n}" for word, n in held.items()))
        numbers = self.done.select_dtypes("number").drop(columns=self._settings, errors="ignore")
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

    @property
    def varied(self) -> list[str]:
        """The settings in which the networks differ."""
        return [key for key in self._settings if self.table[key].map(str).nunique() > 1]

    @property
    def _settings(self) -> list[str]:
        """The settings that the study gives, which the table has as columns."""
        return list(dict.fromkeys(key for cell in self.study.cells for key in cell.changes))

    @property
    def is_independent(self) -> bool:
        """Whether every network was trained by itself; else intervals would count one twice."""
        trainings = [cell.training for cell in self.study.cells]
        return len(set(trainings)) == len(trainings)

    @property
    def names(self) -> dict[str, str]:
        """By cell, what it is called among the others, such as "gru, seed=3"."""
        rows = self.table[self.varied].to_dict("index")
        names = {cell: _name(row) or self.study.name for cell, row in rows.items()}
        several = Counter(names.values())
        return {c: f"{name} ({c})" if several[name] > 1 else name for c, name in names.items()}

    def run(self, key: str | int, *, only: Iterable[str] | None = None) -> Run:
        """Read the run of a cell, or of its records those that are called so.

        The cell is named by its key in the table, or by its row, from 0 on. Raises
        InvalidInputError where there is no such cell, UnreadableFileError where it has no run, or
        its results are damaged.
        """
        key = self._key(key)
        place = StudyDirectory(self.path).run_of(key)
        if place.exists() and not (place / RESULTS).exists():
            raise UnreadableFileError(f"{place / RESULTS} is gone: a sweep makes it again.")
        return load_run(place, only=only)

    def _key(self, given: Any) -> str:
        """Return the key of a cell that is given by its key or its row."""
        keys = list(self.table.index)
        if is_whole(given) and -len(keys) <= given < len(keys):
            return keys[given]
        if is_whole(given):
            raise InvalidInputError(
                f"the study has {counted(len(keys), 'cell')}, 0 to {len(keys) - 1}, got {given}."
            )
        if given not in keys:
            raise InvalidInputError(
                f"no cell {given!r}: {nearest(given, keys)} Keys are the index of study.table; a "
                "number is a row of it."
            )
        return given

    def arrays(self, record: str) -> xr.Dataset:
        """Return one record of all networks that have it, along a leading axis `network`.

        Arrays of different lengths are filled with NaN at their ends; numbers that a record has
        once, such as `index_sum`, become arrays, too. With Dask
        (`pip install 'separatrix[cluster]'`) they are read when they are used.

        Parameters
        ----------
        record
            Its name in a run, such as "fixed_points", "linearization" or "history".

        Raises
        ------
        UnreadableFileError
            When no network has it, or the results of one are damaged.

        Examples
        --------
        >>> study = sx.load_study("runs/sizes")             # doctest: +SKIP
        >>> study.arrays("history").loss.mean("network")    # doctest: +SKIP
        """
        import xarray as xr

        from ..store.netcdf import open_record

        lazily = importlib.util.find_spec("dask") is not None
        names, found = self.names, {}
        for key in self.done.index:
            file = StudyDirectory(self.path).run_of(key) / RESULTS
            if (opened := open_record(file, record, lazily=lazily)) is not None:
                found[names[key]] = opened
        if not found:
            raise UnreadableFileError(f"no network of {self.path} has {record!r}.")
        sizes = Counter[Hashable]()
        for one in found.values():
            sizes |= Counter(dict(one.sizes))
        filled = [
            one.pad({d: (0, sizes[d] - n) for d, n in one.sizes.items()}) for one in found.values()
        ]
        network = xr.Variable("network", list(found))
        return xr.concat(
            filled, network, coords="different", compat="equals", combine_attrs="drop_conflicts"
        )

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


def load_runs(path: str | Path) -> dict[str, Run]:
    """Read all runs that are complete in a study, or in any directory, by name.

    Those of a study are named by what they differ in: "gru", "gru, seed=3".

    Raises
    ------
    UnreadableFileError
        When `path` holds no runs, or a file in it is damaged.
    """
    if is_study(path):
        results = load_study(path)
        names = results.names
        return {names[key]: results.run(key) for key in results.done.index}
    if not (places := runs_in(Path(path))):
        raise UnreadableFileError(f"{path} holds no runs; a single run: load_run.")
    return {place.name: load_run(place) for place in places}


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


def _name(row: dict[Hashable, Any]) -> str:
    """Return the settings of a network in words, but for those that it does not have."""
    told = {k: v for k, v in row.items() if v is not None and v == v}
    return ", ".join(v if k == "variant" else f"{k}={v}" for k, v in told.items())


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
