"""The law of ends: `basins` and `verdict` say the same, and a loop in NumPy confirms it."""

import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx
from separatrix.analysis.following.end import What
from separatrix.analysis.verdicts.claims import Kind

pytestmark = pytest.mark.laws

SEEDS = range(100)
UNITS, STATES = 4, 24


def planted(seed):
    """A rate network of random weights, or of memories; in steps, small steps, or as a flow.

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


def moved_on(weights, bias, alpha, x):
    """States after 100,000 steps; of a flow (alpha 0), after 10,000 τ in steps of 0.2 τ."""
    if alpha:
        step = step_of(weights, bias, alpha, np.tanh)
        for _ in range(100_000):
            x = step(x)
        return x

    def field(x):
        return np.tanh(x @ weights + bias) - x

    for _ in range(50_000):
        one = field(x)
        two = field(x + 0.1 * one)
        three = field(x + 0.1 * two)
        x = x + 0.2 / 6 * (one + 2 * two + 2 * three + field(x + 0.2 * three))
    return x


@pytest.mark.parametrize("seed", SEEDS)
def test_states_end_where_a_loop_ends(seed):
    weights, bias, alpha, x = planted(seed)
    is_flow = seed % 5 == 4
    system = sx.DiscreteMap(step_of(weights, bias, alpha, jnp.tanh), UNITS)
    if is_flow:
        alpha, system = 0.0, sx.Flow(lambda x: jnp.tanh(x @ weights + bias) - x, UNITS)
    points = sx.find_fixed_points(system, x).fixed
    held = sx.verdict(system, x, duration=50.0, points=points)
    found = sx.basins(system, points, x) if len(points) else None
    x = moved_on(weights, bias, alpha, x)
    what = np.array([claim.numbers["what"] for claim in held.claims if claim.kind == Kind.END])
    is_known, at_point = what[held.ended] != What.UNKNOWN, what[held.ended] == What.POINT
    assert is_known.mean() >= 0.9  # a verdict stops at 95 %, or where states are too slow
    for k in np.flatnonzero(is_known):
        is_point, end = at_point[k], held.end_states[held.ended[k]]
        assert not is_point or np.linalg.norm(x[k] - end) < 1e-5
        is_given = is_point and np.linalg.norm(points.states - end, axis=1).min(initial=9) < 1e-6
        assert is_given == (found is not None and found.reached[k] >= 0)
        assert not is_given or np.linalg.norm(points.states[found.reached[k]] - end) < 1e-6
