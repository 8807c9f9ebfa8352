"""Branches of one unit, whose bifurcations are known in closed form."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from branch_tools import follow, specials, tanh_unit
from rooms import quick

import separatrix as sx


def test_tanh_unit_has_a_supercritical_pitchfork_at_gain_1():
    branches = follow(tanh_unit, 0.0, (0.5, 2.0), name="w")
    assert branches.special_type.tolist() == ["pitchfork"]
    assert branches.special_parameters[0] == pytest.approx(1.0, abs=1e-12)
    assert branches.special_criticality.tolist() == ["supercritical"]
    assert branches.special_coefficient[0] == pytest.approx(-1 / 3, abs=1e-9)  # tanh = x − x³/3
    assert (branches.special_branch[0], branches.special_other[0]) == (0, 1)
    known = [-0.9575040240772687, 0.0, 0.9575040240772687]
    assert np.sort(branches.states_at(2.0)[:, 0]) == pytest.approx(known, abs=1e-12)
    straight, curved = branches.of_branch(0), branches.of_branch(1)
    assert np.array_equal(straight.n_unstable, (straight.parameters > 1).astype(int))
    off = np.abs(curved.states[:, 0]) > 1e-3
    assert (curved.stability[off] == "stable").all()
    w = np.arctanh(curved.states[off, 0]) / curved.states[off, 0]
    assert curved.parameters[off] == pytest.approx(w, abs=1e-9)


@pytest.mark.parametrize(
    ("w", "state"),
    [
        (1.1, 0.5029405749446416),
        (1.5, 0.8585596366401104),
        (2.0, 0.9575040240772687),
        (3.0, 0.9949015284526289),
    ],
)
def test_a_branch_from_gain_5_ends_at_the_known_state(w, state):
    branches = follow(
        tanh_unit, 0.9999091217152326, (5.0, w), name="w", switch=False, disconnected=None
    )
    assert branches.states_at(5.0)[:, 0] == pytest.approx(0.9999091217152326, abs=1e-15)
    (end,) = branches.states_at(w)[:, 0]
    assert end == pytest.approx(state, abs=1e-13)
    here = branches.parameters == w
    assert branches.largest_eigenvalue[here] == pytest.approx(w * (1 - end**2), abs=1e-12)
    if w == 2:
        assert branches.largest_eigenvalue[here] == pytest.approx(0.166372087752, abs=1e-11)


def test_the_cusp_of_the_tanh_unit():
    """At w = 1 the two folds have met at b = 0: the branch stands still there, and has no fold."""
    branches = follow(lambda b: tanh_unit(1.0, b), -0.98, (-1.0, 1.0), name="b", disconnected=None)
    assert branches.special_type.tolist() == ["tangency"]
    assert branches.special_parameters == pytest.approx([0.0], abs=1e-9)


@pytest.mark.parametrize(
    ("w", "fold"),
    quick([(1.5, 0.2075464553220303), (2.0, 0.532839975353552), (3.0, 1.303273908002589)], 1),
)
def test_tanh_unit_has_folds_in_its_bias(w, fold):
    branches = follow(lambda b: tanh_unit(w, b), -1.0, (-2.0, 2.0), name="b")
    assert branches.special("fold") == pytest.approx([-fold, fold], abs=1e-10)
    states = branches.special_states[specials(branches, "fold"), 0]
    assert states == pytest.approx(np.array([1, -1]) * np.sqrt(1 - 1 / w), abs=1e-10)
    assert branches.n_branches == 1
    assert set(branches.n_unstable.tolist()) == {0, 1}


@pytest.mark.parametrize("w", quick([5.0, 8.0], 0))
def test_beers_logistic_unit_has_its_folds(w):
    s = (1 + np.array([1, -1]) * np.sqrt(1 - 4 / w)) / 2
    known = np.log(s / (1 - s)) - w * s
    branches = follow(
        lambda b: sx.Flow(lambda y: w * jax.nn.sigmoid(y + b) - y, 1), 0.0, (-8.0, 2.0)
    )
    assert branches.special("fold") == pytest.approx(np.sort(known), abs=1e-9)


def test_tanh_unit_flips_where_its_gain_is_minus_1():
    branches = follow(tanh_unit, 0.0, (0.0, -2.0))
    assert branches.special("flip") == pytest.approx([-1.0], abs=1e-12)
    assert branches.special_criticality.tolist() == ["supercritical"]
    assert branches.special_coefficient[0] == pytest.approx(1 / 3, abs=1e-9)


def test_cubic_normal_forms():
    edge = 2 / (3 * np.sqrt(3))
    branches = follow(lambda i: sx.Flow(lambda x: x**3 - x + i, 1), 0.0, (-1.0, 1.0), at=0.0)
    assert branches.special("fold") == pytest.approx([-edge, edge], abs=1e-12)
    for slope in (0.5, 1.5):
        cusp = 2 * (slope / 3) ** 1.5
        branches = follow(
            lambda mu, a=slope: sx.Flow(lambda x: mu + a * x - x**3, 1), -1.5, (-2.0, 2.0)
        )
        assert branches.special("fold") == pytest.approx([-cusp, cusp], abs=1e-12)
    sine = follow(
        lambda i: sx.Flow(lambda x: jnp.sin(x) + i, 1, domain=(-2.0, 2.0)), 0.0, (-2, 2), at=0.0
    )
    assert sine.special("fold") == pytest.approx([-1.0, 1.0], abs=1e-10)
    assert set(sine.endings.ravel().tolist()) == {"left the domain of the system"}


def test_a_transcritical_point_and_its_coefficient():
    branches = follow(lambda p: sx.Flow(lambda x: p * x - x**2, 1), 0.0, (-1.0, 1.0))
    assert branches.special_type.tolist() == ["transcritical"]
    assert branches.special_parameters[0] == pytest.approx(0.0, abs=1e-12)
    assert branches.special_coefficient[0] == pytest.approx(-1.0, abs=1e-12)
    assert np.sort(branches.states_at(1.0)[:, 0]) == pytest.approx([0.0, 1.0], abs=1e-12)


@pytest.mark.laws
def test_a_subcritical_pitchfork_is_told_from_a_supercritical_one():
    branches = follow(lambda p: sx.Flow(lambda x: p * x + x**3 - x**5, 1), 0.0, (-1.0, 1.0))
    assert branches.special("pitchfork") == pytest.approx([0.0], abs=1e-12)
    assert branches.special_criticality[specials(branches, "pitchfork")] == ["subcritical"]
    assert branches.special_coefficient[specials(branches, "pitchfork")] == pytest.approx(1.0)
    assert branches.special("fold") == pytest.approx([-0.25, -0.25], abs=1e-12)


def test_an_imperfect_pitchfork_has_no_branch_point():
    branches = follow(lambda p: sx.Flow(lambda x: p * x - x**3 + 1e-3, 1), 0.0, (-1.0, 1.0))
    assert branches.special_type.tolist() == ["fold"]
    assert branches.special_parameters[0] == pytest.approx(3 * (1e-3 / 2) ** (2 / 3), abs=1e-10)
    assert branches.n_branches == 2  # the second is not connected: deflation found it
    assert branches.origin[1].startswith("deflation at")
