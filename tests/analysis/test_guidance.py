"""Gated networks that someone wrote by hand: the way around valleys that saturated gates make."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import systems

import separatrix as sx
from separatrix.analysis.completeness import find_domain
from separatrix.solvers.pace import distance_to_target
from separatrix.systems import in_float64

N = 12
RNG = np.random.default_rng(0)
U, R, W = 4 * RNG.standard_normal((3, N, N)) / np.sqrt(N)
B = RNG.standard_normal(N)


def logistic(x):
    return 1 / (1 + jnp.exp(-x))


def target(h, gate=logistic):
    return jnp.tanh(W @ (gate(R @ h) * h))


def by_hand(h):
    z = logistic(U @ h + B)
    return (1 - z) * target(h) + z * h


def with_opposite_gate(h):
    z = jax.nn.sigmoid(U @ h + B)
    return z * target(h, jax.nn.sigmoid) + (1 - z) * h


def by_increments(h):
    return h + 0.3 * jax.nn.sigmoid(U @ h) * (target(h) - h)


@jax.jit
def in_pieces(h):
    z, r = jnp.split(jax.nn.sigmoid(jnp.concatenate([U, R]) @ h), 2)
    return jnp.stack([z, 1 - z]).T.ravel()[::2] * h + (1 - z) * jnp.tanh(W @ (r * h))


GRUS = {f.__name__: f for f in (by_hand, with_opposite_gate, by_increments)} | {"jit": in_pieces}


@pytest.mark.parametrize("name", GRUS)
def test_the_distance_to_the_target_is_read_from_the_function(name):
    step = GRUS[name]
    with jax.enable_x64(True):
        system = in_float64(sx.DiscreteMap(step, N))
        assert find_domain(system).paced
        for state in RNG.uniform(-1, 1, (5, N)):
            distance = distance_to_target(system.velocity, jnp.asarray(state))
            np.testing.assert_allclose(distance, target(state) - state, rtol=0, atol=1e-10)


def test_a_pace_that_never_changes_hides_nothing():
    with jax.enable_x64(True):
        leaky = in_float64(sx.Flow(lambda x: (-x + jnp.tanh(W @ x)) / 3.0, N))
        mixed = in_float64(sx.DiscreteMap(lambda h: 0.5 * by_hand(h) + 0.1 * jnp.roll(h, 1), N))
        assert not find_domain(leaky).paced
        assert not find_domain(mixed).paced


def test_a_gru_by_hand_is_solved_as_well_as_one_with_a_better_residual():
    """Of `step(h) − h` alone most candidates end in valleys far outside the unit box."""
    starts = np.random.default_rng(1).uniform(-1, 1, (200, N))
    options = {"slow_points": False, "completeness": False}
    plain = sx.find_fixed_points(sx.DiscreteMap(by_hand, N), starts, **options)
    better = sx.DiscreteMap(by_hand, N, residual=lambda h: target(h) - h)
    better = sx.find_fixed_points(better, starts, **options)
    assert plain.certified.all() and len(plain) == len(better) == 3
    assert (plain.outcomes == "fixed").sum() > 0.95 * (better.outcomes == "fixed").sum()


def test_what_gets_lost_far_away_is_followed_from_the_box():
    starts = 1e4 * np.random.default_rng(1).uniform(-1, 1, (40, N))
    far = sx.find_fixed_points(sx.DiscreteMap(by_hand, N), starts, slow_points=False)
    assert np.abs(far.states).max() <= 1 and (far.outcomes == "fixed").sum() > 10


def test_few_lost_candidates_are_led_like_many():
    system, _ = systems.flip_flop("gru32")
    starts = np.random.default_rng(0).uniform(-1, 1, (400, 32))
    points = sx.find_fixed_points(sx.DiscreteMap(system.function, 32), starts, completeness=False)
    assert (points.outcomes == "fixed").all() and len(points) == 27
