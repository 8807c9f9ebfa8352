import importlib.util
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

import separatrix as sx
from separatrix.analysis.verdicts.words import finding

SOURCE = Path(__file__).parents[2] / "benchmarks" / "planted.py"
SPEC = importlib.util.spec_from_file_location("planted", SOURCE)
planted = sys.modules["planted"] = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(planted)
HELD = {"plane": "surface", "discrete": "points", "one point": "point"}

W = np.array([[0.0, -1.0], [-1.0, 0.0]])
STARTS = np.random.default_rng(0).uniform(0, 1, (60, 2))
AXIS = np.array([1.0, -1.0])


def pair(gain=1.0):
    """Two units that inhibit each other: a line for a gain of 1, and a leak below."""
    return sx.Flow(lambda r: -r + jax.nn.relu(gain * W @ r + 1.0), size=2, tau=10.0)


@pytest.mark.parametrize("answer", planted.CLASSES)
def test_what_was_planted_is_found(answer):
    one = planted.plant(answer, seed=0)
    found = sx.verdict(one.system, one.states, duration=one.duration, axis=one.axis)
    assert found.held == HELD.get(one.name, HELD.get(answer, answer))
    assert found.is_held_by(found.held) in ("yes", "approximately")
    assert found.is_held_by("cycle" if answer != "cycle" else "line") == "no"


def test_a_leak_ends_a_line_after_a_while():
    held = [sx.verdict(pair(0.99), STARTS, duration=t, axis=AXIS) for t in (50.0, 300.0, 20_000.0)]
    assert [v.held for v in held] == ["line", "slow path", "point"]
    assert held[1].spread_kept == pytest.approx(np.exp(-0.3), rel=0.02)
    assert held[1].keeps_differences
    assert not held[2].keeps_differences
    assert held[0].answer == "yes"
    assert held[1].holds_for == pytest.approx(-1000.0 * np.log(0.85), rel=0.1)
    assert held[1].growth == pytest.approx(np.exp(-0.3), rel=0.02)


def test_the_line_of_an_exact_pair():
    found = sx.verdict(pair(), STARTS, duration=200.0, axis=AXIS, axis_name="the difference")
    assert (found.held, found.answer) == ("line", "yes")
    assert found.still < 1e-6
    assert found.order == pytest.approx(1.0)
    assert abs(found.direction @ AXIS) == pytest.approx(np.sqrt(2), rel=1e-3)
    assert "Differences between states along the difference" in found.summary()


@pytest.mark.parametrize("slow", [0.5, 0.66, 1.0, 3.0])
def test_states_that_are_still_on_their_way_to_one_point_are_not_at_several(slow):
    """A node whose slow mode decays within about the duration."""
    node = sx.Flow(lambda x: -x * np.array([1.0, 20.0]), size=2, tau=slow * 2000.0)
    starts = np.random.default_rng(0).uniform(-1, 1, (100, 2))
    found = sx.verdict(node, starts, duration=2000.0)
    assert found.held in ("point", "slow path")


def test_other_analyses_are_compared():
    bistable = sx.Flow(lambda x: x - x**3, size=1, tau=10.0)
    starts = np.linspace(-1.5, 1.5, 40)[:, None]
    points = sx.find_fixed_points(bistable, starts)
    found = sx.verdict(bistable, starts, duration=200.0, points=points)
    assert (found.held, found.places) == ("points", 2)
    assert dict(zip(found.checks.tolist(), found.agreement.tolist(), strict=True)) == {
        "continuous_attractor": "agrees",
        "find_fixed_points": "agrees",
    }
    saddle = points.filter(points.stability != "stable")
    without = sx.verdict(bistable, starts, duration=200.0, points=saddle)
    assert without.disagreeing == ("find_fixed_points",)
    assert without.summary().endswith("But find_fixed_points says otherwise.")


def test_a_slow_curve_is_compared():
    curve = sx.slow_curve(pair(), AXIS, np.linspace(-0.9, 0.9, 7), STARTS)
    found = sx.verdict(pair(), STARTS, duration=200.0, curve=curve)
    assert dict(zip(found.checks, found.agreement, strict=True))["slow_curve"] == "agrees"
    leaking = sx.verdict(pair(0.9), STARTS, duration=100.0, curve=curve)
    assert leaking.held == "slow path"
    assert "slow_curve" in leaking.disagreeing


def test_a_cycle_of_two_steps_keeps_differences_while_it_changes_sides():
    swap = sx.DiscreteMap(lambda x: np.array([-1.0, 0.1]) * x, size=2, dt=10.0)
    found = sx.verdict(swap, STARTS, duration=200.0, axis=np.array([1.0, 0.0]))
    assert found.held == "cycle"
    assert found.keeps_differences
    assert "is kept on a moving path" in found.summary()


def test_states_that_leave_for_infinity_are_unknown():
    away = sx.Flow(lambda x: x**3, size=1, tau=1.0)
    found = sx.verdict(away, np.linspace(1, 2, 10)[:, None], duration=100.0)
    assert (found.held, found.doubt) == ("unknown", "few states")
    assert "stayed finite" in finding(found)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"states": np.zeros((9, 3))}, "states must have shape"),
        ({"states": np.zeros((2, 2))}, "2 finite states do not show"),
        ({"duration": 0.0}, "duration"),
        ({"duration": 1e9}, "longer than max_steps"),
        ({"axis": np.ones(3)}, "axis must have shape"),
        ({"axis": np.zeros(2)}, "names no direction"),
    ],
)
def test_what_is_not_of_the_system_is_refused(change, message):
    given = {"states": STARTS, "duration": 100.0, "axis": AXIS} | change
    with pytest.raises(sx.InvalidInputError, match=message):
        sx.verdict(pair(), given.pop("states"), **given)


def test_a_claim_that_is_none_is_refused():
    found = sx.verdict(pair(), STARTS, duration=100.0)
    with pytest.raises(sx.InvalidInputError, match="expected one of line, ring"):
        found.is_held_by("plane")
