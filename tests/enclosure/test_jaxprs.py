"""Calls in traced functions: everyone who reads them looks into the same ones."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from enclosure_tools import with_backward_rule, with_rule

from separatrix.solvers.piecewise_linear import recognize
from separatrix.systems.program import trace_program

N = 3
W = np.random.default_rng(0).normal(size=(N, N))
STORED = jnp.ones(N, jnp.float32)


def plain(h):
    return jax.lax.max(W @ h + STORED @ STORED.astype(float), 0.0)


PLAIN = {
    "jit": jax.jit,
    "one in another": lambda f: jax.jit(jax.checkpoint(jax.jit(f))),
}
RULED = {
    "custom_jvp": lambda f: with_rule(f, lambda v: 2.0 * v),
    "custom_vjp": lambda f: with_backward_rule(f, lambda v: 2.0 * v),
}
WRAPS = PLAIN | RULED


def test_numbers_turned_into_integers_are_settled_as_jax_does():
    """There is no -1.5 and no 300.5 among the integers of eight bits: NumPy wraps around."""
    far = np.array([-1.5, 300.5, 7.9], np.float32)

    def function(h):
        return h + jnp.asarray(far).astype(jnp.uint8)

    program = trace_program(function, jax.ShapeDtypeStruct((N,), float))
    with jax.enable_x64(True):
        h = np.zeros(N)
        np.testing.assert_array_equal(program(h), function(h))
        np.testing.assert_array_equal(recognize(function, N)(h), function(h))


@pytest.mark.parametrize("name", WRAPS)
def test_constants_are_settled_inside_of_a_call_unless_it_has_a_rule_of_its_own(name):
    function = WRAPS[name](plain)
    program = trace_program(function, jax.ShapeDtypeStruct((N,), float))
    with jax.enable_x64(True):
        h = np.random.default_rng(1).normal(size=N)
        np.testing.assert_allclose(program(h), function(h), rtol=1e-15)
        left = [e.primitive.name for e in jax.make_jaxpr(program)(h).eqns]
        assert left.count("dot_general") == 2 * (name in PLAIN)
        if name == "custom_vjp":
            slope = jax.vjp(program, h)[1](np.ones(N))[0]
        else:
            slope = jax.jvp(program, (h,), (np.ones(N),))[1]
        expected = 2.0 * np.ones(N) if name in RULED else (W @ np.ones(N)) * (plain(h) > 0)
        np.testing.assert_allclose(slope, expected, rtol=1e-12)
