"""Fixed points of functions that are read as piecewise linear."""

import jax.numpy as jnp
import numpy as np
import pytest
import systems

import separatrix as sx
from separatrix.analysis.fixed_points import solver_selection
from separatrix.solvers.endings import Ending
from separatrix.solvers.piecewise_linear import recognize

STARTS = np.random.default_rng(0).uniform(0, 4, (20, 2))
MASK = np.array([1.0, 0.0])
COMPARED_WITH_ITSELF = {
    "at least": lambda x: MASK * x >= 0,
    "at most": lambda x: -MASK * x <= 0,
    "a sign": lambda x: jnp.sign(MASK * x) >= 0,
    "a row without weights": lambda x: jnp.diag(MASK) @ x >= 0,
}


@pytest.mark.parametrize("holds", COMPARED_WITH_ITSELF.values(), ids=COMPARED_WITH_ITSELF.keys())
def test_a_unit_that_is_masked_is_at_least_zero(holds):
    step = lambda x: jnp.where(holds(x), 0.5 * x, -0.25 * x) + 1  # noqa: E731
    points = sx.find_fixed_points(sx.DiscreteMap(step, 2), STARTS)
    assert (points.outcomes == "fixed").all()
    np.testing.assert_allclose(points.states, [[2.0, 2.0]], rtol=1e-14)
    assert points.speed.max() < 1e-15


DATA = np.load(systems.DATA / "brainpy_seed0.npz")
STATES = DATA["activity"].reshape(-1, 64)
PRIMER = sx.DiscreteMap(
    lambda h, u: jnp.maximum(u @ DATA["w_ir"] + h @ DATA["w_rr"] + DATA["b_rr"], 0),
    64,
    dt=100.0,
    input=np.array([1.0, 0.5, 0.5]),
)


MISREAD = {  # a function, and what a reader takes it for
    "shifted": (
        lambda x: jnp.where(x > 1, 0.5 * x, 0.75 * x - 0.25) + 1,
        lambda x: jnp.where(x > 1, 0.5 * x, 0.75 * x - 0.25) + 1 + np.array([0.0, 1e-9]),
    ),
    # the zero of the reading is at a jump of the function
    "a jump": (lambda x: x + jnp.where(x > 1, 0.5 - 0.5 * x, 3.0), lambda x: 0.5 + 0.5 * x),
}


@pytest.mark.parametrize("name", MISREAD)
def test_what_is_not_as_it_was_read_is_not_fixed(name, monkeypatch):
    """Whatever a reader may get wrong, the function itself has the last word."""
    step, reading = MISREAD[name]
    right = sx.find_fixed_points(sx.DiscreteMap(step, 2), STARTS)
    misread = lambda _, size: recognize(lambda x: reading(x) - x, size)  # noqa: E731
    monkeypatch.setattr(solver_selection, "recognize", misread)
    points = sx.find_fixed_points(sx.DiscreteMap(step, 2), STARTS)
    assert (points.outcome_reasons != Ending.WALK_ZERO.text).all()
    if name == "shifted":
        assert (right.outcome_reasons == Ending.WALK_ZERO.text).all()
        np.testing.assert_allclose(points.fixed.states, right.fixed.states, rtol=1e-14)


@pytest.mark.parametrize(
    "step",
    [
        lambda x: x @ np.full((2, 2), 0.5) + jnp.maximum(-1 - x, 0),  # a line of zeros
        lambda x: 1 / 3 + 0.5 * jnp.maximum(x - 1 / 3, 0),  # one in a corner
    ],
)
def test_a_reading_is_believed_where_zeros_are_a_continuum_or_lie_on_kinks(step):
    points = sx.find_fixed_points(sx.DiscreteMap(step, 2), STARTS)
    assert len(points.fixed) == 1
    assert set(points.outcomes) == {"fixed"}


def test_candidates_that_are_led_downhill_are_asked_for_slow_points():
    """And what docs/explanation/fixed-points.md says of a residual and of rounding."""
    points = sx.find_fixed_points(PRIMER, STATES)
    quick = sx.find_fixed_points(PRIMER, STATES, slow_points=False)
    assert (len(points.fixed), len(points.slow)) == (2, 9) and points.fixed.certified.all()
    assert points.fixed.residual[0] < 1e-14 and points.fixed.rounding_level[0] < 1e-12
    assert points.slow.hits.sum() > 1600 and (quick.outcomes == "fixed").sum() > 400


def test_a_field_that_is_nowhere_zero_nor_changes_has_no_points():
    points = sx.find_fixed_points(sx.Flow(lambda x: 0 * x + 1.0, 2), np.eye(2))
    assert len(points) == 0 and not points.complete  # seen from afar it is: of that no warning
    assert all("singular" in reason for reason in points.outcome_reasons)
