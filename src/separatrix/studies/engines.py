"""Who runs the cells of a study: processes of this machine, or any executor."""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import (
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    as_completed,
)
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from typing import Any

from .._parallel import cores
from .._types import InvalidInputError
from .cell import Cell

Job = tuple[Cell, Callable[..., Any], tuple[Any, ...]]
Ended = tuple[Cell, Future[Any]]
_THREADS = ("NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""By which XLA and BLAS are told how many threads a process may have."""


def in_processes(jobs: Sequence[Job], workers: int) -> Generator[Ended, None, None]:
    """Run jobs in warm processes of this machine, and yield each with its outcome as it ends.

    Each worker has its pool, so that one which dies takes none of the others with it; another takes
    its place. Ctrl-C ends them.
    """
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise InvalidInputError(
            'a script runs a study under `if __name__ == "__main__":`, as each worker reads the '
            "script anew."
        )
    left, ended = deque(jobs), queue.Queue[Ended]()
    threads = max(1, cores() // workers)
    others = set(multiprocessing.active_children())

    def work() -> None:
        pool = _pool()
        while True:
            try:
                cell, function, arguments = left.popleft()
            except IndexError:
                break
            try:
                future: Future[Any] = pool.submit(function, *arguments)
            except Exception as error:  # no process can be started
                future = Future()
                future.set_exception(error)
            broken = isinstance(future.exception(), BrokenProcessPool)
            ended.put((cell, future))
            if broken:
                pool.shutdown(wait=False)
                pool = _pool()
        pool.shutdown()

    with _environment(threads):
        pools = [threading.Thread(target=work, daemon=True) for _ in range(workers)]
        for pool in pools:
            pool.start()
        try:
            for _ in range(len(jobs)):
                yield ended.get()
        except BaseException:
            left.clear()
            for child in set(multiprocessing.active_children()) - others:
                child.terminate()
            raise
        finally:
            for pool in pools:
                pool.join()


def in_this_process(jobs: Sequence[Job]) -> Generator[Ended, None, None]:
    """Run jobs one after the other, and yield each with its outcome as it ends."""
    for cell, function, arguments in jobs:
        future: Future[Any] = Future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:
            future.set_exception(error)
        yield cell, future


def by_executor(jobs: Sequence[Job], executor: Executor) -> Generator[Ended, None, None]:
    """Run jobs by an executor, and yield each with its outcome as it ends."""
    futures = {executor.submit(function, *given): cell for cell, function, given in jobs}
    try:
        for future in as_completed(futures):
            if isinstance(future.exception(), BrokenExecutor):
                raise InvalidInputError(
                    f"the executor has lost its workers ({future.exception()}): call again with a "
                    "new one, and the study goes on."
                )
            yield futures[future], future
    finally:
        for future in futures:
            future.cancel()


def by_dask(jobs: Sequence[Job], address: str) -> Generator[Ended, None, None]:
    """Run jobs by a Dask cluster, and yield each with its outcome as it ends.

    Raises InvalidInputError where no scheduler of the same versions answers.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise InvalidInputError(
            "--scheduler needs Dask: pip install 'separatrix[cluster]'."
        ) from error
    try:
        client = Client(address, timeout=10, set_as_default=False)
        client.get_versions(check=True)
    except (OSError, ValueError) as error:
        raise InvalidInputError(f"no Dask scheduler can be used at {address}: {error}") from error
    with client:
        wrapped = [(cell, _in_worker, (function, *given)) for cell, function, given in jobs]
        yield from by_executor(wrapped, client.get_executor(pure=False))


def _in_worker(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function in a worker of Dask, of which xarray would ask locks to write a file."""
    import dask

    with dask.config.set(scheduler="synchronous"):
        return function(*arguments)


def check_workers(workers: int | None) -> int:
    """Return how many processes are to work; raise InvalidInputError for none."""
    if workers is None:
        return cores()
    if workers < 0:
        raise InvalidInputError(
            f"workers: expected a number of processes, or 0 for this one, got {workers}."
        )
    return workers


def _pool() -> ProcessPoolExecutor:
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(1, mp_context=context, initializer=_begin)


def _begin() -> None:
    from .._cache import enable_compilation_cache

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is told to all: the first process ends us
    with suppress(OSError):
        enable_compilation_cache()


@contextmanager
def _environment(threads: int) -> Iterator[None]:
    """Let the processes that start meanwhile have so many threads."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update({name: str(threads) for name in _THREADS if before[name] is None})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)


def shares(cells: Sequence[Cell], part: tuple[int, int]) -> list[Cell]:
    """Return the cells of part k of n, of which every part has long and short ones."""
    number, of = part
    return list(cells[number - 1 :: of])
