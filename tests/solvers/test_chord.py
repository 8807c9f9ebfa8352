"""The chord method, on functions whose zeros and contraction rates are known."""

import numpy as np
import pytest

from separatrix.solvers.chord import ChordZeros
from separatrix.solvers.endings import Ending
from separatrix.solvers.iterate import Solution

MATRIX = np.array([[2.0, 1.0], [0.0, 3.0]])
ZERO = np.array([0.5, -1.0])


def curved(x):
    """A(x − z) + 0.1 (x − z)²: beside z its nearest zeros are more than 10 away."""
    return (x - ZERO) @ MATRIX.T + 0.1 * (x - ZERO) ** 2


def slopes(x):
    return MATRIX + 0.2 * (x - ZERO)[:, :, None] * np.eye(2)


def known():
    step, level = np.array([1e-15]), np.array([1e-14])
    return ChordZeros(2).with_zeros(ZERO[None], step, MATRIX[None], level, slopes)


def refine(zeros, function, starts):
    return zeros.refine(function, Solution.unmoved(starts), Ending.ZERO)


@pytest.mark.parametrize("start", [[40.0, 0.0], [10.5, -31.0], [np.nan, 0.0]])
def test_where_the_method_does_not_contract_states_stay(start):
    """The second start is another zero, where the residual is at rounding level at once."""
    starts = np.array([start])
    result = refine(known(), curved, starts)
    assert not (result.endings == Ending.ZERO).any()
    assert np.array_equal(result.states, starts, equal_nan=True)


@pytest.mark.parametrize(("gap", "count"), [(1e-3, 1), (1e-6, 0), (1e-7, 0)])
def test_zeros_that_rounding_does_not_tell_apart_are_not_kept(gap, count):
    """x (x − gap) has the slope −gap at 0: a residual of 1e-14 hides steps of 1e-14 / gap."""
    slope = lambda x: (2 * x - gap)[:, :, None]  # noqa: E731
    start = np.zeros((1, 1))
    zeros = ChordZeros(1).with_zeros(start, np.zeros(1), slope(start), np.array([1e-14]), slope)
    assert len(zeros.states) == count
    result = refine(zeros, lambda x: x * (x - gap), np.array([[gap], [gap / 2]]))
    assert not (result.endings == Ending.ZERO).any()


def test_a_state_goes_to_the_nearest_of_two_zeros():
    slope = lambda x: 2 * x[:, :, None]  # noqa: E731
    two = np.array([[1.0], [-1.0]])
    zeros = ChordZeros(1).with_zeros(two, np.zeros(2), slope(two), np.full(2, 1e-15), slope)
    result = refine(zeros, lambda x: x**2 - 1, np.array([[1.05], [-1.05], [0.9]]))
    assert (result.endings == Ending.ZERO).all()
    assert result.states[:, 0].tolist() == [1, -1, 1]
