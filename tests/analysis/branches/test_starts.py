"""What branches start from, what is refused, and the record that comes back."""

import jax.numpy as jnp
import numpy as np
import pytest
from branch_tools import follow, tanh_unit
from scipy.optimize import brentq

import separatrix as sx


def test_a_start_near_a_fixed_point_is_corrected():
    root = brentq(lambda x: np.tanh(2 * x) - x, 0.5, 1)
    branches = follow(tanh_unit, 0.9, (2.0, 3.0), disconnected=None)
    assert branches.states_at(2.0)[:, 0] == pytest.approx([root], abs=1e-12)


def test_a_start_at_a_branch_point_is_a_start():
    branches = follow(tanh_unit, 0.0, (0.5, 2.0), at=1.0, disconnected=None)
    assert branches.special("pitchfork") == pytest.approx([1.0], abs=1e-12)
    assert branches.n_branches == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"start": [40.0]}, "the start is no fixed point at w = 0.5: its residual is 39"),
        ({"at": 3.0}, "the start lies at w = 3.0, outside the range from 0.5 to 2"),
        ({"parameter": (1.0, 1.0)}, "the range of w is empty"),
        ({"parameter": (0.0, np.nan)}, "must be a pair of finite numbers"),
        ({"start": [0.0, 0.0]}, "start must be a state (1,)"),
        ({"start": [np.nan]}, "NaN or infinite"),
        ({"system_of": lambda w: w}, "must return a DiscreteMap or a Flow, got float"),
        (
            {"system_of": lambda w: sx.DiscreteMap(lambda x: x ** int(2 * w), 1)},
            "cannot be traced by JAX",
        ),
        (
            {"system_of": lambda w: sx.DiscreteMap(lambda x: jnp.tanh(x.astype(jnp.float32)), 1)},
            "computes in float32",
        ),
    ],
)
def test_what_cannot_work_is_said(change, message):
    given = {"system_of": tanh_unit, "start": [0.0], "parameter": (0.5, 2.0), "name": "w"} | change
    given["start"] = np.array(given["start"])
    with pytest.raises(sx.InvalidInputError) as caught:
        sx.continue_fixed_points(**given)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "options",
    [{"max_step": 0.0}, {"max_points": 0}, {"max_angle": 90.0}, {"first_step": 1.0}],
)
def test_options_that_cannot_work_are_refused(options):
    with pytest.raises(sx.InvalidInputError):
        sx.solvers.PseudoArclength(**options)


def test_branches_survive_xarray_and_know_their_parts():
    branches = follow(tanh_unit, 0.0, (0.5, 2.0), name="w")
    lines = branches.describe().split("\n")
    assert lines == [branches.summary(), "  supercritical pitchfork at w = 1"]
    assert lines[0].endswith(f"2 branches, {len(branches)} points, 1 special point")
    again = sx.records.Record.from_xarray(branches.to_xarray())
    assert again.summary() == branches.summary()
    assert np.array_equal(again.states, branches.states)
    with pytest.raises(sx.InvalidInputError, match="there is no branch 2"):
        branches.of_branch(2)
    with pytest.raises(sx.InvalidInputError, match="no special point is called 'hopf'"):
        branches.special("hopf")


def test_states_between_points_are_known_to_a_millionth():
    w = 1.3
    branches = follow(tanh_unit, 0.0, (0.5, 2.0))
    assert (branches.parameters != w).all()
    root = brentq(lambda x: np.tanh(w * x) - x, 1e-3, 1, xtol=1e-14)
    assert np.sort(branches.states_at(w)[:, 0]) == pytest.approx([-root, 0.0, root], abs=1e-6)


def test_states_beside_a_fold_are_on_both_sides_of_it():
    """p = x²: states ±√p, and none where p is negative."""
    branches = follow(lambda p: sx.Flow(lambda x: p - x**2, 1), 1.0, (1.0, -1.0), disconnected=None)
    for p in (0.9, 0.1, 1e-3):
        root = np.sqrt(p)
        assert np.sort(branches.states_at(p)[:, 0]) == pytest.approx([-root, root], abs=5e-6)
    assert branches.states_at(-0.1).shape == (0, 1)
