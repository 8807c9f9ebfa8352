"""A study as data: one row a network."""

from __future__ import annotations

import importlib.util
import time
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._files import as_path
from .._tables import describe_duration
from .._types import InvalidInputError, UnreadableFileError, counted, is_whole, listed, nearest
from ..store import Run, load_run
from ..store.directory import CELL, RESULTS, STUDY, runs_in
from .cell import Cell
from .directory import StudyDirectory, is_study
from .row import row_of
from .settings import Study
from .states import State, Status

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

Known = dict[str, tuple[State, dict[str, Any]]]
"""Of every cell, by its key, its state and what is said of it."""


@dataclass(frozen=True)
class Runs(Mapping[str, Run]):
    """The runs of a study that are done, by what the networks are called.

    Each is read when it is asked for, so that they need not fit into memory together.
    """

    results: StudyResults

    def __getitem__(self, name: str) -> Run:
        return self.results.run(self._keys[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __contains__(self, name: object) -> bool:
        return name in self._keys

    def __len__(self) -> int:
        return len(self._keys)

    def __repr__(self) -> str:
        return f"{counted(len(self), 'run')}: {listed(list(self), 3)}" if self else "no runs"

    @property
    def _keys(self) -> dict[str, str]:
        names = self.results.names
        return {names[key]: key for key in self.results.done.index}


@dataclass(frozen=True)
class StudyResults:
    """The results of a study, or of any directory that holds runs.

    Attributes
    ----------
    path
        The directory of the study.
    study
        The settings of the study; None for a directory of runs without a study.
    table
        One row for each cell (one network of the study), whether it is done or not. The index holds
        the keys of the cells. The columns are the settings that the study varies, the seed,
        `state`, `error`, and the results of the network (`score`, `fixed_points` …). Missing values
        are NaN or None.
    status
        The progress of the study when it was read: `str(status)`, `.is_over`, `.seconds_left`.
    """

    path: Path
    study: Study | None
    table: pd.DataFrame
    status: Status

    def __len__(self) -> int:
        return len(self.table)

    def __repr__(self) -> str:
        counts = self.table["state"].value_counts()
        told = ", ".join(f"{number} {state}" for state, number in counts.items())
        lines = [f"StudyResults: {self.title}, {counted(len(self), 'network')} ({told})"]
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
        """The rows of `table` for the cells that are done."""
        return self.table[self.table["state"] == State.DONE.value]

    @property
    def failed(self) -> pd.DataFrame:
        """The rows of `table` for the cells that ended without results.

        The columns `state` and `error` say why, and `tries` says how often each cell was tried.
        """
        ended = (State.PLANNED.value, State.RUNNING.value, State.DONE.value)
        return self.table[~self.table["state"].isin(ended)]

    @property
    def varied(self) -> list[str]:
        """The names of the settings in which the networks differ."""
        return [key for key in self._settings if self.table[key].map(str).nunique() > 1]

    @property
    def _settings(self) -> list[str]:
        """The settings that the study gives, which the table has as columns."""
        return list(dict.fromkeys(key for cell in self._cells for key in cell.changes))

    @property
    def _cells(self) -> tuple[Cell, ...]:
        return () if self.study is None else self.study.cells

    @property
    def title(self) -> str:
        """The name of the study, or the name of the directory if it is not a study."""
        return self.path.name if self.study is None else self.study.name

    @property
    def is_independent(self) -> bool:
        """Whether no two cells share a training.

        Cells share a training if they differ only in what comes after it, such as the analysis.
        Their results are not independent samples, so intervals from them would be too narrow.
        """
        trainings = [cell.training for cell in self._cells]
        return len(set(trainings)) == len(trainings)

    @property
    def names(self) -> dict[str, str]:
        """For each cell, a name that tells it from the other cells, such as "gru, seed=3"."""
        if self.study is None:
            return {key: key for key in self.table.index}
        rows = self.table[self.varied].to_dict("index")
        names = {cell: _name(row) or self.title for cell, row in rows.items()}
        several = Counter(names.values())
        return {c: f"{name} ({c})" if several[name] > 1 else name for c, name in names.items()}

    def run(self, key: str | int, *, only: list[str] | tuple[str, ...] | None = None) -> Run:
        """Read the run of a cell, with all of its records or only the named ones.

        Name the cell by its key in the table, or by the number of its row, counted from 0. Raises
        InvalidInputError if there is no such cell. Raises UnreadableFileError if the cell has no
        run, or if the results of its run are damaged.
        """
        place = self.path_of(key)
        if place.exists() and not (place / RESULTS).exists():
            raise UnreadableFileError(
                f"{place / RESULTS} is missing: run the sweep again to make it."
            )
        return load_run(place, only=only)

    def path_of(self, key: str | int) -> Path:
        """Return the path of a cell's run directory, whether it exists or not.

        Name the cell as in `run`.
        """
        key = self._key(key)
        return self.path / key if self.study is None else StudyDirectory(self.path).run_of(key)

    def _key(self, given: Any) -> str:
        """Return the key of a cell that is given by its key or its row."""
        keys = list(self.table.index)
        if is_whole(given) and -len(keys) <= given < len(keys):
            return keys[given]
        if is_whole(given):
            raise InvalidInputError(
                f"the study has {counted(len(keys), 'cell')}, numbered 0 to {len(keys) - 1}; "
                f"got {given}."
            )
        if given not in keys:
            raise InvalidInputError(
                f"no cell {given!r}: {nearest(given, keys)} Keys are the index of study.table; a "
                "number is the position of a row in this table."
            )
        return given

    def arrays(self, record: str) -> xr.Dataset:
        """Return one record of all networks that have it, stacked along a leading axis `network`.

        If an array is shorter in some networks, it is filled with NaN at its end. Single numbers of
        a record, such as `index_sum`, become arrays with one entry for each network. If Dask is
        installed (`pip install 'separatrix[cluster]'`), arrays are read only when they are used.

        Parameters
        ----------
        record
            The name of the record in a run, such as "fixed_points", "linearization" or "history".

        Raises
        ------
        UnreadableFileError
            If no network has this record, or the results of a network are damaged.

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
            file = self.path_of(key) / RESULTS
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

    @property
    def runs(self) -> Runs:
        """A mapping from the names of finished cells, such as "gru, seed=3", to their runs.

        Each run is read when you access it: `for name, run in study.runs.items()`.
        """
        return Runs(self)


def load_study(path: str | Path) -> StudyResults:
    """Read a study, whether it is finished or not, or all runs in a directory.

    Parameters
    ----------
    path
        The directory of a study, or a directory that holds run directories. In the latter case,
        each run has the name of its directory.

    Returns
    -------
    StudyResults
        `.table` has one row for each network. `.runs` maps names to runs. `.status` says how far
        the study has progressed.

    Raises
    ------
    UnreadableFileError
        If `path` is neither a study nor a directory of runs, or if its contents are damaged.

    Examples
    --------
    >>> import tempfile, separatrix as sx
    >>> small = sx.Experiment.named("yang2020").with_changes(
    ...     ["training.steps=4", "network.num_units=8", "analysis.num_trials=4",
    ...      "analysis.test_trials=20", "analysis.num_candidates=4"]
    ... )
    >>> out = tempfile.mkdtemp()
    >>> run = sx.run_experiment(small, out + "/small", progress=False)
    >>> sx.load_study(out).runs["small"].network.num_units
    8
    """
    import pandas as pd

    rows: dict[str, dict[str, Any]]
    path, study = as_path(path), None
    if is_study(path):
        directory = StudyDirectory(path)
        study = directory.study()
        try:
            known = _states(directory, study)
        except InvalidInputError as error:
            raise UnreadableFileError(f"{path / STUDY}: {error}") from None
        rows = {cell.key: _row(cell.changes, *known[cell.key]) for cell in study.cells}
        status = _status(study, known)
    else:
        rows = {
            place.name: _row({}, State.DONE, {"row": row_of(load_run(place))})
            for place in _loose_runs(path)
        }
        status = Status(dict.fromkeys(rows, State.DONE))
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index.name = "cell"
    return StudyResults(path, study, table, status)


def status_of(directory: StudyDirectory, study: Study) -> Status:
    """Return how far a study is."""
    return _status(study, _states(directory, study))


def _states(directory: StudyDirectory, study: Study) -> Known:
    return {cell.key: _state(directory, cell.key) for cell in study.cells}


def _status(study: Study, known: Known) -> Status:
    running = {}
    spent = cost = left = 0.0
    for cell in study.cells:
        state, said = known[cell.key]
        if state is State.RUNNING:
            passed = describe_duration(1000 * max(0.0, time.time() - said.get("since", 0)))
            running[cell.key] = f"process {said['pid']} on {said.get('host')}, for {passed}"
        if state is State.DONE:
            spent += float(said["row"]["seconds"])
            cost += cell.cost
        elif state in (State.PLANNED, State.RUNNING):
            left += cell.cost
    at_once = max(1, len(running))
    seconds_left = spent / cost * left / at_once if cost else None
    return Status({key: state for key, (state, _) in known.items()}, running, seconds_left)


def _loose_runs(path: Path) -> list[Path]:
    """Return the runs with results in a directory that is not a study."""
    if not (places := [place for place in runs_in(path) if (place / RESULTS).exists()]):
        raise UnreadableFileError(
            f"{path} is not a study, and holds no runs. For a single run: load_run."
        )
    return places


def _name(row: dict[Hashable, Any]) -> str:
    """Return the settings of a network in words, but for those that it does not have."""
    told = {k: v for k, v in row.items() if v is not None and v == v}
    return ", ".join(v if k == "variant" else f"{k}={v}" for k, v in told.items())


def _state(directory: StudyDirectory, key: str) -> tuple[State, dict[str, Any]]:
    """Return the state of a cell, and what is said of it."""
    summary = directory.summary(key)
    if summary is not None:
        return State.DONE, summary
    if directory.is_done(key):
        said = (
            f"{directory.run_of(key) / CELL} is not what was written; `sweep` runs the cell again"
        )
        return State.DAMAGED, {"error": said}
    failure, claim = directory.failure(key), directory.claimant(key)
    if claim is not None:
        return State.RUNNING, claim
    return (State.PLANNED, {}) if failure is None else (State(failure["state"]), failure)


def _row(changes: Mapping[str, Any], state: State, said: dict[str, Any]) -> dict[str, Any]:
    row = {**changes, "state": state.value, "error": ""}
    if state is State.DONE:
        return row | said["row"]
    return row | {name: said[name] for name in ("error", "tries", "seconds") if name in said}
