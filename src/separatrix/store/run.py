"""A run: one experiment's directory, read."""

import dataclasses
import tomllib
from pathlib import Path
from typing import Any

from .._checked import checked
from .._files import as_path, short
from .._records import Record
from .._types import UnreadableFileError, counted, listed
from ..networks import AbstractNetwork
from ..tasks import AbstractTask
from ..tasks.registry import TASK_MAKERS
from .directory import EXPERIMENT, RESULTS, STUDY, WEIGHTS, is_run, runs_in
from .integrity import check_run
from .networks import load_network, load_own_network
from .records import read_records


@dataclasses.dataclass(frozen=True)
class Run:
    """The contents of a run directory. Each record is also an attribute, such as `run.activity`.

    Attributes
    ----------
    path
        The directory.
    experiment
        The settings as they were executed, from `experiment.toml`.
    network
        The trained network, or None. There are two reasons for None. The run may have stopped
        before there was a network. Or a user wrote the class of the network, and this program has
        not imported it, or the class has changed since: then `unknown_class` names the class.
    records
        A dictionary from the name of each result to its record.
    provenance
        A dictionary from names to texts: the date, the machine and versions.
    """

    path: Path
    experiment: dict[str, Any]
    network: AbstractNetwork | None
    records: dict[str, Record]
    provenance: dict[str, str] = dataclasses.field(default_factory=dict)

    def find(self, *names: str) -> Any:
        """Return the record of the first name that the run has; None if it has none of them."""
        return next((self.records[name] for name in names if name in self.records), None)

    @property
    def task(self) -> AbstractTask | None:
        """The task, made again from the settings; None if it cannot be made."""
        table = dict(self.experiment.get("task", {}))
        make = TASK_MAKERS.get(str(table.pop("name", "")))
        try:
            return None if make is None else make(**table)
        except (TypeError, ValueError):
            return None

    @property
    def unknown_class(self) -> str | None:
        """The class of a network that was saved but could not be read, as `module:Class`, or None.

        This happens if a user wrote the class, and this program has not imported it, or the class
        has changed since. In all other cases the value is None.
        """
        is_there = self.network is None and (self.path / WEIGHTS).exists()
        return _own_class(self.experiment) if is_there else None

    def __getattr__(self, name: str) -> Any:
        if name in ("path", "records"):  # missing while a copy or a pickle is being rebuilt
            raise AttributeError(name)
        if name in self.records:
            return self.records[name]
        held = ", ".join(self.records) or "no records"
        raise AttributeError(f"the run {self.path} has no {name!r}; it holds {held}.")

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.records]

    def __repr__(self) -> str:
        lines = [f"Run: {self.path}"]
        if self.network is not None:
            network = self.network
            lines.append(
                f"  network: {type(network).__name__} of {counted(network.num_units, 'unit')}"
            )
        elif self.unknown_class is not None:
            lines.append(
                f"  network: of the class {self.unknown_class}, which is not imported here, or has "
                f"changed; import it, then sx.load_network('{self.path / WEIGHTS}')"
            )
        lines += [f"  {name}: {record.summary()}" for name, record in self.records.items()]
        return "\n".join(lines)


@checked
def load_run(
    path: str | Path, *, only: list[str] | tuple[str, ...] | None = None, verify: bool = True
) -> Run:
    """Read a run directory.

    A run that was interrupted may have no network or no results. Then `network` is None, or
    `records` is empty. `network` is also None if a user wrote the class of the network
    (`module:Class` in the experiment's file) and this program has not imported it, or the class has
    changed since. (`load_run` itself imports no module.)

    The files are compared with the digests in `digests.json` before any of them is read. With
    `verify=False` they are not compared, so that you can read a run that another program has
    changed.

    Parameters
    ----------
    path
        The directory that `run_experiment` or the command line made.
    only
        Names of the records to read. Reading a few is quicker than reading all. None, the default,
        reads all records.

    Returns
    -------
    Run
        `.network`, `.experiment`, and the records as attributes.

    Raises
    ------
    UnreadableFileError
        If `path` is not a run directory, or one of its files is damaged.

    Examples
    --------
    >>> import tempfile, separatrix as sx
    >>> small = sx.Experiment.named("yang2020").with_changes(
    ...     ["training.steps=4", "network.num_units=8", "analysis.num_trials=4",
    ...      "analysis.test_trials=20", "analysis.num_candidates=4"]
    ... )
    >>> run = sx.run_experiment(small, tempfile.mkdtemp() + "/small", progress=False)
    >>> sx.load_run(run.path, only=["activity"]).activity.states.shape
    (4, 22, 8)
    """
    path = as_path(path)
    if not path.is_dir():
        what = "is a file" if path.exists() else "does not exist"
        raise UnreadableFileError(f"{path} {what}; expected a run directory.")
    if not (path / RESULTS).exists() and (within := runs_in(path)):
        raise UnreadableFileError(
            f"{path} holds the runs {listed([run.name for run in within], 3)}: read one of them, "
            f"{within[0]}, or all of them with load_study."
        )
    if (path / STUDY).exists():
        raise UnreadableFileError(
            f"{path} is a study: load_study reads its table and, as .runs, its runs."
        )
    if not is_run(path):
        raise UnreadableFileError(f"{path} is not a run directory: it has no {EXPERIMENT}.")
    if verify:
        check_run(path)
    experiment, network = _read_toml(path / EXPERIMENT), None
    if (path / WEIGHTS).exists():
        read = load_network if _own_class(experiment) is None else load_own_network
        network = read(path / WEIGHTS, verify=verify)
    records: dict[str, Record] = {}
    about: dict[str, str] = {}
    if (path / RESULTS).exists():
        records, about = read_records(path / RESULTS, only, verify=verify)
    return Run(path, experiment, network, records, about)


def _own_class(experiment: dict[str, Any]) -> str | None:
    """Return the class of a network that is a user's own, and None of any other."""
    table = experiment.get("network")
    name = table.get("name") if isinstance(table, dict) else None
    return name if isinstance(name, str) and ":" in name else None


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except (OSError, ValueError, RecursionError) as error:
        raise UnreadableFileError(f"{path} cannot be read: {short(error)}.") from error
