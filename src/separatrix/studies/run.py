"""Running a study: every cell that is not done, on any engine, and nothing lost."""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from .._checked import Natural, checked
from .._processes import check_workers, in_processes
from .._types import InvalidInputError, first_line
from .._watch import progress_bar
from ..experiment import Experiment
from .cell import Cell
from .directory import StudyDirectory
from .engines import Ended, Job, by_dask, by_executor, in_this_process
from .results import StudyResults, load_study, status_of
from .settings import Study
from .states import MAY_BE_TRIED_AGAIN, State, Status
from .work import fail, run_cell

Part = tuple[int, int]
Progress = bool | Callable[[Status], None]
Engine = Callable[[Sequence[Job]], Generator[Ended, None, None]]


@checked
def sweep(
    study: Study | Experiment | str | Path,
    out: str | Path,
    *,
    workers: Natural | None = None,
    part: str | None = None,
    executor: Executor | None = None,
    scheduler: str | None = None,
    retry: bool = False,
    progress: Progress = False,
) -> StudyResults:
    """Run all cells of a study that are not done yet.

    A cell is one combination of settings and a seed. All cells are checked before the first one
    starts. The cells that will probably take longest start first. A cell that fails still has a row
    in the table, which holds its error. Cells that differ only in their analysis share one trained
    network. All progress is stored in the directory. If a call was stopped or killed, repeat it: it
    continues with what is not done. Several calls may work on one directory together.

    Parameters
    ----------
    study
        A `Study`, or the path of a TOML file. If you give an `Experiment`, each of its variants is
        run once, with the seed of the experiment.
    out
        The directory of the study. If it exists, the study goes on in it.
    workers
        The number of processes on this machine. None means one for each core. The processes share
        the machine's threads, and the last digits of the results depend on how many threads each
        process has. With 0 only this process works, one cell after the other.
    part
        A part of the cells, for job arrays. "3/16" means every sixteenth cell, beginning with the
        third.
    executor
        Any `concurrent.futures.Executor` whose workers can access the directory `out`. It takes the
        place of `workers`.
    scheduler
        The address of a Dask scheduler whose workers can access the directory `out`. It takes the
        place of `workers`.
    retry
        Whether to try failed cells again.
    progress
        True shows a bar, and False shows nothing. You may also give a function: it is called with
        the `Status` of the study whenever a cell has ended.

    Returns
    -------
    StudyResults
        The results of the study, as they are at the end of this call.

    Raises
    ------
    InvalidInputError
        If the settings of a cell cannot be executed, if the directory belongs to another study, if
        the part is not valid, if the scheduler cannot be reached, or if the disk is full.
    KeyboardInterrupt
        On Ctrl-C. Cells that were being trained continue from their checkpoints next time.

    Examples
    --------
    >>> import separatrix as sx
    >>> study = sx.Study.from_dict({
    ...     "name": "flip-flops", "experiment": "maheswaranathan2019", "seeds": "0:10",
    ...     "grid": {"network.num_units": [32, 64]},
    ... })
    >>> len(study.cells)
    60
    """
    if isinstance(study, Experiment):
        study = Study.of(study)
    elif isinstance(study, str | Path):
        study = Study.from_toml(study)
    number, of = _part(part)
    if executor is not None and scheduler is not None:
        raise InvalidInputError("give an executor or a scheduler, not both.")
    engine = _engine(workers, executor, scheduler)
    directory = StudyDirectory(out)
    every = study.cells
    for cell in every:
        cell.experiment.check_imported()  # not if the study was read from its directory
    directory.begin(study)
    # One after the other, so that each part has as many long cells.
    cells = sorted(every, key=lambda cell: -cell.cost)[number - 1 :: of]
    here = engine is in_this_process or isinstance(executor, ThreadPoolExecutor)
    if study.limits.end_processes and here:
        raise InvalidInputError(
            "limits of time and memory end the process of a cell, and without workers this is your "
            "own process: leave the limits out, or give workers."
        )
    same = _same_training(every)
    for cell in cells:
        directory.discard_if_damaged(cell.key)
    status_after = _tally(status_of(directory, study), cells)
    with _reports(progress, len(cells)) as report:
        while left := _left(directory, cells, study, retry):
            retry = False
            tries = {cell: _tries(directory, cell) for cell in left}
            place = str(directory.path.resolve())  # workers may be elsewhere
            ready = _ready(directory, left, same)
            jobs = [(c, run_cell, (place, c, study.limits, same[c.training])) for c in ready]
            with closing(engine(jobs)) as ended:
                for cell, future in ended:
                    report(status_after(cell, _ended(directory, cell, future, tries[cell])))
    return load_study(directory.path)


