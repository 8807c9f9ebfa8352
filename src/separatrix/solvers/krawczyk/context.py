"""How NumPy is to behave while a proof is worked out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from ..threads import one_blas_thread

_LARGE = 192  # units from which a second BLAS thread is of use


@contextmanager
def quietly(size: int) -> Iterator[None]:
    """Let NaN and infinity pass without a warning, and keep small products on one thread.

    Batches of small matrices wait for BLAS's other threads longer than they compute: on a busy
    machine twenty times longer.
    """
    with np.errstate(all="ignore"):
        if size >= _LARGE:
            yield
            return
        with one_blas_thread():
            yield
