"""Where candidates are followed from, when not from where they were given."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx
from separatrix.analysis.fixed_points.evaluator import Evaluator
from separatrix.analysis.fixed_points.starts import solved_for_explicit_units


@pytest.fixture(scope="module")
def lstm():
    """An LSTM with several fixed points: strong weights, gates that remember."""
    network = sx.networks.LSTM(1, 4, 1, forget_bias=1.0, key=jax.random.key(3))
    strong = eqx.tree_at(lambda n: n.recurrent_weights, network, 8 * network.recurrent_weights)
    return strong.at_input([0.3])


def _candidates(scale):
    rng = np.random.default_rng(0)
    return np.concatenate([rng.uniform(-1, 1, (60, 4)), scale * rng.uniform(-1, 1, (60, 4))], 1)


@pytest.mark.parametrize("scale", [1e3, 1e6, 1e8, 1e30, 1e200])
def test_where_the_cells_of_an_lstm_start_does_not_matter(lstm, scale):
    near = sx.find_fixed_points(lstm, _candidates(1.0), completeness=False)
    far = sx.find_fixed_points(lstm, _candidates(scale), completeness=False)
    assert (near.kind == "fixed").sum() > 1
    # Sorted by the state, because rounding decides the order by speed.
    order, other = np.argsort(near.states[:, 0]), np.argsort(far.states[:, 0])
    assert np.allclose(near.states[order], far.states[other], rtol=0, atol=1e-9)
    assert np.array_equal(near.hits[order], far.hits[other])


@pytest.mark.parametrize("scale", [1e2, 1e8, 1e30])
def test_candidates_outside_the_domain_start_from_its_nearest_state(lstm, scale):
    inside = np.clip(_candidates(1.0), *lstm.domain)
    outside = inside.copy()
    outside[:, :4] = scale * np.sign(inside[:, :4])
    corner = inside.copy()
    corner[:, :4] = np.sign(inside[:, :4])
    given = sx.find_fixed_points(lstm, outside, completeness=False)
    moved = sx.find_fixed_points(lstm, corner, completeness=False)
    order, other = np.argsort(given.states[:, 0]), np.argsort(moved.states[:, 0])
    assert np.allclose(given.states[order], moved.states[other], rtol=0, atol=1e-9)
    assert np.array_equal(given.hits[order], moved.hits[other])
    assert all("followed from the nearest state of the domain" in r for r in given.outcome_reasons)
    assert not any("followed from" in reason for reason in moved.outcome_reasons)


def test_explicit_units_are_solved_for_and_others_left():
    # Nobody reads y; x reads z, which stays where it started.
    def field(state):
        x, y, z = state
        return jnp.array([jnp.sin(x) - z, 2 * (x**2 - y), jnp.cos(x) - z])

    evaluator = Evaluator(sx.Flow(field, 3))
    starts = np.array([[3.0, 1e12, -1.0], [0.5, 0.0, 7.0], [np.nan, 0.0, 0.0]])
    led = solved_for_explicit_units(evaluator, starts)
    assert np.allclose(led[:2], [[3.0, 9.0, -1.0], [0.5, 0.25, 7.0]], rtol=1e-15)
    assert np.isnan(led[2, 0])


def test_units_whose_equation_is_not_linear_are_left():
    evaluator = Evaluator(sx.Flow(lambda s: jnp.stack([s[0] ** 2 - 2, s[0] - s[1] ** 3]), 2))
    starts = np.array([[1.0, 2.0], [3.0, -1.0]])
    assert np.array_equal(solved_for_explicit_units(evaluator, starts), starts)


def test_a_unit_that_others_read_elsewhere_is_left():
    # Near the probed states nobody reads y; far off x does.
    def field(state):
        x, y = state
        return jnp.stack([1 - x + jnp.maximum(y - 100.0, 0.0) ** 3, x - y])

    evaluator = Evaluator(sx.Flow(field, 2))
    starts = np.concatenate([np.zeros((20, 2)), [[0.0, 200.0]]])
    led = solved_for_explicit_units(evaluator, starts)
    assert np.array_equal(led[-1], starts[-1])


def test_without_slow_points_nothing_is_called_a_minimum_of_the_speed():
    points = sx.find_fixed_points(
        sx.Flow(lambda x: x**2 + 1, size=1), np.ones((1, 1)), slow_points=False
    )
    assert points.outcome_reasons.tolist() == [
        "the residual, which is not zero, decreases no further"
    ]


@pytest.mark.parametrize(
    "domain", [(1.0, -1.0), (np.zeros(3), np.ones(3)), (np.nan, 1.0), (None, None), ("a", "b")]
)
def test_a_domain_that_is_no_box_is_refused(domain):
    system = sx.DiscreteMap(jnp.tanh, 2, domain=domain)
    with pytest.raises(sx.InvalidInputError, match="lower nowhere above upper"):
        sx.find_fixed_points(system, np.ones((3, 2)))
