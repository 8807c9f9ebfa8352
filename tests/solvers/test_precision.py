"""The precision that a function is said to compute in."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx
from separatrix.solvers.precision import coarsest_precision

W = np.array([[1.2, 0.3], [-0.2, 1.5]])


def inside(dtype):
    return lambda x: jnp.tanh(W.astype(dtype) @ x.astype(dtype)).astype(x.dtype)


def in_a_loop(x):
    half = x.astype(jnp.float16)
    return jax.lax.fori_loop(0, 2, lambda _, h: 0.5 * h, half).astype(x.dtype)


CASES = {
    "float64": (lambda x: jnp.tanh(W @ x), "float64"),
    "float32": (inside(np.float32), "float32"),
    "float16": (inside(np.float16), "float16"),
    "bfloat16": (inside(jnp.bfloat16), "bfloat16"),
    "the coarsest of two": (
        lambda x: inside(jnp.bfloat16)(inside(np.float32)(x)).astype(x.dtype), "bfloat16"
    ),
    "after an operation without an interval rule": (
        lambda x: inside(np.float32)(jnp.sort(x)), "float32"
    ),
    "rounded to the bits of another type": (
        lambda x: jax.lax.reduce_precision(jnp.tanh(W @ x), 5, 10), "float16"
    ),
    "in a loop": (in_a_loop, "float16"),
    "a constant that does not depend on the state": (
        lambda x: x + (jnp.ones(2, jnp.float16) * np.float16(0.1)).astype(x.dtype), "float64"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_coarsest_type_on_the_way_of_the_state_is_named(name):
    function, expected = CASES[name]
    assert coarsest_precision(function, 2).name == expected


@pytest.mark.parametrize("name", ["bfloat16", "float64"])
def test_points_say_in_what_precision_they_were_found(name):
    function, expected = CASES[name]
    points = sx.find_fixed_points(sx.DiscreteMap(function, 2), 0.8 * np.eye(2))
    assert points.precision == expected
    assert points.certified.any() == (expected == "float64")
    assert (f"the function computes in {expected}" in repr(points)) == (expected != "float64")
