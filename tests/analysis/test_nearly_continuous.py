"""Slow manifolds: a few zeros where the speed is tiny (rings of units are golden rows)."""

import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx


def manifold(dimension, along, size=20):
    """Return a flow to a curved manifold, on which it is 1e-5 times `along`, and states near it."""
    rng = np.random.default_rng(0)
    axes = np.linalg.qr(rng.standard_normal((size, size)))[0]
    mixed = np.eye(size) + rng.standard_normal((size, size)) / np.sqrt(size)
    bends, phases = rng.standard_normal((size - dimension, dimension)), rng.uniform(0, 6, 1)

    def field(x):
        on, off = jnp.split(axes @ x, [dimension])
        return mixed @ jnp.concatenate([1e-5 * along(on), off - jnp.sin(2 * bends @ on + phases)])

    on = rng.uniform(-1.8, 1.8, (40, dimension))
    off = np.sin(2 * on @ bends.T + phases) + rng.uniform(-0.3, 0.3, (40, size - dimension))
    return sx.Flow(field, size), np.column_stack([on, off]) @ axes, axes


@pytest.mark.parametrize("dimension", [1, 2])
def test_slow_manifolds_of_one_and_two_dimensions_are_searched_for_zeros(dimension):
    roots = np.array([-1.2, -0.3, 0.5, 1.4])
    system, candidates, axes = manifold(dimension, lambda s: (s[:, None] - roots).prod(1))
    points = sx.find_fixed_points(system, candidates, certify=False)
    assert set(points.outcomes) == {"fixed"}
    on = (points.states @ axes.T)[:, :dimension]
    assert np.abs(on[..., None] - roots).min(-1) == pytest.approx(0, abs=1e-8)
    if dimension == 1:
        assert sorted(on[:, 0]) == pytest.approx(roots, abs=1e-8)


def test_the_slowest_state_of_a_valley_without_a_zero_is_a_slow_point():
    system, candidates, axes = manifold(1, lambda s: 0.5 + jnp.cosh(s - 0.4))
    points = sx.find_fixed_points(system, candidates, certify=False)
    assert set(points.outcomes) == {"slow"}
    assert (points.states @ axes.T)[:, 0] == pytest.approx([0.4], abs=1e-3)
