"""Where candidates end that the residual led to no zero: slow points, zeros after all, nowhere."""

from unittest.mock import Mock

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


def valley(steepness, drift=None):
    """A long curved valley that leads to (1, 1), where a third unit may drift on."""

    def velocity(x):
        bent = jnp.stack([steepness * (x[1] - x[0] ** 2), 1 - x[0]])
        return bent if drift is None else jnp.append(bent, drift + x[2] ** 2)

    return velocity


def around(state, count):
    """States within 0.1 of one."""
    return state + np.random.default_rng(0).uniform(-0.1, 0.1, (count, len(state)))


BEGIN = np.array([-3.0, 9.0])


@pytest.mark.parametrize(
    ("steepness", "count", "slow_points"),
    [(3.0, 1, False), (30.0, 1, True), (100.0, 1, True), (3.0, 70, False)],
)
def test_a_zero_beyond_a_minimum_of_the_residual_and_a_long_curved_valley_is_reached(
    steepness, count, slow_points
):
    system = caught(valley(steepness), BEGIN)
    points = sx.find_fixed_points(system, around(BEGIN, count), slow_points=slow_points)
    assert points.outcomes.tolist() == ["fixed"] * count
    assert points.states == pytest.approx(np.ones((1, 2)), abs=1e-10)
    assert points.certified.all()


def test_where_few_tell_that_none_is_led_to_a_zero_no_other_is_tried(monkeypatch):
    asked, descend = [], SpeedDescent.minimize

    def minimize(self, starts, *rest):
        asked.append(len(starts))
        return descend(self, starts, *rest)

    monkeypatch.setattr(SpeedDescent, "minimize", minimize)
    begin = np.append(BEGIN, 0.5)
    system = caught(valley(3, drift=0.1), begin)
    points = sx.find_fixed_points(system, around(begin, 200), slow_points=False)
    assert points.outcomes.tolist() == ["rejected"] * 200
    assert max(asked) == 64


def test_a_slow_point_beyond_a_minimum_of_the_residual_is_reached():
    begin = np.array([-1.0, 1.0, 0.3])
    system = caught(valley(1, drift=0.1), begin)
    points = sx.find_fixed_points(system, begin + np.array([[0.05, 0.02, 0.0]]))
    assert points.outcomes.tolist() == ["slow"]
    assert points.states == pytest.approx(np.array([[1.0, 1.0, 0.0]]), abs=1e-8)
    assert points.speed == pytest.approx([0.01])


def test_a_zero_of_the_residual_attracts_nothing_that_a_slow_point_is_about_to_hold():
    """A gate makes the velocity slow at (−1, 1), far from the zero at (1, 1)."""

    def residual(x):
        hole = 1 - 0.999 * jnp.exp(-4 * jnp.sum((x - BEGIN) ** 2))
        return valley(10.0)(x) * hole

    def velocity(x):
        return valley(10.0)(x) * jnp.stack([1.0, 0.01 + (x[0] + 1) ** 2])

    system = sx.DiscreteMap(lambda x: x + 0.1 * velocity(x), 2, residual=residual)
    points = sx.find_fixed_points(system, around(BEGIN, 4), completeness=False)
    assert points.outcomes.tolist() == ["slow"] * 4
    assert points.states == pytest.approx(np.array([[-1.0, 1.0]]), abs=0.01)


def test_slow_points_are_told_beside_the_speed_of_the_candidates():
    """The speed is least at −2, where nearly all candidates are, and at 2, where others move."""

    def field(x):
        return 1.05 - jnp.exp(-((x + 2) ** 2)) - 0.3 * jnp.exp(-((x - 2) ** 2))

    starts = np.concatenate([np.linspace(-3, -1, 95), np.linspace(1.9, 2.1, 5)])
    points = sx.find_fixed_points(sx.Flow(field, size=1), starts[:, None])
    speeds = np.asarray(field(starts))
    assert points.typical_speed == pytest.approx(np.median(speeds[speeds > speeds.max() / 100]))
    assert points.states == pytest.approx(np.array([[-2.0], [2.0]]), abs=1e-5)
    shares = [f"{100 * speed / points.typical_speed:.2g} %" for speed in points.speed]
    assert points._table()["of typical"] == shares
    assert float(shares[1][:-2]) > 100


def test_a_speed_that_falls_for_ever_outside_the_domain_is_told_so():
    step, residual = lambda h: h + jnp.exp(-(h**2)), lambda h: 1 + (h - 0.3) ** 2
    system = sx.DiscreteMap(step, 1, residual=residual, domain=(-1.0, 1.0))
    points = sx.find_fixed_points(system, np.array([[0.5], [0.9]]))
    assert points.outcomes.tolist() == ["rejected", "rejected"]
    assert set(points.outcome_reasons) == {Ending.ESCAPED.text}


def test_states_that_are_the_same_descend_as_one(monkeypatch):
    system = sx.DiscreteMap(lambda x: x + 0.1 + jnp.square(x - 0.2), 3)
    evaluator = Evaluator(system)
    derivatives = Mock(side_effect=evaluator.speed_derivatives)
    monkeypatch.setattr(evaluator, "speed_derivatives", derivatives)
    starts = np.array([[0.5, 0.4, 0.3], [0.1, 0.0, 0.3]])
    zero_test = ZeroTest(system.residual, 3, starts)
    descent = SpeedDescent(RootFinder(evaluator, LevenbergMarquardt(), zero_test))
    alone, known = descent.minimize(starts, Known.nothing(3))
    single = [len(call.args[0]) for call in derivatives.call_args_list]
    together, _ = descent.minimize(starts[[1, 0, 1, 1, 0]], known)
    every = [len(call.args[0]) for call in derivatives.call_args_list]
    assert sum(every) == 2 * sum(single)
    np.testing.assert_array_equal(together.states, alone.states[[1, 0, 1, 1, 0]])
    assert (together.endings == Ending.MINIMUM).all()
    assert together.states == pytest.approx(np.full((5, 3), 0.2), abs=1e-9)


def test_the_largest_of_numbers_may_bound_a_domain():
    largest = np.finfo(float).max
    pull = sx.Flow(lambda x: jnp.tanh(x - 0.5) - x, 1, domain=(-largest, largest))
    points = sx.find_fixed_points(pull, np.ones((1, 1)))  # of overflow nothing is heard
    assert len(points.fixed) == 1
