"""The law of ends: `basins` and `verdict` say the same, and a loop in NumPy confirms it."""

import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx

pytestmark = pytest.mark.laws

SEEDS = range(100)
UNITS, STATES = 4, 24


def planted(seed):
    """A rate network of random weights, or memories in its weights: in steps of dt, or as a flow.

    Its slowest time constants reach from a few steps to some thousands.
    """
    rng = np.random.default_rng(seed)
    if seed % 2:
        patterns = rng.choice([-1.0, 1.0], (rng.integers(1, 4), UNITS))
        weights = rng.uniform(1.05, 3) * patterns.T @ patterns / UNITS
    else:
        weights = rng.normal(scale=rng.uniform(0.5, 2) / np.sqrt(UNITS), size=(UNITS, UNITS))
    bias, alpha = rng.normal(scale=0.1 * (seed % 3), size=UNITS), [1.0, 0.1, 0.002][seed % 3]
    return weights, bias, alpha, rng.uniform(-2, 2, (STATES, UNITS))


def step_of(weights, bias, alpha, tanh):
    return lambda x: (1 - alpha) * x + alpha * tanh(x @ weights + bias)


@pytest.mark.parametrize("seed", SEEDS)
def test_states_end_where_a_loop_ends(seed):
    weights, bias, alpha, x = planted(seed)
    system = sx.DiscreteMap(step_of(weights, bias, alpha, jnp.tanh), UNITS)
    points = sx.find_fixed_points(system, x).fixed
    held = sx.verdict(system, x, duration=50.0, points=points)
    found = sx.basins(system, points, x) if len(points) else None
    step = step_of(weights, bias, alpha, np.tanh)
    for _ in range(100_000):
        x = step(x)
    moves = np.abs(step(x) - x).max(1)
    is_known = held.ends[held.ended] != "not known"
    assert is_known.mean() >= 0.9  # a verdict stops at 95 %, or where states are too slow
    for k in np.flatnonzero(is_known):
        is_point, end = held.ends[held.ended[k]] == "stable point", held.end_states[held.ended[k]]
        assert not is_point or (moves[k] < 1e-8 and np.linalg.norm(x[k] - end) < 1e-5)
        is_given = is_point and np.linalg.norm(points.states - end, axis=1).min(initial=9) < 1e-6
        assert is_given == (found is not None and found.reached[k] >= 0)
        assert not is_given or np.linalg.norm(points.states[found.reached[k]] - end) < 1e-6
