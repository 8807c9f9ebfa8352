"""Running one cell of a study, in a process that may be ended at any moment."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import resource
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import jax.random as jr

from .._files import cannot_write
from .._stopping import stopped_by
from .._types import first_line
from ..evaluation import performance
from ..experiment import Setup, run_experiment
from ..store import Run, load_run
from ..store.directory import CELL
from ..store.integrity import write_digests
from ..training import History, Training, TrainingDivergedError
from .cell import Cell
from .directory import TOUCHED, StudyDirectory
from .row import row_of
from .settings import LimitSettings
from .states import State

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_GIVEN_UP = 75  # exit code: the cell took more than it may


def run_cell(path: str, cell: Cell, limits: LimitSettings, same: Sequence[str] = ()) -> State:
    """Run a cell, unless it is done or another process is at it, and return its state.

    Its network is that of a cell of `same`, whose training has the same settings, where one is
    done. What goes wrong in it is kept as its failure, and not raised, but for a full disk
    (OSError): that is the study's.
    """
    directory = StudyDirectory(path)
    with directory.claimed(cell.key) as claim:
        if claim is None:
            return State.RUNNING
        if directory.is_done(cell.key):
            return State.DONE
        with _watched(directory, cell, claim, limits), _interruptible():
            try:
                return _run(directory, cell, same)
            except KeyboardInterrupt:  # its training goes on from its checkpoint next time
                if multiprocessing.parent_process() is None:
                    raise
                return State.PLANNED


def _run(directory: StudyDirectory, cell: Cell, same: Sequence[str]) -> State:
    begun = time.perf_counter()

    def finish(run: Run, place: Path) -> None:
        taken = time.perf_counter() - begun
        row = row_of(run) | _scores(cell, run) | {"seconds": round(taken, 3)}
        summary = {"row": row, "changes": dict(cell.changes)}
        (place / CELL).write_text(json.dumps(summary, indent=1), encoding="utf-8")
        write_digests(place)

    try:
        run_experiment(
            cell.experiment,
            directory.run_of(cell.key),
            progress=False,
            resume=True,
            finish=finish,
            training=_trained(directory, same),
        )
    except TrainingDivergedError as error:
        fail(directory, cell, State.DIVERGED, first_line(error), begun)
        return State.DIVERGED
    except Exception as error:
        if directory.is_done(cell.key):  # another process took this one for lost, and was quicker
            directory.forget_failure(cell.key)
            return State.DONE
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            raise cannot_write(directory.path, error) from error
        fail(directory, cell, State.FAILED, first_line(error), begun, traceback.format_exc())
        return State.FAILED
    directory.forget_failure(cell.key)
    return State.DONE


def _trained(directory: StudyDirectory, same: Sequence[str]) -> Training | None:
    """Return the training of the first of these cells that is done."""
    for key in filter(directory.is_done, same):
        run = load_run(directory.run_of(key))
        history = run.records["history"]
        assert isinstance(history, History) and run.network is not None  # a complete run has both
        return Training(run.network, history)
    return None


def _scores(cell: Cell, run: Run) -> dict[str, Any]:
    """Score the trained network with the tasks of the study's tests."""
    if not cell.tests:
        return {}
    setup, scores = Setup(cell.experiment), dict[str, Any]()
    count = cell.experiment.analysis.test_trials
    for name, task in cell.check(setup).items():
        key = jr.fold_in(setup.key_test, len(scores) + 1)
        assert run.network is not None  # it has just been trained
        found = performance(run.network, task, num_trials=count, key=key)
        scores[f"score_{name}"] = float(found.mean_score)
    return scores


def fail(
    directory: StudyDirectory,
    cell: Cell,
    state: State,
    error: str,
    begun: float | None = None,
    trace: str = "",
) -> None:
    """Keep why a cell failed, and how often it was tried."""
    earlier = directory.failure(cell.key) or {}
    directory.write_failure(
        cell.key,
        {
            "state": state.value,
            "error": error,
            "tries": int(earlier.get("tries", 0)) + 1,
            "seconds": None if begun is None else round(time.perf_counter() - begun, 3),
            "changes": dict(cell.changes),
            "traceback": trace,
        },
    )


def _watch(
    directory: StudyDirectory, cell: Cell, claim: Path, limits: LimitSettings, over: threading.Event
) -> None:
    """Keep a claim fresh, and end the process of a cell that takes more than it may."""
    begun = touched = time.perf_counter()
    parent = multiprocessing.parent_process()

    def give_up(state: State, error: str) -> None:
        fail(directory, cell, state, error, begun)
        claim.unlink(missing_ok=True)
        os._exit(_GIVEN_UP)

    while not over.wait(0.2):
        now = time.perf_counter()
        if now - touched > TOUCHED:
            touched = now
            # Gone where somebody took this process for lost: both finish, and one result stays.
            with suppress(OSError):
                os.utime(claim)
        if limits.seconds is not None and now - begun > limits.seconds:
            give_up(State.OUT_OF_TIME, f"it took more than {limits.seconds:g} s")
        if limits.memory is not None and (used := memory()) > limits.memory:
            told = f"its process took {used:.2f} of {limits.memory:g} GiB"
            give_up(State.OUT_OF_MEMORY, told)
        if parent is not None and not parent.is_alive():
            os._exit(_GIVEN_UP)  # whoever asked for the cell is gone


@contextmanager
def _watched(
    directory: StudyDirectory, cell: Cell, claim: Path, limits: LimitSettings
) -> Iterator[None]:
    over = threading.Event()
    given = (directory, cell, claim, limits, over)
    thread = threading.Thread(target=_watch, args=given, name="separatrix-cell", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let the process that began this one end a cell as Ctrl-C would."""
    is_main = threading.current_thread() is threading.main_thread()
    if multiprocessing.parent_process() is None or not is_main:
        yield
        return
    with stopped_by(signal.SIGTERM):
        yield


def memory() -> float:
    """Return the largest memory that this process has had, in GiB."""
    try:  # what the system counts otherwise begins with that of the process which began this one
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="ignore")
        return float(status.partition("VmHWM:")[2].split()[0]) / 2**20
    except (OSError, IndexError, ValueError):
        pass
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / 2**30 if sys.platform == "darwin" else used / 2**20
