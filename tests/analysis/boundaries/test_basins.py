"""Fractions of sampled states, their intervals, and states that do not settle."""

import jax.numpy as jnp
import numpy as np
import pytest
import systems
from boundary_tools import BISTABLE, EDGES
from scipy.stats import binomtest

import separatrix as sx
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


def test_states_that_do_not_settle_have_reasons():
    rest = sx.basins(BISTABLE, EDGES, np.array([[0.0], [np.nan], [1.0]]))
    assert rest.reached.tolist() == [-1, -1, 2] and rest.unsettled == 2
    assert rest.reasons[0] == Ending.AT_NO_ATTRACTOR.describe(1)
    assert rest.reasons[1] == Ending.NOT_FINITE.text
    cycle = sx.basins(systems.hopf(2.0, 1.0).system, np.zeros((1, 2)), np.ones((2, 2)))
    assert cycle.unsettled == 2 and all("is stable" in reason for reason in cycle.reasons)

    # r' = r (r² − 1) (4 − r²), turning: a cycle of radius 2 around a stable origin
    def turning(z):
        square = z @ z
        return (square - 1) * (4 - square) * z + 5 * jnp.stack([-z[1], z[0]])

    starts = np.array([[0.5, 0], [0, 1.5]])
    ends = sx.basins(sx.Flow(turning, 2), np.zeros((1, 2)), starts)
    assert ends.reached.tolist() == [0, -1] and "still moving" in ends.reasons[1]
    lost = sx.basins(systems.ghost(-0.25).system, np.array([[-0.5], [0.5]]), np.array([[0.6]]))
    assert "infinity" in lost.reasons[0]


def test_times_are_in_ms():
    """x' = −x at tau = 20 ms: from 1 to 1e−3 in 20 ln(1000) = 138 ms."""
    system = sx.Flow(lambda x: -x, 1, tau=20.0)
    found = sx.basins(system, np.zeros((1, 1)), np.ones((1, 1)))
    exact = 20 * np.log(1000)
    assert exact <= found.times[0] <= 2 * exact  # seen at the end of a block
    assert found.step == 2.0  # a tenth of the time constant
