"""The loop over many candidates: how many have room at a time changes nothing."""

import numpy as np
import pytest

from separatrix.solvers.endings import Ending
from separatrix.solvers.levenberg_marquardt import Equations, LevenbergMarquardt

STARTS = np.random.default_rng(0).uniform(-2, 2, (40, 3))
STARTS[[0, 7]] = np.nan


def solve(room, **options):
    """Solve x³ = x from every start; the zeros are −1, 0 and 1."""
    cubes = Equations(
        lambda x: (x**3 - x, (3 * x**2 - 1)[:, :, None] * np.eye(3)),
        lambda x, r, J: np.abs(r).max(1) < 1e-15,
        room,
        lambda x: x**3 - x,
    )
    return LevenbergMarquardt(**options).solve(cubes, STARTS)


@pytest.mark.parametrize("room", [1, 3, 39])
def test_every_start_ends_once_and_where_it_ends_alone(room):
    few, all_at_once = solve(room), solve(1000)
    np.testing.assert_array_equal(few.endings, all_at_once.endings)
    np.testing.assert_allclose(few.states, all_at_once.states, rtol=1e-14, atol=1e-14)
    np.testing.assert_array_equal(few.counts, all_at_once.counts)
    zeros = few.states[few.endings == Ending.ZERO]
    assert len(zeros) > 20 and np.abs(zeros - zeros.round()).max() < 1e-14
    assert np.flatnonzero(few.endings == Ending.NOT_FINITE).tolist() == [0, 7]


def test_steps_are_bounded():
    assert np.isin(solve(5, max_steps=2).endings, (Ending.MAX_STEPS, Ending.NOT_FINITE)).all()
