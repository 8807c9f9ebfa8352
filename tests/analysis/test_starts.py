"""Where candidates are followed from, when not from where they were given."""

import equinox as eqx
import jax
import numpy as np

import separatrix as sx

NETWORK = sx.networks.LSTM(1, 4, 1, forget_bias=1.0, key=jax.random.key(3))
LSTM = eqx.tree_at(lambda n: n.recurrent_weights, NETWORK, 8 * NETWORK.recurrent_weights).at_input(
    [0.3]
)
"""With several fixed points: strong weights, gates that remember."""


def candidates(scale):
    rng = np.random.default_rng(0)
    return np.concatenate([rng.uniform(-1, 1, (30, 4)), scale * rng.uniform(-1, 1, (30, 4))], 1)


def assert_same(one, other):
    """Sorted by the state, because rounding decides the order by speed."""
    orders = np.argsort(one.states[:, 0]), np.argsort(other.states[:, 0])
    states = one.states[orders[0]], other.states[orders[1]]
    np.testing.assert_allclose(*states, rtol=0, atol=1e-9)
    return one.hits[orders[0]], other.hits[orders[1]]


def test_where_the_cells_of_an_lstm_start_does_not_matter():
    near = sx.find_fixed_points(LSTM, candidates(1.0), completeness=False)
    far = sx.find_fixed_points(LSTM, candidates(1e30), completeness=False)
    assert (near.kind == "fixed").sum() > 1
    hits = assert_same(near, far)
    assert np.abs(np.subtract(*hits)).max() <= 1  # candidates are followed in another order


def test_candidates_outside_the_domain_start_from_its_nearest_state():
    inside = np.clip(candidates(1.0), *LSTM.domain)
    corner, scale = np.sign(inside[:, :4]), 1e8
    outside, at_it = (np.hstack([rates, inside[:, 4:]]) for rates in (scale * corner, corner))
    given = sx.find_fixed_points(LSTM, outside, completeness=False)
    moved = sx.find_fixed_points(LSTM, at_it, completeness=False)
    assert np.array_equal(*assert_same(given, moved))
    told = "followed from the nearest state of the domain"
    assert all(told in reason for reason in given.outcome_reasons)
    assert not any("followed from" in reason for reason in moved.outcome_reasons)
