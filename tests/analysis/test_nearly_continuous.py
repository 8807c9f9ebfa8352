"""Attractors that are nearly continuous: a few zeros along a curve on which the speed is tiny."""

import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx

SIZE = 64


def ring(broken, kind):
    """Return a ring of tanh units whose weights are perturbed, and W."""
    angles = 2 * np.pi * np.arange(SIZE) / SIZE
    noise = np.random.default_rng(0).standard_normal((SIZE, SIZE)) / np.sqrt(SIZE)
    W = 4 * np.cos(angles[:, None] - angles) / SIZE + broken * noise
    if kind == "map":
        return sx.DiscreteMap(lambda x: jnp.tanh(W @ x), SIZE), W
    return sx.Flow(lambda x: jnp.tanh(W @ x) - x, SIZE), W


def bumps(count, amplitude=1.78857):
    """Return states around the ring without perturbation, and the tangents there."""
    angles = 2 * np.pi * np.arange(SIZE) / SIZE
    away = angles - 2 * np.pi * np.arange(count)[:, None] / count
    states = np.tanh(amplitude * np.cos(away))
    tangents = np.sin(away) * (1 - states**2)
    return states, tangents / np.linalg.norm(tangents, axis=1, keepdims=True)


def zeros_around(W, count=400):
    """Return the fixed points along the ring, by a scan.

    On each of many slices across it the residual is made to vanish but for a part λ along it, and
    from where λ changes its sign Newton's method goes on.
    """
    slices, tangents = bumps(count)
    x, along = slices.copy(), np.zeros(count)

    def linearized(x):
        there = np.tanh(x @ W.T)
        return there - x, (1 - there**2)[:, :, None] * W - np.eye(SIZE)

    for _ in range(8):
        r, J = linearized(x)
        bordered = np.zeros((count, SIZE + 1, SIZE + 1))
        bordered[:, :-1, :-1], bordered[:, :-1, -1], bordered[:, -1, :-1] = J, tangents, tangents
        off = ((x - slices) * tangents).sum(1)
        right = np.column_stack([r + along[:, None] * tangents, off])
        step = np.linalg.solve(bordered, -right[..., None])[..., 0]
        x, along = x + step[:, :-1], along + step[:, -1]
    x = x[np.sign(along) != np.sign(np.roll(along, -1))]
    for _ in range(20):
        r, J = linearized(x)
        x = x + np.linalg.solve(J, -r[..., None])[..., 0]
    return x


@pytest.mark.parametrize(("kind", "broken"), [("map", 1e-4), ("flow", 1e-7)])
def test_every_candidate_around_a_broken_ring_comes_to_one_of_its_fixed_points(kind, broken):
    system, W = ring(broken, kind)
    rng = np.random.default_rng(1)
    candidates = bumps(60)[0] + 0.05 * rng.standard_normal((60, SIZE))
    points = sx.find_fixed_points(system, candidates, completeness=False)
    expected = zeros_around(W)
    apart = np.linalg.norm(points.states[:, None] - expected, axis=2)
    assert set(points.kind) == {"fixed"} and len(points) == len(expected) == 8
    assert apart.min(0) == pytest.approx(0, abs=1e-14 / broken)
    assert set(points.outcomes) == {"fixed"}
    assert all("continuum" not in text for text in points.certificate)
    if broken > 1e-6:
        assert points.certified.all()
        assert sorted(points.n_unstable) == [0] * 4 + [1] * 4  # they alternate


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
