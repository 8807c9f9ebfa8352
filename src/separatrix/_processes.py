"""Work in warm processes of this machine, each with its share of the threads."""

import multiprocessing
import os
import queue
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from ._checked import Count, taken
from ._parallel import cores
from ._stopping import HANGUP, stop_if_asked
from ._types import InvalidInputError

_Label = TypeVar("_Label")
Job = tuple[_Label, Callable[..., Any], tuple[Any, ...]]
"""The label of a piece of work, a function, and its arguments."""
_THREADS = ("NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Environment variables that limit the threads of XLA and BLAS."""
_GUARDS = (b"__name__", b"parent_process", b"current_process")
"""Words by which scripts know the process that a user has started."""

_idle: dict[int, list[ProcessPoolExecutor]] = {}
"""Idle pools of one process each, kept for the next call, by the number of their threads."""
_waiting: set[Any] = set()
"""The processes of idle pools."""


def in_processes(
    jobs: Sequence[Job[_Label]],
    workers: int,
    *,
    threads: int | None = None,
    keep_warm: bool = False,
) -> Generator[tuple[_Label, Future[Any]], None, None]:
    """Run jobs in processes of this machine, and yield each with its outcome as it ends.

    Each worker has its pool, so that one which dies takes none of the others with it; another takes
    its place. Ctrl-C ends them. By default they share the cores' threads. With `keep_warm`
    they wait for the next call, which finds everything imported and compiled.

    Raises InvalidInputError in a script that would start its workers again in each of them.
    """
    _check_script()
    left, ended = deque(jobs), queue.Queue[tuple[_Label, Future[Any]]]()
    threads = threads or max(1, cores() // workers)
    others = set(multiprocessing.active_children()) - _waiting

    def work() -> None:
        if HANGUP is not None:  # reaches what starts here, too, which this process ends
            signal.pthread_sigmask(signal.SIG_BLOCK, (HANGUP,))
        pool = _taken(threads)
        while True:
            try:
                label, function, arguments = left.popleft()
            except IndexError:
                break
            try:
                future: Future[Any] = pool.submit(function, *arguments)
            except Exception as error:  # no process can be started
                future = Future()
                future.set_exception(error)
            broken = isinstance(future.exception(), BrokenProcessPool)
            ended.put((label, future))
            if broken:
                pool.shutdown(wait=False)
                pool = _pool()
        if keep_warm:
            _idle.setdefault(threads, []).append(pool)
        else:
            pool.shutdown()

    with _environment(threads):
        runners = [threading.Thread(target=work, daemon=True) for _ in range(workers)]
        for runner in runners:
            runner.start()
        try:
            for _ in range(len(jobs)):
                yield _next(ended)
        except BaseException:
            left.clear()
            for child in set(multiprocessing.active_children()) - others:
                child.terminate()
            raise
        finally:
            for runner in runners:
                runner.join()
            _waiting.clear()
            _waiting.update(set(multiprocessing.active_children()) - others)


def _check_script() -> None:
    """Refuse a script that no worker can run again: one without `if __name__ == "__main__":`."""
    main, again = sys.modules["__main__"], hasattr(multiprocessing.current_process(), "_inheriting")
    script = Path(getattr(main, "__file__", None) or sys.argv[0])
    is_package = getattr(getattr(main, "__spec__", None), "name", "").endswith("__main__")
    with suppress(OSError):  # without a file there is nothing to run again
        again |= not is_package and not any(word in script.read_bytes() for word in _GUARDS)
    if again:
        raise InvalidInputError(
            f'{script.name} lacks `if __name__ == "__main__":` around the call that starts worker '
            "processes. Each of them runs the script again: put below that line what should run "
            "once."
        )


def _next(ended: "queue.Queue[tuple[_Label, Future[Any]]]") -> tuple[_Label, Future[Any]]:
    """Wait for the next job to end, or for a signal to stop this."""
    while True:
        stop_if_asked()
        with suppress(queue.Empty):
            return ended.get(timeout=0.1)


def check_workers(workers: Any) -> int:
    """Return how many processes are to work, one for each core by default."""
    return cores() if workers is None else taken(workers, Count, "workers")


def _taken(threads: int) -> ProcessPoolExecutor:
    """Return a pool that has been waiting and is alive, or else a new one."""
    while waiting := _idle.get(threads):
        with suppress(IndexError, BrokenProcessPool):
            pool = waiting.pop()
            pool.submit(os.getpid).result()
            return pool
    return _pool()


def _pool() -> ProcessPoolExecutor:
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(1, mp_context=context, initializer=_begin)


def _begin() -> None:
    from ._cache import enable_compilation_cache

    # Ctrl-C reaches every process of a terminal; the one that began this one ends it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(InvalidInputError):
        enable_compilation_cache()
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process as soon as the one that began it is gone, killed perhaps."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


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
