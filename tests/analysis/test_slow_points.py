"""Where candidates end that the residual led to no zero: slow points, zeros after all, nowhere."""

import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx
from separatrix.analysis.fixed_points.evaluator import Evaluator
from separatrix.analysis.fixed_points.root_finding import Known, RootFinder
from separatrix.analysis.fixed_points.slow_points import SpeedDescent
from separatrix.solvers.endings import Ending
from separatrix.solvers.levenberg_marquardt import LevenbergMarquardt
from separatrix.solvers.zero_test import ZeroTest


def caught(velocity, where):
    """A map whose residual has a minimum of its own at a state."""

    def residual(x):
        return velocity(x) * (1 - 0.999 * jnp.exp(-4 * jnp.sum((x - jnp.asarray(where)) ** 2)))

    return sx.DiscreteMap(lambda x: x + 0.1 * velocity(x), len(where), residual=residual)


@pytest.mark.parametrize(("steepness", "slow_points"), [(3.0, False), (30.0, True), (100.0, True)])
def test_a_zero_beyond_a_minimum_of_the_residual_and_a_long_curved_valley_is_reached(
    steepness, slow_points
):
    def velocity(x):
        return jnp.stack([steepness * (x[1] - x[0] ** 2), 1 - x[0]])

    begin = np.array([-3.0, 9.0])
    points = sx.find_fixed_points(
        caught(velocity, begin), begin + np.array([[0.05, 0.02]]), slow_points=slow_points
    )
    assert points.outcomes.tolist() == ["fixed"]
    assert points.states == pytest.approx(np.ones((1, 2)), abs=1e-10)
    assert points.certified.all()


def test_where_some_are_led_past_a_minimum_of_the_residual_all_are():
    def velocity(x):
        return jnp.stack([3 * (x[1] - x[0] ** 2), 1 - x[0]])

    begin = np.array([-3.0, 9.0])
    starts = begin + np.random.default_rng(0).uniform(-0.1, 0.1, (70, 2))
    points = sx.find_fixed_points(caught(velocity, begin), starts, slow_points=False)
    assert points.outcomes.tolist() == ["fixed"] * 70


def test_where_few_tell_that_none_is_led_to_a_zero_no_other_is_tried(monkeypatch):
    def velocity(x):
        return jnp.stack([3 * (x[1] - x[0] ** 2), 1 - x[0], 0.1 + x[2] ** 2])

    begin, asked = np.array([-3.0, 9.0, 0.5]), []
    descend = SpeedDescent.minimize
    monkeypatch.setattr(
        SpeedDescent,
        "minimize",
        lambda self, starts, *rest: (asked.append(len(starts)), descend(self, starts, *rest))[1],
    )
    starts = begin + np.random.default_rng(0).uniform(-0.1, 0.1, (200, 3))
    points = sx.find_fixed_points(caught(velocity, begin), starts, slow_points=False)
    assert points.outcomes.tolist() == ["rejected"] * 200
    assert max(asked) == 64


def test_a_slow_point_beyond_a_minimum_of_the_residual_is_reached():
    def velocity(x):
        return jnp.stack([x[1] - x[0] ** 2, 1 - x[0], 0.1 + x[2] ** 2])

    begin = np.array([-1.0, 1.0, 0.3])
    points = sx.find_fixed_points(caught(velocity, begin), begin + np.array([[0.05, 0.02, 0.0]]))
    assert points.outcomes.tolist() == ["slow"]
    assert points.states == pytest.approx(np.array([[1.0, 1.0, 0.0]]), abs=1e-8)
    assert points.speed == pytest.approx([0.01])


def test_a_speed_that_falls_for_ever_outside_the_domain_is_told_so():
    def step(h):
        return h + jnp.exp(-jnp.square(h))

    def residual(h):
        return 1 + jnp.square(h - 0.3)

    system = sx.DiscreteMap(step, 1, residual=residual, domain=(-1.0, 1.0))
    points = sx.find_fixed_points(system, np.array([[0.5], [0.9]]))
    assert points.outcomes.tolist() == ["rejected", "rejected"]
    assert all("outside the domain" in reason for reason in points.outcome_reasons)


def test_states_that_are_the_same_descend_as_one(monkeypatch):
    system = sx.DiscreteMap(lambda x: x + 0.1 + jnp.square(x - 0.2), 3)
    evaluator = Evaluator(system)
    rows = []
    derivatives = evaluator.speed_derivatives
    monkeypatch.setattr(
        evaluator, "speed_derivatives", lambda x: (rows.append(len(x)), derivatives(x))[1]
    )
    starts = np.array([[0.5, 0.4, 0.3], [0.1, 0.0, 0.3]])
    zero_test = ZeroTest(system.residual, 3, starts)
    descent = SpeedDescent(RootFinder(evaluator, LevenbergMarquardt(), zero_test))
    alone, known = descent.minimize(starts, Known.nothing(3))
    single = sum(rows)
    rows.clear()
    together, _ = descent.minimize(starts[[1, 0, 1, 1, 0]], known)
    assert sum(rows) == single
    np.testing.assert_array_equal(together.states, alone.states[[1, 0, 1, 1, 0]])
    assert (together.endings == Ending.MINIMUM).all()
    assert together.states == pytest.approx(np.full((5, 3), 0.2), abs=1e-9)


def test_the_largest_of_numbers_may_bound_a_domain():
    largest = np.finfo(float).max
    pull = sx.Flow(lambda x: jnp.tanh(x - 0.5) - x, 1, domain=(-largest, largest))
    points = sx.find_fixed_points(pull, np.ones((1, 1)))  # of overflow nothing is heard
    assert len(points.fixed) == 1