def _engine(workers: int | None, executor: Executor | None, scheduler: str | None) -> Engine:
    """Return what runs jobs, and yields each with its outcome as it ends."""
    count = 0 if workers == 0 else check_workers(workers)
    if scheduler is not None:
        return functools.partial(by_dask, address=scheduler)
    if executor is not None:
        return functools.partial(by_executor, executor=executor)
    return in_this_process if count == 0 else functools.partial(in_processes, workers=count)


@contextmanager
def _reports(progress: Progress, count: int) -> Iterator[Callable[[Status], None]]:
    """Yield what is called with the status whenever a cell has ended."""
    if not isinstance(progress, bool):
        yield progress
        return
    if not progress:
        yield lambda status: None
        return
    with progress_bar("study", "{task.fields[said]}", total=count, said="") as bar:
        yield lambda status: bar(completed=count - status.count_left, said=str(status))


def _tally(status: Status, cells: list[Cell]) -> Callable[[Cell, State], Status]:
    """Return what tells the status when another cell has ended, with the time that may be left."""
    costs = {cell.key: cell.cost for cell in cells}
    states, begun, done = {key: status.states[key] for key in costs}, time.perf_counter(), 0.0

    def after(cell: Cell, state: State) -> Status:
        nonlocal done
        states[cell.key], done = state, done + cell.cost
        waiting = (State.PLANNED, State.RUNNING)
        left = sum(costs[key] for key, state in states.items() if state in waiting)
        return Status(dict(states), {}, (time.perf_counter() - begun) * left / done)

    return after


def _left(directory: StudyDirectory, cells: list[Cell], study: Study, retry: bool) -> list[Cell]:
    """Return the cells to run: neither done, nor failed for good, nor run by another process."""
    left = []
    for cell in cells:
        if directory.is_done(cell.key):
            continue
        failure = directory.failure(cell.key)
        if failure is not None and retry:
            directory.forget_failure(cell.key)
        elif failure is not None and not _goes_on(failure, study):
            continue
        if directory.claimant(cell.key) is None:
            left.append(cell)
    return left


def _same_training(cells: Iterable[Cell]) -> dict[str, tuple[str, ...]]:
    """Return the keys of the cells that have one trained network, by the digest of its training."""
    same: dict[str, list[str]] = {}
    for cell in cells:
        same.setdefault(cell.training, []).append(cell.key)
    return {training: tuple(keys) for training, keys in same.items()}


def _ready(
    directory: StudyDirectory, left: list[Cell], same: Mapping[str, tuple[str, ...]]
) -> list[Cell]:
    """Leave out the cells whose network another one of those that are left trains first."""
    first: dict[str, Cell] = {}
    return [
        cell
        for cell in left
        if first.setdefault(cell.training, cell) is cell
        or any(map(directory.is_done, same[cell.training]))
    ]


def _goes_on(failure: dict[str, Any], study: Study) -> bool:
    again = State(failure["state"]) in MAY_BE_TRIED_AGAIN
    return again and int(failure["tries"]) <= study.limits.retries


def _tries(directory: StudyDirectory, cell: Cell) -> int:
    return int((directory.failure(cell.key) or {}).get("tries", 0))


def _ended(directory: StudyDirectory, cell: Cell, future: Future[Any], tries: int) -> State:
    """Return how a cell ended; keep it, where its process was lost without a word."""
    error = future.exception()
    if error is None:
        return State(future.result())
    if isinstance(error, InvalidInputError):  # nothing can be written
        raise error
    if directory.is_done(cell.key):
        return State.DONE
    if _tries(directory, cell) == tries:
        fail(directory, cell, State.LOST, f"its process was lost: {first_line(error)}")
    failure = directory.failure(cell.key)
    return State.LOST if failure is None else State(failure["state"])


def _part(text: str | None) -> Part:
    if text is None:
        return 1, 1
    found = re.fullmatch(r"\s*(\d+)\s*/\s*(\d+)\s*", str(text))
    number, of = map(int, found.groups()) if found else (0, 0)
    if not 1 <= number <= of:
        raise InvalidInputError(
            f"part: expected K/N with K from 1 to N, such as 3/16, got {text!s:.60}."
        )
    return number, of
