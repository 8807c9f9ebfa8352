"""Places that depend on the argument: hulls over the values of an index, against brute force."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

import separatrix as sx
from separatrix.enclosure.interval import Enclosed, Interval
from separatrix.enclosure.krawczyk import certify_zeros

TABLE = np.array([0.5, -1.0, 2.0, 0.25, 7.0, -3.0])
GRID = np.random.default_rng(0).standard_normal((4, 5))
N = 3


def whole(x):
    return jnp.floor(x).astype(int)


def of_window(x):
    return lax.dynamic_slice(jnp.asarray(GRID), (whole(x[0]), whole(x[1])), (2, 3)) * x[2]


def own_window(x):
    return lax.dynamic_slice(jnp.concatenate([x, -x, 2 * x]), (whole(x[0]) + 1,), (4,))


FUNCTIONS = {
    "index": lambda x: jnp.asarray(TABLE)[whole(x[0])] * x,
    "index from the end": lambda x: jnp.asarray(TABLE)[-1 - jnp.maximum(whole(x[0]), 0)] * x,
    "dynamic slice": of_window,
    "dynamic slice of the state": own_window,
    "dynamic update": lambda x: lax.dynamic_update_slice(x, x[:2] - 1, (whole(x[0]),)),
    "set": lambda x: jnp.sin(x).at[whole(x[0])].set(3 * x[1]),
    "take, clipped": lambda x: jnp.take(jnp.asarray(TABLE), whole(2 * x), mode="clip") + x,
    "rows": lambda x: jnp.asarray(GRID)[jnp.clip(whole(x), 0, 3)],
    "rows and columns": lambda x: jnp.asarray(GRID)[jnp.clip(whole(x), 0, 3), whole(x)[0]],
    "truncated": lambda x: jnp.asarray(TABLE)[jnp.clip((2 * x[1]).astype(int) + 2, 0, 5)] * x,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_lie_within_the_bounds(name):
    function, rng = FUNCTIONS[name], np.random.default_rng(1)
    with jax.enable_x64(True):
        enclosed = Enclosed(function, (N,))
        lower = rng.uniform(-0.9, 1.5, (20, N))
        width = rng.choice([0.01, 0.3, 1.2], (20, 1))
        boxes = Interval(lower, lower + width)
        result, slopes = enclosed.bounds(boxes), enclosed.slopes(boxes)
        assert not any(result.refusals)
        evaluate = jax.jit(jax.vmap(function))
        for k in range(20):
            inside = rng.uniform(boxes.lower[k], boxes.upper[k], (300, N))
            inside[0], inside[1] = boxes.lower[k], boxes.upper[k]
            values = np.asarray(evaluate(inside))
            assert np.all(result.bounds.lower[k] <= values)
            assert np.all(values <= result.bounds.upper[k])
        for refusal in np.array(slopes.refusals)[width[:, 0] > 1]:
            assert "floor jumps within the box" in refusal or "turned into an integer" in refusal


def test_the_hull_is_no_wider_than_its_values():
    with jax.enable_x64(True):
        read = Enclosed(lambda x: jnp.asarray(TABLE)[whole(x)], (2,))
        found = read.bounds(Interval(np.array([[0.5, 2.5]]), np.array([[2.5, 4.5]])))
    np.testing.assert_array_equal(found.bounds.lower, [[-1.0, 0.25]])
    np.testing.assert_array_equal(found.bounds.upper, [[2.0, 7.0]])


def test_too_many_values_are_refused_in_words_and_only_where_they_are():
    long = np.arange(1000.0)
    with jax.enable_x64(True):
        read = Enclosed(lambda x: lax.dynamic_slice(jnp.asarray(long), (whole(x[0]),), (1,)), (1,))
        found = read.bounds(Interval(np.array([[2.5], [3.5]]), np.array([[900.0], [4.5]])))
    assert "more than 64 values within the box" in found.refusals[0] and not found.refusals[1]
    assert (found.bounds.lower[1], found.bounds.upper[1]) == (3.0, 4.0)


def test_indices_that_are_decided_differ_from_box_to_box():
    with jax.enable_x64(True):
        read = Enclosed(lambda x: lax.dynamic_slice(x**2, (whole(x[0]),), (1,)), (2,))
        boxes = Interval(np.array([[0.2, 3.0], [1.2, 3.0]]), np.array([[0.4, 3.5], [1.4, 3.5]]))
        found = read.slopes(boxes)
    assert not any(found.refusals)
    assert found.bounds.upper[0, 0] < 0.2 and found.bounds.lower[1, 0] > 8.9


@pytest.mark.parametrize("dtype", [jnp.uint8, jnp.int8])
def test_integers_that_wrap_around_are_not_bounded_by_the_ends(dtype):
    """Of 0, 1, ..., 256 the first and the last are 0 in eight bits, and none in between."""
    with jax.enable_x64(True):
        read = Enclosed(lambda x: x.astype(int).astype(dtype).astype(float), (1,))
        found = read.bounds(Interval(np.array([[0.0], [1.0]]), np.array([[256.5], [100.5]])))
        assert found.refusals[0] and not found.refusals[1]
        assert found.bounds.contains(np.array([[0.0], [57.0]]))[1, 0]
        # ⌊x⌋ = x/2 + 64.5 at 129
        few = sx.solvers.BranchAndPrune(max_boxes=9)
        found = few.search(lambda x: x.astype(int).astype(jnp.uint8) - x / 2 - 64.5, [0.0], [256.5])
        assert not found.complete


def test_entries_at_an_index_to_which_a_function_is_applied_are_not_taken_for_moved():
    """JAX calls it `scatter`, as what sets entries; 2 x₀ = 1 has no zero at 1."""
    with jax.enable_x64(True):
        for update in (lambda v: 2 * v, jnp.sin):
            found = certify_zeros(lambda x, f=update: x.at[0].apply(f) - 1, [[1.0], [0.5]])
            assert not found.exists.any()
            assert found.reason[0] == "no interval rule for scatter_apply"
        assert certify_zeros(lambda x: x.at[:1].set(2 * x[:1]) - 1, [[0.5]]).exists.all()


def test_fixed_points_of_a_map_with_a_table_are_proved():
    """x ↦ x/2 + t, t from a table by the whole part of x: rest at 2t where that has this part."""
    table = np.array([0.3, 0.1, 1.2, 0.2])

    def step(x):
        return x / 2 + jnp.asarray(table)[jnp.clip(whole(x), 0, 3)]

    system = sx.DiscreteMap(step, 1, domain=(-4.0, 8.0))
    points = sx.find_fixed_points(system, np.linspace(-3, 7, 41)[:, None])
    np.testing.assert_allclose(np.sort(points.fixed.states[:, 0]), [0.6, 2.4], rtol=1e-12)
    assert points.fixed.certified.all()
    assert not points.complete and "floor jumps within the box" in points.completeness
