"""Compiled programs over any number of rows, in batches of a few sizes."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

_CALLS = 4  # on few rows, that cost no less than one on many of which most are nothing


def in_batches(
    program: Callable[..., Any],
    *columns: np.ndarray,
    sizes: Sequence[int],
    share: float = 0.0,
    own: Callable[[np.ndarray], np.ndarray] = np.array,
) -> tuple[np.ndarray, ...]:
    """Return what a program gives for each row of columns; their number compiles nothing.

    Batches are filled up to one of the `sizes`, in increasing order, with copies of their rows. One
    that would fill less than a `share` of the next size is cut. `own` copies what is given, as
    XLA's own memory may not be written to.
    """
    count, joined = len(columns[0]), None
    for rows in _cut(count, sizes, share):
        some = rows.stop - rows.start
        size = next(s for s in sizes if s >= some)
        given = [np.resize(np.asarray(c[rows], float), (size, *c.shape[1:])) for c in columns]
        results = [own(np.asarray(result)[:some]) for result in program(*given)]
        if some == count:
            return tuple(results)
        if joined is None:
            joined = tuple(np.empty((count, *r.shape[1:]), r.dtype) for r in results)
        for whole, result in zip(joined, results, strict=True):
            whole[rows] = result
    assert joined is not None
    return joined


def up_to(largest: int, *sizes: int) -> list[int]:
    """Return the sizes of batches up to the largest."""
    return sorted({min(size, largest) for size in (*sizes, largest)})


def _cut(count: int, sizes: Sequence[int], share: float) -> Iterator[slice]:
    """Cut rows into parts that fill the sizes, or nearly so."""
    start, fills = 0, False
    while not fills:
        left = count - start
        above = next((size for size in sizes if size >= left), 0)
        below = max((size for size in sizes if size <= left), default=left)
        many = left >= min(share * above, _CALLS * below)
        fills = above > 0 and (many or above == sizes[0])
        yield slice(start, start + (left if fills else below))
        start += below
