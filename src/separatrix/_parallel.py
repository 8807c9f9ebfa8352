"""Work in parts, one on every core, BLAS on one thread, and what is free given back."""

import ctypes
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import copy_context
from functools import cache
from typing import Any, TypeVar

from threadpoolctl import ThreadpoolController

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_thread = threading.local()  # whether this one is at work on a part already


def cores() -> int:
    """Return how many threads are at work: one for each core that the process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(cores(), thread_name_prefix="separatrix")


def on_every_core(function: Callable[[_Item], _Result], items: Sequence[_Item]) -> list[_Result]:
    """Apply a function to each item, on this thread and others; what one of them calls stays there.

    This one takes part, as waiting for another to wake up takes as long as a small part.
    """
    if len(items) < 2 or getattr(_thread, "is_busy", False):
        return [function(item) for item in items]
    results: list[Any] = [None] * len(items)
    numbers = iter(range(len(items)))  # whose turns threads take without a lock

    def work() -> None:
        _thread.is_busy = True
        try:
            for number in numbers:
                results[number] = function(items[number])
        except BaseException:
            deque(numbers, maxlen=0)  # the others need not go on
            raise
        finally:
            _thread.is_busy = False

    others = [
        _pool().submit(copy_context().run, work)  # loops ask the watch of the analysis at work
        for _ in range(min(cores(), len(items)) - 1)
    ]
    try:
        work()
    finally:
        for other in others:
            if not other.cancel():  # one that has not begun finds nothing left to do
                other.result()
    return results


def chunks(count: int, room: int) -> Iterator[slice]:
    """Cut `count` items into parts, of which there is room for one at a time.

    Examples
    --------
    >>> list(chunks(5, room=2))
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    return (slice(first, min(first + room, count)) for first in range(0, count, room))


def give_memory_back() -> None:
    """Let the system have what is free in this process; glibc would keep most of it."""
    with suppress(AttributeError, OSError, TypeError):  # there is another library
        ctypes.CDLL(None).malloc_trim(0)


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep BLAS from splitting small products over threads.

    OpenBLAS shares out products of a few thousand by 64 to threads that spin while they wait: ten
    times slower than one thread as soon as anything else runs on the machine.
    """
    with _controller().limit(limits=1, user_api="blas"):
        yield


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()
