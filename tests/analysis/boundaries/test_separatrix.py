"""Points on the boundary between basins, and its normals."""

import jax.numpy as jnp
import numpy as np
import pytest
import systems
from boundary_tools import BISTABLE, points_of, stacked

import separatrix as sx


@pytest.mark.parametrize("kind", ["map", "flow"])
def test_the_boundary_of_a_bistable_unit_is_its_unstable_point(kind):
    book = systems.tanh_unit(2.0, 0.2, kind)
    points = points_of(book)
    (saddle,) = np.flatnonzero(points.n_unstable == 1)
    boundary = sx.separatrix(book.system, points, book.candidates, segments=8)
    assert len(boundary) >= 8
    np.testing.assert_allclose(boundary.states[:, 0], points.states[saddle, 0], atol=4e-12)
    assert (boundary.saddle == saddle).all()
    above = points.states[boundary.sides[:, 0], 0] > points.states[saddle, 0]
    np.testing.assert_array_equal(boundary.normals[:, 0], np.where(above, 1.0, -1.0))


def test_the_boundary_is_that_of_the_flow_but_for_its_steps():
    """u = x + y² is bistable, y decays: the boundary is x = −y², and of steps one beside it."""

    def field(x):
        u = x[0] + x[1] ** 2
        return jnp.stack([u - u**3 + 2 * x[1] ** 2, -x[1]])

    flow, points = sx.Flow(field, 2), np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 0.0]])
    found = sx.separatrix(flow, points, systems.box(2, -1.5, 1.5, 80))
    x, y = found.states.T
    assert np.abs(x + y**2).max() < 1e-6
    normal = np.column_stack([np.ones_like(y), 2 * y]) / np.sqrt(1 + 4 * y[:, None] ** 2)
    right = np.where(found.sides[:, :1] == 0, 1.0, -1.0)
    np.testing.assert_allclose(found.normals, right * normal, atol=1e-4)
    assert found.width.max() < 1e-11


def test_a_product_has_boundaries_on_both_axes():
    system = stacked(BISTABLE, sx.Flow(lambda y: y - y**3, 1))
    points = np.array([[a, b] for a in (-1.0, 0, 1) for b in (-1.0, 0, 1)])
    boundary = sx.separatrix(system, points, systems.box(2, -1, 1, 100), segments=30)
    np.testing.assert_allclose(np.abs(boundary.states).min(1), 0, atol=1e-11)
    found = boundary.saddle >= 0
    across = np.abs(boundary.states[found]).argmin(1, keepdims=True)
    at = np.take_along_axis(np.abs(boundary.normals[found]), across, axis=1)
    np.testing.assert_allclose(at, 1, atol=1e-6)
    # the corner, where four basins meet, belongs to no saddle with one unstable direction
    assert (np.abs(boundary.states[~found]).max(1) < 0.3).all()


def test_where_there_is_no_boundary_none_is_told():
    one = sx.separatrix(sx.DiscreteMap(lambda x: 0.5 * x, 2), np.zeros((1, 2)), np.ones((3, 2)))
    assert len(one) == len(one.outcomes) == 0
    system = sx.Flow(lambda x: -x * (x**2 - 1) * (x**2 - 4), 1)  # an attractor is not given
    boundary = sx.separatrix(system, np.array([[-2.0], [2.0]]))
    assert len(boundary) == 0 and "not among the points" in boundary.outcomes[0]
