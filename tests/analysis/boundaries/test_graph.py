"""The graph of fixed points: where the arms of saddles end."""

import jax.numpy as jnp
import numpy as np
import pytest
import systems
from boundary_tools import BISTABLE, points_of, stacked

import separatrix as sx


@pytest.mark.parametrize("kind", ["map", "flow"])
def test_the_arms_of_a_bistable_unit_end_at_either_side(kind):
    book = systems.tanh_unit(2.0, 0.2, kind)
    points = points_of(book)
    graph = sx.fixed_point_graph(book.system, points)
    (saddle,) = np.flatnonzero(points.n_unstable == 1)
    assert graph.source.tolist() == [saddle, saddle]
    side = np.sign(points.states[graph.target, 0] - points.states[saddle, 0])
    assert (side == graph.arm).all()
    np.testing.assert_array_equal(graph.normals, [[1.0]])
    slope = 2 * (1 - points.states[saddle, 0] ** 2)
    np.testing.assert_allclose(graph.growth, slope - (kind == "flow"), rtol=1e-9)
    assert (np.diff(graph.paths[:, :, 0], axis=1) * graph.arm[:, None] >= -1e-12).all()


def test_an_arm_follows_the_unstable_manifold():
    """x' = x − x³, y' = −y + x²: the manifold of the origin is a known series, y = x²/3 + …"""
    system = sx.Flow(lambda z: jnp.stack([z[0] - z[0] ** 3, -z[1] + z[0] ** 2]), 2)
    points = np.array([[0.0, 0], [1, 1], [-1, 1]])
    graph = sx.fixed_point_graph(system, points)
    assert graph.target.tolist() == [1, 2]
    x, y = np.moveaxis(graph.paths, 2, 0)
    # the manifold y(x): y' (x − x³) = −y + x², so y = Σ c_k x^{2k}, (2k + 1) c_k = 2 (k−1) c_{k−1}
    series = np.zeros_like(x)
    c = 1 / 3
    for k in range(1, 400):
        series += c * x ** (2 * k)
        c *= 2 * k / (2 * k + 3)
    near = np.abs(x) < 0.95
    assert near.sum() > 40
    np.testing.assert_allclose(y[near], series[near], atol=3e-7)  # of Runge–Kutta


def test_a_product_has_the_product_graph():
    system = stacked(BISTABLE, sx.Flow(lambda y: y - y**3, 1))
    points = np.array([[a, b] for a in (-1.0, 0, 1) for b in (-1.0, 0, 1)])
    graph = sx.fixed_point_graph(system, points)
    assert sorted(graph.saddles.tolist()) == [1, 3, 5, 7]
    ends = {(int(s), int(t)) for s, t in zip(graph.source, graph.target, strict=True)}
    assert ends == {(1, 0), (1, 2), (3, 0), (3, 6), (5, 2), (5, 8), (7, 6), (7, 8)}
    np.testing.assert_allclose(np.abs(graph.normals), [[0, 1], [1, 0], [1, 0], [0, 1]], atol=1e-12)


def test_a_saddle_node_has_one_arm_that_leaves():
    """x' = μ + x² with μ = −1/4: from x = 1/2, one arm ends at −1/2, the other is lost."""
    book = systems.ghost(-0.25)
    points = points_of(book)
    graph = sx.fixed_point_graph(book.system, points)
    low, high = np.argsort(points.states[:, 0])
    assert graph.source.tolist() == [high, high]
    assert graph.target[graph.arm == -1].tolist() == [low]
    assert graph.target[graph.arm == 1].tolist() == [-1]
    assert "infinity" in graph.reasons[graph.arm == 1][0]


