"""The index theorem: sums of exactly 1 over complete sets, and no sum without its hypotheses."""

import jax.numpy as jnp
import numpy as np
import pytest
import systems
from completeness_tools import float64, point_set, without

import separatrix as sx
from separatrix.analysis.completeness import find_domain, index_sum, point_indices
from separatrix.analysis.completeness.index import with_indices
from separatrix.enclosure.interval import Enclosed

COMPLETE = {
    **{
        f"tanh {w} {k}": (systems.tanh_unit, (w, 0.0, k))
        for w in (0.5, 1.1, 2.0, 5.0)
        for k in ("map", "flow")
    },
    **{f"ring {n} {k}": (systems.ring, (n, k)) for n in (2, 3, 4) for k in ("map", "flow")},
    **{f"hopf {k}": (systems.hopf, (1.5, 0.7, k)) for k in ("map", "flow")},
    "rank one": (systems.rank_one, ()),
    "wong-wang of 5": (systems.wong_wang, (0.0, 0.0)),
    "wong-wang of 3": (systems.wong_wang, (30.0, 0.14)),
    "wilson-cowan": (systems.wilson_cowan, ()),
}


def textbook(name):
    make, arguments = COMPLETE[name]
    return make(*arguments)


def sum_of(system, points, domain=None):
    velocity = Enclosed(system.velocity, (system.size,))
    points = with_indices(points, velocity, None, points.fixed)
    return index_sum(find_domain(system) if domain is None else domain, points), points


@pytest.mark.parametrize("name", COMPLETE)
def test_sum_over_a_complete_set_is_one(name):
    book = textbook(name)
    system = float64(book.system)
    result, points = sum_of(system, point_set(system, book.states))
    assert result.value == 1 and result.reason == ""
    assert not points.obstacles.any()


@pytest.mark.parametrize("name", COMPLETE)
def test_any_missing_point_breaks_the_sum(name):
    book = textbook(name)
    system = float64(book.system)
    points = point_set(system, book.states)
    _, points = sum_of(system, points)
    for k in range(len(book.states)):
        result, _ = sum_of(system, without(points, k))
        assert result.value == 1 - points.indices[k] != 1


@pytest.mark.parametrize("n", [2, 3, 4])
def test_map_and_flow_have_the_same_indices(n):
    """−Dv is I − J for the map x ↦ tanh(x W) and for the flow tanh(x W) − x."""
    signs = []
    for kind in ("map", "flow"):
        book = systems.ring(n, kind)
        system = float64(book.system)
        signs.append(sum_of(system, point_set(system, book.states))[1].indices)
        if kind == "flow":  # (−1) to the number of unstable directions, real or in pairs
            np.testing.assert_array_equal(signs[-1], (-1) ** np.array(book.n_unstable))
    np.testing.assert_array_equal(*signs)


@pytest.mark.parametrize("architecture", ["tanh16", "gru32"])
def test_flip_flops(architecture):
    system, starts = systems.flip_flop(architecture)
    found = sx.find_fixed_points(system, starts, slow_points=False).fixed
    system = float64(system)
    result, points = sum_of(system, point_set(system, found.states))
    assert len(found.states) == 27 and result.value == 1
    assert (points.indices == 1).sum() == 14  # 8 stable and 6 of two unstable directions


def test_sign_of_the_determinant_is_that_of_numpy():
    rng = np.random.default_rng(0)
    for size in (1, 2, 3, 7, 20):
        for _ in range(10):
            J = rng.standard_normal((size, size))
            velocity = Enclosed(lambda x, J=J: jnp.asarray(J) @ x, (size,))
            found = point_indices(velocity, np.zeros((1, size)), np.zeros(1))
            assert found.signs[0] == np.sign(np.linalg.det(-J))


def test_index_of_a_kink():
    """v = −x + 3 |x| is a minimum, of degree 0: its slopes contain 0, so nothing is claimed."""
    velocity = Enclosed(lambda x: -x + 3 * jnp.abs(x), (1,))
    found = point_indices(velocity, np.zeros((1, 1)), np.array([1e-9]))
    assert found.signs[0] == 0 and "non-singular" in found.obstacles[0]
    velocity = Enclosed(lambda x: -x + 0.5 * jnp.abs(x), (1,))
    assert point_indices(velocity, np.zeros((1, 1)), np.array([1e-9])).signs[0] == 1


def test_singular_point_has_no_index():
    system = float64(sx.DiscreteMap(lambda x: jnp.tanh(x), 1))
    points = point_set(system, [[0.0]])
    result, points = sum_of(system, points)
    assert result.value is None and "1 of 1 fixed points are not certified" in result.reason
    assert points.indices[0] == 0


def test_point_that_is_no_zero_of_the_step_has_no_index():
    system = float64(
        sx.DiscreteMap(lambda x: jnp.tanh(2 * x), 1, residual=lambda x: x - 0.25 + 0.1 * x**2)
    )
    zero = (np.sqrt(1 + 0.1) - 1) / 0.2
    points = point_set(system, [[zero]])
    assert points.proved.all()
    result, _ = sum_of(system, points)
    assert result.value is None and "the step has none" in result.reason


def test_one_point_twice_is_not_counted_twice():
    book = systems.tanh_unit(2.0)
    system = float64(book.system)
    points = point_set(system, np.concatenate([book.states, book.states[:1] + 1e-16]))
    result, _ = sum_of(system, points)
    assert result.value is None and "nearer than their error bounds" in result.reason


def test_no_points_sum_to_zero():
    system = float64(systems.tanh_unit(2.0).system)
    assert sum_of(system, point_set(system, np.zeros((0, 1))))[0].value == 0


UNBOUNDED = {
    "rectifier": lambda x: jnp.maximum(0.5 * x + 1, 0.0),
    "saddle-node": lambda x: x + 0.1 * (x**2 - 0.25),
    "linear": lambda x: 0.5 * x + 0.25 * x[::-1],
}


@pytest.mark.parametrize("name", UNBOUNDED)
def test_no_sum_without_a_box(name):
    system = float64(sx.DiscreteMap(UNBOUNDED[name], 2))
    result, _ = sum_of(system, point_set(system, [[0.0, 0.0]]))
    assert result.value is None and "unit" in result.reason
