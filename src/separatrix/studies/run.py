"""Running a study: every cell that is not done, on any engine, and nothing lost."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

from .._processes import check_workers, in_processes
from .._types import InvalidInputError, first_line
from .cell import Cell
from .directory import StudyDirectory
from .engines import by_dask, by_executor, shares
from .results import StudyResults, load_study, study_status
from .settings import Study
from .states import MAY_BE_TRIED_AGAIN, State, Status
from .work import fail, run_cell

Part = tuple[int, int]


def sweep(
    study: Study | str | Path,
    out: str | Path,
    *,
    workers: int | None = None,
    part: str | None = None,
    executor: Executor | None = None,
    scheduler: str | None = None,
    retry: bool = False,
    progress: Callable[[Status], None] = lambda status: None,
) -> StudyResults:
    """Run every cell of a study that is not done yet.

    All cells are checked before the first one starts; those that should take longest go first. A
    cell that fails is a row of the table, with its error. The directory is the truth: the same call
    goes on where an earlier one was stopped or killed, and several may work on one directory at
    once.

    Parameters
    ----------
    study
        A `Study`, or the path of a TOML file.
    out
        The directory to make, or to go on in.
    workers
        How many processes of this machine work; None: one for each core. They share its threads.
    part
        Such as "3/16": every sixteenth cell, from the third on; for job arrays.
    executor
        Any `concurrent.futures.Executor` whose workers see `out`, instead of `workers`.
    scheduler
        The address of a Dask scheduler whose workers see `out`, instead of `workers`.
    retry
        Try the cells that failed again.
    progress
        Called with the `Status` whenever a cell has ended.

    Returns
    -------
    StudyResults
        What is there when nothing is left to do for this call.

    Raises
    ------
    InvalidInputError
        For settings of any cell that cannot be executed, a directory of another study, a part that
        is none, a scheduler that cannot be reached, or a disk that is full.
    KeyboardInterrupt
        On Ctrl-C; cells that were being trained go on from their checkpoints next time.

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
    study = study if isinstance(study, Study) else Study.from_toml(study)
    share = _part(part)
    if executor is not None and scheduler is not None:
        raise InvalidInputError("give an executor or a scheduler, not both.")
    workers = check_workers(workers)
    directory = StudyDirectory(out)
    directory.begin(study)
    cells = shares(sorted(study.cells, key=lambda cell: -cell.cost), share)
    if study.limits.end_processes and isinstance(executor, ThreadPoolExecutor):
        raise InvalidInputError(
            "limits of time and memory end the process of a cell, and threads have the caller's: "
            "leave them out, or give workers."
        )
    for cell in cells:
        directory.discard_if_damaged(cell.key)
    tally = _Tally(study_status(directory, study), cells)
    while left := _left(directory, cells, study, retry):
        retry = False
        tries = {cell: _tries(directory, cell) for cell in left}
        place = str(directory.path.resolve())  # workers may be elsewhere
        jobs = [(cell, run_cell, (place, cell, study.limits)) for cell in left]
        if scheduler is not None:
            ended = by_dask(jobs, scheduler)
        elif executor is not None:
            ended = by_executor(jobs, executor)
        else:
            ended = in_processes(jobs, workers)
        with closing(ended):
            for cell, future in ended:
                progress(tally.after(cell, _ended(directory, cell, future, tries[cell])))
    return load_study(directory.path)


class _Tally:
    """Counts the cells that have ended, for an estimate of the time that is left."""

    def __init__(self, status: Status, cells: list[Cell]):
        self.costs = {cell.key: cell.cost for cell in cells}
        self.states = {key: status.states[key] for key in self.costs}
        self.begun, self.done = time.perf_counter(), 0.0

    def after(self, cell: Cell, state: State) -> Status:
        """Return the status when another cell has ended."""
        self.states[cell.key] = state
        self.done += cell.cost
        waiting = (State.PLANNED, State.RUNNING)
        left = sum(self.costs[key] for key, state in self.states.items() if state in waiting)
        passed = time.perf_counter() - self.begun
        return Status(dict(self.states), {}, passed * left / self.done)


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
    found = re.fullmatch(r"\s*(\d+)\s*/\s*(\d+)\s*", text)
    number, of = map(int, found.groups()) if found else (0, 0)
    if not 1 <= number <= of:
        raise InvalidInputError(f"part: expected K/N with K from 1 to N, such as 3/16, got {text}.")
    return number, of
