"""Newton's method for minima of functions whose minima are known."""

import numpy as np
import pytest

from separatrix.solvers.endings import Ending
from separatrix.solvers.minimize import DampedNewton


def double_well(x):
    x = x[:, 0]
    value = 1.0 + (x**2 - 1) ** 2
    return value, (4 * x * (x**2 - 1))[:, None], (12 * x**2 - 4)[:, None, None]


def kinked(x):
    x = x[:, 0]
    return 1 + np.abs(x) + x**2, (np.sign(x) + 2 * x)[:, None], np.full((len(x), 1, 1), 2.0)


def falling(x):
    value = np.exp(-x[:, 0])
    return value, -value[:, None], value[:, None, None]


ENDINGS = {
    "downhill to a well": (double_well, [-3.0, -0.1, 0.1, 0.4, 3.0], 5 * [Ending.MINIMUM]),
    "a saddle": (double_well, [0.0], [Ending.SADDLE]),
    "a kink of a smooth function": (kinked, [0.3], [Ending.STALLED]),
    "not finite": (double_well, [np.nan, 0.5], [Ending.NOT_FINITE, Ending.MINIMUM]),
}


@pytest.mark.parametrize("name", ENDINGS)
def test_every_way_of_ending(name):
    function, starts, endings = ENDINGS[name]
    minima = DampedNewton().minimize(function, np.array(starts)[:, None])
    assert minima.endings.tolist() == endings
    ended = minima.endings == Ending.MINIMUM
    assert minima.states[ended, 0] == pytest.approx(np.sign(starts)[ended], abs=1e-14)


def test_what_leaves_the_bounds_is_followed_no_further():
    bounds = (np.array([-1.0]), np.array([5.0]))
    minima = DampedNewton().minimize(falling, np.zeros((1, 1)), bounds=bounds)
    assert minima.endings.tolist() == [Ending.RAN_AWAY]
    assert 5.0 < minima.states[0, 0] < 50.0
    # one that begins outside has moved there, too
    kept = DampedNewton().minimize(double_well, np.array([[-3.0], [0.4]]), bounds=bounds)
    assert kept.endings.tolist() == [Ending.RAN_AWAY, Ending.MINIMUM]
