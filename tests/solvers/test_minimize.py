import numpy as np
import pytest

from separatrix.solvers.endings import Ending
from separatrix.solvers.minimize import DampedNewton


def rosenbrock(x):
    a, b = x[:, 0], x[:, 1]
    value = (1 - a) ** 2 + 100 * (b - a**2) ** 2
    gradient = np.stack([-2 * (1 - a) - 400 * a * (b - a**2), 200 * (b - a**2)], 1)
    off = -400 * a
    hessian = np.stack(
        [np.stack([2 - 400 * (b - 3 * a**2), off], 1), np.stack([off, 200 + 0 * a], 1)], 1
    )
    return value + 1.0, gradient, hessian


def double_well(x):
    x = x[:, 0]
    value = 1.0 + (x**2 - 1) ** 2
    return value, (4 * x * (x**2 - 1))[:, None], (12 * x**2 - 4)[:, None, None]


def test_minima_are_known_to_rounding_though_the_value_is_not_zero():
    starts = np.random.default_rng(0).uniform(-2, 2, (50, 2))
    minima = DampedNewton().minimize(rosenbrock, starts)
    assert (minima.endings == Ending.MINIMUM).all()
    assert np.abs(minima.states - 1).max() < 1e-12
    assert minima.steps.max() < 1e-12


def test_each_start_goes_downhill_to_a_well():
    minima = DampedNewton().minimize(double_well, np.array([[-3.0], [-0.1], [0.1], [0.4], [3.0]]))
    assert (minima.endings == Ending.MINIMUM).all()
    assert minima.states[:, 0] == pytest.approx([-1, -1, 1, 1, 1], abs=1e-14)


def test_a_saddle_is_not_a_minimum():
    minima = DampedNewton().minimize(double_well, np.zeros((1, 1)))
    assert not (minima.endings == Ending.MINIMUM).any()
    assert not (
        minima.endings == Ending.STALLED
    ).any()  # which is at a kink, where there is a gradient


def test_a_kink_is_not_a_minimum_of_a_smooth_function():
    def kinked(x):
        x = x[:, 0]
        return 1 + np.abs(x) + x**2, (np.sign(x) + 2 * x)[:, None], np.full((len(x), 1, 1), 2.0)

    minima = DampedNewton().minimize(kinked, np.array([[0.3]]))
    assert (minima.endings == Ending.STALLED).all()


def test_what_is_not_finite_does_not_disturb_the_others():
    minima = DampedNewton().minimize(double_well, np.array([[np.nan], [0.5]]))
    assert (minima.endings == Ending.MINIMUM).tolist() == [False, True]


def test_too_few_steps_are_no_convergence():
    minima = DampedNewton(max_steps=2).minimize(rosenbrock, np.array([[-1.2, 1.0]]))
    assert not (minima.endings == Ending.MINIMUM).any()


def test_what_leaves_the_bounds_is_followed_no_further():
    def falling(x):
        value = np.exp(-x[:, 0])
        return value, -value[:, None], value[:, None, None]

    bounds = (np.array([-1.0]), np.array([5.0]))
    minima = DampedNewton().minimize(falling, np.zeros((1, 1)), bounds=bounds)
    assert (minima.endings == Ending.RAN_AWAY).all()
    assert 5.0 < minima.states[0, 0] < 50.0
    kept = DampedNewton().minimize(double_well, np.array([[-3.0], [0.4]]), bounds=bounds)
    assert (kept.endings == Ending.RAN_AWAY).tolist() == [
        True,
        False,
    ]  # one begins outside, at which it has moved
    assert (kept.endings == Ending.MINIMUM).tolist() == [False, True]
