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
    graph = sx.fixed_point_graph(system, np.array([[0.0, 0], [1, 1], [-1, 1]]))
    assert graph.target.tolist() == [1, 2]
    x, y = np.moveaxis(graph.paths, 2, 0)
    x, y = x[np.abs(x) < 0.95], y[np.abs(x) < 0.95]
    assert len(x) > 40
    # y' (x − x³) = −y + x², so y = Σ c_k x^{2k} with (2k + 1) c_k = 2 (k − 1) c_{k−1}
    k = np.arange(1, 400)
    coefficients = np.cumprod(np.append(1 / 3, 2 * k / (2 * k + 3)))[:-1]
    series = (coefficients * x[:, None] ** (2 * k)).sum(1)
    np.testing.assert_allclose(y, series, atol=3e-7)  # of Runge–Kutta


def test_an_arm_ends_when_it_comes_to_its_point_however_long_steps_at_rest_are():
    """Two arms are taken in steps that would go on for 1e7 τ before the end is noted."""
    system = sx.Flow(lambda x: jnp.tanh(jnp.array([[1.5, 0.4], [0.1, 1.2]]) @ x) - x, 2)
    points = sx.find_fixed_points(system, np.random.default_rng(0).normal(size=(40, 2)))
    assert sx.fixed_point_graph(system, points).times.max() < 100


def test_a_saddle_node_has_one_arm_that_leaves():
    """x' = μ + x² with μ = −1/4: from x = 1/2, one arm ends at −1/2, the other is lost."""
    book = systems.ghost(-0.25)
    graph = sx.fixed_point_graph(book.system, book.states)
    assert graph.source.tolist() == [1, 1]
    order = np.argsort(graph.arm)
    assert graph.target[order].tolist() == [0, -1] and "infinity" in graph.reasons[order[1]]


@pytest.mark.parametrize("rays", [1, 2])
def test_a_product_has_the_product_graph_and_rays_from_its_middle(rays):
    """Of nine points the middle has two unstable directions; its rays lie in their plane."""
    system = stacked(BISTABLE, sx.Flow(lambda y: 0.5 * (y - y**3), 1))
    points = np.array([[a, b] for a in (-1.0, 0, 1) for b in (-1.0, 0, 1)])
    graph = sx.fixed_point_graph(system, points, rays=rays)
    assert graph.n_unstable.tolist() == [0, 1, 0, 1, 2, 1, 0, 1, 0]
    assert sorted(graph.saddles.tolist()) == [1, 3, 5, 7]
    middle = np.asarray(graph.source) == 4
    ends = zip(graph.source[~middle].tolist(), graph.target[~middle].tolist(), strict=True)
    assert sorted(ends) == [(1, 0), (1, 2), (3, 0), (3, 6), (5, 2), (5, 8), (7, 6), (7, 8)]
    np.testing.assert_allclose(np.abs(graph.normals), [[0, 1], [1, 0], [1, 0], [0, 1]], atol=1e-12)
    # along the axes: to the saddles at their ends, which are no attractors
    assert graph.arm[middle].tolist() == [1, -1, 2, -2][: 2 * rays]
    assert graph.target[middle].tolist() == [-1] * 2 * rays
    assert f"{2 * rays} rays" in graph.summary()
    # the faster direction comes first
    np.testing.assert_allclose(graph.paths[middle][0, :, 1], 0, atol=1e-15)


def test_arms_are_followed_where_nothing_is_stable():
    """x' = (x² − 1) x: all three points repel or leave, and both outer ones lead to infinity."""
    system = sx.Flow(lambda z: jnp.stack([z[0] ** 3 - z[0], z[1] * (1 - z[1] ** 2 - z[0] ** 2)]), 2)
    graph = sx.fixed_point_graph(system, np.array([[0.0, 0.0], [1.0, 0.0]]), rays=1)
    assert graph.target.tolist() == [-1, -1, -1, -1]
    assert graph.n_unstable.tolist() == [1, -1]  # of the outer one a mode is exactly 0
    told = " ".join(graph.reasons)
    assert "infinity" in told and "not among the points" in told and "not followed" not in told


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


def test_a_path_that_is_cut_off_is_not_said_to_end_nowhere():
    """One arm leaves at a rate of 1e−5 a step: it needs more steps than are taken."""
    system = sx.DiscreteMap(lambda x: x + 1e-5 * (x - x**3), 1)
    points = np.array([[-1.0], [0.0], [1.0]])
    graph = sx.fixed_point_graph(system, points)
    assert graph.target.tolist() == [-1, -1] and 0 <= graph.most_steps - 20_000 < 256
    assert f"0 of 2 end at a stable point within {graph.most_steps} steps" in graph.summary()
    topology = sx.fixed_point_topology(system, points)
    assert topology.most_steps == 20_000 and "within 20000 steps" in topology.summary()
