"""BLAS threads cost more than they give on many small matrices."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController


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
