"""Cycles at their birth: what the normal form tells, against the cycle itself."""

import functools

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq

import separatrix as sx

# the parameter is an input, so that no value of it causes a compilation


def circling(x, a):
    return a[0] * jnp.tanh(x) - x + jnp.tanh(x)[::-1] * jnp.array([-1.0, 1.0])


def firing(x, current):
    v, w = x
    return jnp.stack([v - v**3 / 3 - w + current[0], (v + 0.7 - 0.8 * w) / 12.5])


def rotating(x, a):
    return jnp.tanh(a[0] * x + 0.6 * x[::-1] * jnp.array([-1.0, 1.0]))


def self_exciting(x, w):
    return jnp.tanh(w[0] * x)


def hopf(a):
    return sx.Flow(circling, 2, tau=10.0, input=np.array([a]))


def fitzhugh_nagumo(current):
    return sx.Flow(firing, 2, input=np.array([current]))


def turning(a):
    return sx.DiscreteMap(rotating, 2, input=np.array([a]))


def unit(w):
    return sx.DiscreteMap(self_exciting, 1, dt=5.0, input=np.array([w]))


@functools.cache
def branches_of(system_of, start, parameter):
    return sx.continue_fixed_points(
        system_of, np.array(start), parameter, name="p", disconnected=None
    )


HOPF = (hopf, (0.0, 0.0), (0.5, 1.5))
FITZHUGH = (fitzhugh_nagumo, (-1.2, -0.6), (0.0, 2.0))
TURNING = (turning, (0.0, 0.0), (0.0, 1.0))
UNIT = (unit, (0.0,), (0.0, -2.0))


def test_the_cycle_of_the_hopf_system():
    """Averaging: r = 2 √(a − 1) at first, with an error of the third order in r."""
    branches = branches_of(*HOPF)
    errors = []
    for a in (1.02, 1.005):
        start = branches.emerging_cycle(0, a)
        np.testing.assert_allclose(np.abs(start.mode), 2 * np.sqrt(a - 1), rtol=1e-9)
        assert (start.born_at, start.criticality) == ("Hopf", "supercritical")
        cycles = sx.find_cycles(hopf(a), start)
        assert cycles.stability.tolist() == ["stable"]
        errors.append(np.abs(cycles.amplitude[0] - start.amplitude).max())
        assert cycles.period[0] == pytest.approx(start.period, rel=0.2 * (a - 1))
    assert 6 < errors[0] / errors[1] < 10  # 4^(3/2)


def test_the_unstable_cycle_of_fitzhugh_nagumo_is_found_from_its_hopf_point():
    branches, special = branches_of(*FITZHUGH), 0
    there = branches.special_parameters[special]
    inward = -1.0  # the cycle is on the side where the point is stable
    errors, swings = [], []
    for distance in (2e-3, 5e-4):
        start = branches.emerging_cycle(special, there + inward * distance)
        cycles = sx.find_cycles(fitzhugh_nagumo(start.parameter), start)
        assert cycles.stability.tolist() == ["unstable"]
        errors.append(abs(cycles.period[0] - start.period))
        swings.append(cycles.amplitude[0, 0])
    assert 12 < errors[0] / errors[1] < 24  # of the fourth order in r: of the second in δ
    assert swings[0] / swings[1] == pytest.approx(2.0, rel=0.1)  # √δ
    with pytest.raises(sx.InvalidInputError, match=r"exists .* that value"):
        branches.emerging_cycle(special, there - inward * 1e-3)


def test_the_closed_curve_of_a_map():
    """Against what the map itself does: mean radius and turns a step."""
    branches = branches_of(*TURNING)
    start = branches.emerging_cycle(0, 0.805)
    W = np.array([[0.805, -0.6], [0.6, 0.805]])
    states = [start.orbit(1)[0]]
    for _ in range(2000):
        states.append(np.tanh(W @ states[-1]))
    z = np.array(states[500:]) @ [1, 1j]
    assert np.abs(z).mean() == pytest.approx(np.abs(start.mode).mean(), rel=0.01)
    turns = np.angle(z[1:] / z[:-1]).mean() / (2 * np.pi)
    assert turns == pytest.approx(start.rotation, abs=5e-6)
    assert abs(turns - np.arctan2(0.6, 0.8) / (2 * np.pi)) > 3e-4  # κ and c are needed for it
    assert "closed curve, 0.1019 turns a step" in start.summary()
    around = sx.find_cycles(turning(0.805), start)
    assert set(around.led) == {"an invariant circle"}
    assert around.turn == pytest.approx(np.full(32, 1 / turns), rel=1e-3)
    assert len(sx.find_cycles(turning(0.805), start, length=10)) == 0


def test_the_two_cycle_beyond_a_flip():
    branches = branches_of(*UNIT)
    start = branches.emerging_cycle(0, -1.01)
    np.testing.assert_allclose(np.abs(start.mode), np.sqrt(3 * 0.01), rtol=1e-9)
    assert start.period == pytest.approx(10.0)
    cycles = sx.find_cycles(unit(-1.01), start)
    assert cycles.length.tolist() == [2]
    assert cycles.amplitude[0, 0] == pytest.approx(start.amplitude[0], rel=0.01)
    # x = tanh(1.01 x), and the cycle jumps between x and −x
    root = brentq(lambda x: np.tanh(1.01 * x) - x, 0.1, 0.3, xtol=1e-15)
    assert np.abs(cycles.orbit(0)) == pytest.approx(np.full((2, 1), root), abs=1e-12)


def test_it_survives_xarray():
    start = branches_of(*HOPF).emerging_cycle(0)
    again = sx.records.Record.from_xarray(start.to_xarray())
    assert again.summary() == start.summary()
    np.testing.assert_array_equal(again.orbit(5), start.orbit(5))
    branches = sx.records.Record.from_xarray(branches_of(*HOPF).to_xarray())
    np.testing.assert_array_equal(branches.emerging_cycle(0).mode, start.mode)


def test_where_no_cycle_is_born_is_said():
    fold = branches_of(lambda p: sx.Flow(lambda x: p - x**2, 1), (1.0,), (1.0, -1.0))
    with pytest.raises(sx.InvalidInputError, match="no cycle is born at special point 0, a fold"):
        fold.emerging_cycle(0)
    with pytest.raises(sx.InvalidInputError, match="there is no special point 3"):
        fold.emerging_cycle(3)
    center = branches_of(
        lambda p: sx.Flow(lambda z: jnp.array([[p, -1.0], [1, p]]) @ z, 2), (0.0, 0.0), (-0.5, 0.5)
    )
    with pytest.raises(
        sx.InvalidInputError, match=r"does not tell what is born there \(degenerate"
    ):
        center.emerging_cycle(0)
    start = branches_of(*HOPF).emerging_cycle(0)
    with pytest.raises(sx.InvalidInputError, match="the cycle is of a flow of 2 units"):
        sx.find_cycles(unit(-1.1), start)
