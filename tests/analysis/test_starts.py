"""Where candidates are followed from, when not from where they were given."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx


@pytest.fixture(scope="module")
def lstm():
    """An LSTM with several fixed points: strong weights, gates that remember."""
    network = sx.networks.LSTM(1, 4, 1, forget_bias=1.0, key=jax.random.key(3))
    strong = eqx.tree_at(lambda n: n.recurrent_weights, network, 8 * network.recurrent_weights)
    return strong.at_input([0.3])


def _candidates(scale):
    rng = np.random.default_rng(0)
    return np.concatenate([rng.uniform(-1, 1, (30, 4)), scale * rng.uniform(-1, 1, (30, 4))], 1)


def test_where_the_cells_of_an_lstm_start_does_not_matter(lstm):
    scale = 1e30
    near = sx.find_fixed_points(lstm, _candidates(1.0), completeness=False)
    far = sx.find_fixed_points(lstm, _candidates(scale), completeness=False)
    assert (near.kind == "fixed").sum() > 1
    # Sorted by the state, because rounding decides the order by speed.
    order, other = np.argsort(near.states[:, 0]), np.argsort(far.states[:, 0])
    assert np.allclose(near.states[order], far.states[other], rtol=0, atol=1e-9)
    assert np.array_equal(near.hits[order], far.hits[other])


def test_candidates_outside_the_domain_start_from_its_nearest_state(lstm):
    scale = 1e8
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


def test_without_slow_points_nothing_is_called_a_minimum_of_the_speed():
    points = sx.find_fixed_points(
        sx.Flow(lambda x: x**2 + 1, size=1), np.ones((1, 1)), slow_points=False
    )
    assert points.outcome_reasons.tolist() == [
        "the residual, which is not zero, decreases no further"
    ]


@pytest.mark.parametrize(
    "domain", [(1.0, -1.0), (np.zeros(3), np.ones(3)), (np.nan, 1.0), ("a", "b")]
)
def test_a_domain_that_is_no_box_is_refused(domain):
    system = sx.DiscreteMap(jnp.tanh, 2, domain=domain)
    with pytest.raises(sx.InvalidInputError, match="lower nowhere above upper"):
        sx.find_fixed_points(system, np.ones((3, 2)))
