"""Newton's method for one system: where it ends, and how."""

import numpy as np
import pytest

from separatrix.solvers.endings import Ending
from separatrix.solvers.newton import newton

SQUARE = lambda x: (x**2 - 2, np.diag(2 * x))  # noqa: E731
POSITIVE = lambda x: (x**2 + 1, np.diag(2 * x))  # noqa: E731
ENDS = {
    Ending.ZERO: (SQUARE, 1.0, {}),
    Ending.SINGULAR: (POSITIVE, 0.0, {}),
    Ending.MAX_STEPS: (POSITIVE, 0.5, {}),
    Ending.STALLED: (lambda x: (np.arctan(x), np.diag(1 / (1 + x**2))), 3.0, {"growth": 4.0}),
    Ending.NOT_FINITE: (lambda x: (np.sqrt(x - 1), np.diag(0.5 / np.sqrt(x - 1))), 5.0, {}),
}


@pytest.mark.parametrize("ending", ENDS)
def test_every_way_of_ending(ending):
    evaluate, start, options = ENDS[ending]
    with np.errstate(all="ignore"):
        assert newton(evaluate, np.array([start]), **options).ending is ending


def test_steps_are_taken_to_rounding_or_until_their_square_is_below_it():
    exact, short = newton(SQUARE, np.ones(1)), newton(SQUARE, np.ones(1), tolerance=1e-7)
    for root in (exact, short):
        assert abs(root.point[0] - 2**0.5) < 1e-15
    assert exact.length < 1e-14 < short.length < 1e-7


def test_a_normal_keeps_the_point_in_its_plane():
    circle = lambda x: (np.array([x @ x - 1]), 2 * x[None])  # noqa: E731
    start, normal = np.array([0.9, 0.1]), np.array([0.6, 0.8])
    root = newton(circle, start, normal=normal)
    assert root.converged and abs(root.point @ root.point - 1) < 1e-15
    assert abs((root.point - start) @ normal) < 1e-15