def test_rays_sample_saddles_with_several_unstable_directions():
    """Of nine points of a product the origin has two directions; its rays lie in their plane."""
    system = stacked(BISTABLE, sx.Flow(lambda y: 0.5 * (y - y**3), 1))
    points = np.array([[a, b] for a in (-1.0, 0, 1) for b in (-1.0, 0, 1)])
    graph = sx.fixed_point_graph(system, points, rays=2)
    assert len(graph) == 8 + 4
    assert graph.n_unstable.tolist() == [0, 1, 0, 1, 2, 1, 0, 1, 0]
    rays = np.asarray(graph.source) == 4
    assert graph.arm[rays].tolist() == [1, -1, 2, -2]
    # along the axes: to the saddles at their ends, which are no attractors, as the reason says
    assert graph.target[rays].tolist() == [-1] * 4
    assert all("came to rest at point" in reason for reason in graph.reasons[rays])
    fast = graph.paths[np.flatnonzero(rays)[0]]
    np.testing.assert_allclose(fast[:, 1], 0, atol=1e-15)  # the faster direction comes first
    assert graph.roles[4] == "2 unstable directions: sampled along 4 rays"
    told = "8 arms of 4 saddles and 4 rays of points with several unstable directions, 8 of 12 end"
    assert told in graph.summary()
    one = sx.fixed_point_graph(system, points, rays=1)
    assert one.arm[np.asarray(one.source) == 4].tolist() == [1, -1]


def test_arms_are_followed_where_nothing_is_stable():
    """x' = (x² − 1) x: all three points repel or leave, and both outer ones lead to infinity."""
    system = sx.Flow(lambda z: jnp.stack([z[0] ** 3 - z[0], z[1] * (1 - z[1] ** 2 - z[0] ** 2)]), 2)
    graph = sx.fixed_point_graph(system, np.array([[0.0, 0.0], [1.0, 0.0]]), rays=1)
    assert graph.target.tolist() == [-1, -1, -1, -1]
    assert graph.n_unstable.tolist() == [1, -1]  # of the outer one a mode is exactly 0
    assert graph.roles[1].startswith("1 unstable direction or more, which is not known: sam")
    reasons = graph.reasons.astype(str)
    assert any("infinity" in reason for reason in reasons)
    assert any("not among the points" in reason for reason in reasons)
    assert not any("not followed" in reason for reason in reasons)


@pytest.mark.parametrize("kind", ["map", "flow"])
def test_the_path_onto_a_cycle_shows_its_turns(kind):
    """r' = g r (1 − r²), θ' = ω: what leaves the origin spirals on to the circle of radius 1."""
    growth, turn = 0.05, 0.3

    def field(z):
        return growth * (1 - z @ z) * z + turn * jnp.stack([-z[1], z[0]])

    def step(z):
        c, s = np.cos(turn), np.sin(turn)
        return (1 + growth * (1 - z @ z)) * jnp.stack([c * z[0] - s * z[1], s * z[0] + c * z[1]])

    system = sx.DiscreteMap(step, 2) if kind == "map" else sx.Flow(field, 2)
    graph = sx.fixed_point_graph(system, np.zeros((1, 2)), rays=1)
    assert graph.target.tolist() == [-1, -1]
    x, y = np.moveaxis(graph.paths, 2, 0)
    radius, angle = np.hypot(x, y), np.unwrap(np.arctan2(y, x))
    assert (radius[:, -1] > 0.9).all()
    assert (np.diff(radius, axis=1) > -1e-6).all()
    turns = np.where(radius[:, 1:] > 0.1, np.diff(angle, axis=1), 0)
    assert turns.min() > -1e-9
    assert (radius[:, 1:] * (1 - np.cos(turns / 2))).max() < 0.05  # from a chord to its arc
    assert np.where(radius[:, 1:] > 0.5, turns, 0).sum(1).min() > 2 * np.pi


def test_a_path_to_a_stable_point_ends_there():
    """However long an arm takes: here it turns 200 times about the focus that it ends at."""

    def field(z):
        u, v, w = z
        return jnp.stack([u - u**3, -0.02 * v - w + 0.5 * u, v - 0.02 * w])

    end = np.linalg.solve([[-0.02, -1.0], [1.0, -0.02]], [-0.5, 0.0])
    points = np.array([[0.0, 0, 0], [1.0, *end], [-1.0, *-end]])
    graph = sx.fixed_point_graph(sx.Flow(field, 3), points)
    assert graph.target.tolist() == [1, 2]
    np.testing.assert_allclose(graph.paths[:, -1], points[1:], atol=2e-3)
