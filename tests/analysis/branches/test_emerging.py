"""Cycles at their birth: what the normal form tells, against the cycle itself."""

import functools

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq
from systems import turned

import separatrix as sx
from separatrix.analysis.cycles.found import LED
from separatrix.analysis.following.end import What

# the parameter is an input, so that no value of it causes a compilation


def hopf(a):
    field = lambda x, a: a[0] * jnp.tanh(x) - x + turned(jnp.tanh(x))  # noqa: E731
    return sx.Flow(field, 2, tau=10.0, input=[a])


def turning(a):
    step = lambda x, a: jnp.tanh(a[0] * x + 0.6 * turned(x))  # noqa: E731
    return sx.DiscreteMap(step, 2, input=[a])


def unit(w):
    return sx.DiscreteMap(lambda x, w: jnp.tanh(w[0] * x), 1, dt=5.0, input=[w])


@functools.cache
def branches_of(system_of, start, parameter):
    return sx.continue_fixed_points(
        system_of, np.array(start), parameter, name="p", disconnected=None
    )


HOPF = (hopf, (0.0, 0.0), (0.5, 1.5))
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


def test_the_closed_curve_of_a_map():
    """Against what the map itself does: mean radius and turns a step."""
    start = branches_of(*TURNING).emerging_cycle(0, 0.805)
    W = np.array([[0.805, -0.6], [0.6, 0.805]])
    states = [start.orbit(1)[0]]
    for _ in range(2000):
        states.append(np.tanh(W @ states[-1]))
    z = np.array(states[500:]) @ [1, 1j]
    assert np.abs(z).mean() == pytest.approx(np.abs(start.mode).mean(), rel=0.01)
    turns = np.angle(z[1:] / z[:-1]).mean() / (2 * np.pi)
    assert turns == pytest.approx(start.rotation, abs=5e-6)
    assert f"{turns:.4f}" in start.summary()
    assert abs(turns - np.arctan2(0.6, 0.8) / (2 * np.pi)) > 3e-4  # κ and c are needed for it
    around = sx.find_cycles(turning(0.805), start)
    assert set(around.led) == {LED[What.CIRCLE]}
    assert around.turn == pytest.approx(np.full(32, 1 / turns), rel=1e-3)
    assert len(sx.find_cycles(turning(0.805), start, length=10)) == 0


def test_the_two_cycle_beyond_a_flip():
    start = branches_of(*UNIT).emerging_cycle(0, -1.01)
    np.testing.assert_allclose(np.abs(start.mode), np.sqrt(3 * 0.01), rtol=1e-9)
    assert start.period == pytest.approx(10.0)
    cycles = sx.find_cycles(unit(-1.01), start)
    assert cycles.length.tolist() == [2]
    assert cycles.amplitude[0, 0] == pytest.approx(start.amplitude[0], rel=0.01)
    # x = tanh(1.01 x), and the cycle jumps between x and −x
    root = brentq(lambda x: np.tanh(1.01 * x) - x, 0.1, 0.3, xtol=1e-15)
    assert np.abs(cycles.orbit(0)) == pytest.approx(np.full((2, 1), root), abs=1e-12)


def test_where_no_cycle_is_born_is_said():
    start = branches_of(*HOPF).emerging_cycle(0)
    fold = branches_of(lambda p: sx.Flow(lambda x: p - x**2, 1), (1.0,), (1.0, -1.0))
    linear = lambda p: sx.Flow(lambda z: p * z + turned(z), 2)  # noqa: E731
    center = branches_of(linear, (0.0, 0.0), (-0.5, 0.5))
    for word, call in (
        ("fold", lambda: fold.emerging_cycle(0)),
        ("special point 3", lambda: fold.emerging_cycle(3)),
        ("degenerate", lambda: center.emerging_cycle(0)),
        ("2 units", lambda: sx.find_cycles(unit(-1.1), start)),
    ):
        with pytest.raises(sx.InvalidInputError, match=word):
            call()
