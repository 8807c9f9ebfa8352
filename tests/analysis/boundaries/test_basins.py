"""Fractions of sampled states, their intervals, and states that do not settle."""

import jax.numpy as jnp
import numpy as np
import pytest
import systems
from boundary_tools import BISTABLE, EDGES
from scipy.stats import binomtest

import separatrix as sx
from separatrix.analysis.following.end import What
from separatrix.solvers.endings import Ending


def test_fractions_are_those_of_the_sampled_box():
    """Bistable: basins x < 0 and x > 0, so the counts are known exactly."""
    states = systems.box(1, -1, 3, 1000)
    found = sx.basins(BISTABLE, EDGES, states)
    above = int((states > 0).sum())
    assert found.count.tolist() == [1000 - above, above]
    assert found.attractor.tolist() == [0, 2] and found.unsettled == 0
    assert (found.low <= [0.25, 0.75]).all() and (found.high >= [0.25, 0.75]).all()
    assert (found.reached == np.where(states[:, 0] > 0, 2, 0)).all()


@pytest.mark.parametrize("states", [systems.box(1, -1, 3, 37), np.ones((10, 1))])
def test_wilsons_interval_is_scipys(states):
    """Also that of none of ten, whose lower end is 0."""
    found = sx.basins(BISTABLE, EDGES, states, confidence=0.9)
    for k in range(2):
        known = binomtest(int(found.count[k]), len(states)).proportion_ci(0.9, method="wilson")
        assert (found.low[k], found.high[k]) == pytest.approx((known.low, known.high), abs=1e-12)


def nested(z):
    """r' = r (r² − 1) (4 − r²), turning: a cycle of radius 2 around a stable origin."""
    square = z @ z
    return (square - 1) * (4 - square) * z + 5 * jnp.stack([-z[1], z[0]])


UNSETTLED = {  # a system, its points, states, which they reach, and why the first of -1 does not
    "at an unstable point": (
        BISTABLE,
        EDGES,
        [[0.0], [1.0]],
        [-1, 2],
        What.UNSTABLE.describe(0, 1),
    ),
    "not finite": (BISTABLE, EDGES, [[np.nan], [1.0]], [-1, 2], Ending.NOT_FINITE.text),
    "a cycle alone": (
        systems.hopf(2.0, 1.0).system,
        np.zeros((1, 2)),
        np.ones((2, 2)),
        [-1, -1],
        "is stable",
    ),
    "a cycle": (
        sx.Flow(nested, 2),
        np.zeros((1, 2)),
        [[0.5, 0], [0, 1.5]],
        [0, -1],
        What.CURVE.text,
    ),
    "infinity": (systems.ghost(-0.25).system, [[-0.5], [0.5]], [[0.6]], [-1], "infinity"),
}


@pytest.mark.parametrize("name", UNSETTLED)
def test_states_that_do_not_settle_have_reasons(name):
    system, points, states, reached, reason = UNSETTLED[name]
    ends = sx.basins(system, np.array(points), np.array(states))
    assert ends.reached.tolist() == reached and ends.unsettled == reached.count(-1)
    assert reason in ends.reasons[reached.index(-1)]


def test_times_are_in_ms():
    """x' = −x at tau = 20 ms: from 1 to 1e−3 in 20 ln(1000) = 138 ms."""
    system = sx.Flow(lambda x: -x, 1, tau=20.0)
    found = sx.basins(system, np.zeros((1, 1)), np.ones((1, 1)))
    exact = 20 * np.log(1000)
    assert exact <= found.times[0] <= 2 * exact  # seen at the end of a block
    assert found.step == 2.0  # a tenth of the time constant
