"""The chord method keeps the zeros that it can tell apart."""

import numpy as np
import pytest

from separatrix.solvers.chord import ChordZeros


@pytest.mark.parametrize(("gap", "count"), [(1e-3, 1), (1e-6, 0), (1e-7, 0)])
def test_zeros_that_rounding_does_not_tell_apart_are_not_kept(gap, count):
    """x (x − gap) has the slope −gap at 0: a residual of 1e-14 hides steps of 1e-14 / gap."""
    slope = lambda x: (2 * x - gap)[:, :, None]  # noqa: E731
    start = np.zeros((1, 1))
    zeros = ChordZeros(1).with_zeros(start, np.zeros(1), slope(start), np.array([1e-14]), slope)
    assert len(zeros.states) == count
