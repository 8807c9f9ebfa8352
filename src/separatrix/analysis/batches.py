"""Many states, a batch at a time."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float


def in_batches(
    states: Float[np.ndarray, "state unit"], largest: int
) -> Iterator[tuple[slice, Float[np.ndarray, "row unit"]]]:
    """Cut states into batches of a few sizes, filled up with zeros, and say which rows they are.

    So their number compiles nothing.
    """
    sizes = sorted({min(size, largest) for size in (16, 128, largest)})
    start = 0
    while start < len(states):
        size = next(s for s in sizes if s >= min(len(states) - start, largest))
        part = states[start : start + size]
        padded = np.zeros((size, states.shape[1]))
        padded[: len(part)] = part
        yield slice(start, start + len(part)), padded
        start += len(part)
