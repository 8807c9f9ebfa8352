"""Who runs the cells of a study, beside processes of this machine: any executor, or Dask."""

from __future__ import annotations

import socket
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, as_completed
from typing import Any

from .._types import InvalidInputError
from .cell import Cell

Job = tuple[Cell, Callable[..., Any], tuple[Any, ...]]
_SECONDS = 10
"""How long a scheduler may take to answer."""
Ended = tuple[Cell, Future[Any]]


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
                    f"the executor has lost its workers ({future.exception()}). Call again with a "
                    "new executor; the study then continues."
                )
            yield futures[future], future
    finally:
        for future in futures:
            future.cancel()


def by_dask(jobs: Sequence[Job], address: str) -> Generator[Ended, None, None]:
    """Run jobs by a Dask cluster, and yield each with its outcome as it ends.

    Raises InvalidInputError where no scheduler of the same versions answers.
    """
    if "://" not in address and ":" not in address:
        raise InvalidInputError(
            f"a scheduler's address is like tcp://HOST:8786, got {address!s:.60}."
        )
    try:
        from distributed import Client
    except ImportError as error:
        raise InvalidInputError(
            "--scheduler needs Dask: pip install 'separatrix[cluster]'."
        ) from error
    try:
        _greeted(address)
        client = Client(address, timeout=_SECONDS, set_as_default=False)
        client.get_versions(check=True)
    except (OSError, ValueError) as error:
        raise InvalidInputError(f"no Dask scheduler can be used at {address}: {error}") from error
    with client:
        wrapped = [(cell, _in_worker, (function, *given)) for cell, function, given in jobs]
        yield from by_executor(wrapped, client.get_executor(pure=False))


def _greeted(address: str) -> None:
    """Raise OSError where nothing greets who connects, for which Dask would wait for ever."""
    from distributed.comm import get_address_host_port

    if address.partition("://")[0] in ("tls", "ws", "wss"):  # there the client speaks first
        return
    with socket.create_connection(get_address_host_port(address), _SECONDS) as connection:
        if not connection.recv(1):
            raise ConnectionError("it closes the connection.")


def _in_worker(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function in a worker of Dask, of which xarray would ask locks to write a file."""
    import dask

    with dask.config.set(scheduler="synchronous"):
        return function(*arguments)
