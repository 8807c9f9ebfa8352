"""Jacobians against JAX's own, and what they cost."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from enclosure_tools import with_rule

from separatrix.solvers.jacobian import value_and_transposed_jacobian

N = 6
_RNG = np.random.default_rng(0)
W, V = _RNG.standard_normal((N, N)), _RNG.standard_normal((4 * N, N))
B = _RNG.standard_normal(4 * N)


def gru(h, reset_first=False):
    r, z, c = jnp.split(V[: 3 * N] @ h + B[: 3 * N], 3)
    r, z = jax.nn.sigmoid(r), jax.nn.sigmoid(z)
    return (1 - z) * jnp.tanh(W @ (r * h) if reset_first else r * c) + z * h


def lstm(state):
    h, c = state[:N], state[N:]
    gates = V @ h + B
    i, f, o = (jax.nn.sigmoid(gates[k * N : (k + 1) * N]) for k in range(3))
    c = f * c + i * jnp.tanh(gates[3 * N :])
    return jnp.concatenate([o * jnp.tanh(c), c])


steep = with_rule(jnp.tanh, lambda v: 7.0 * v)
# Each with its size and how many products a Jacobian costs beside the value, of n³ operations.
FUNCTIONS = {
    "rate outside": (lambda h: jnp.tanh(W @ h + B[:N]) - h, N, 0),
    "rate inside": (lambda h: W @ jax.nn.softplus(h) - h, N, 0),
    "row vectors": (lambda h: (h[None] @ W + B[:N])[0] - h, N, 0),
    "rectifier": (lambda h: jax.nn.relu(h @ W + B[:N]), N, 0),
    "leaky rectifier": (lambda h: jax.nn.leaky_relu(W @ h) + jax.nn.elu(h) + jax.nn.gelu(h), N, 0),
    "GRU": (gru, N, 0),
    "GRU, reset first": (lambda h: gru(h, reset_first=True), N, 1),
    "LSTM": (lstm, 2 * N, 0),
    "a rule of one's own": (lambda h: W @ steep(h), N, 0),
    "several layers": (lambda h: W @ jnp.tanh(W @ h), N, 1),
    "elements": (lambda h: jnp.sin(h) * h + h[::-1] ** 2, N, 0),
    "coordinates that meet": (lambda h: W @ (h + jnp.roll(h, 2)), N, 1),
    "one part, zeros, another": (lambda h: jnp.concatenate([h[:2], jnp.zeros(2), h[4:]]) @ W, N, 1),
    "a square": (lambda h: (W @ h) @ W * h, N, 1),
    "a choice": (lambda h: jnp.where(h > 0, jnp.tanh(h), h**3), N, 0),
    "a sum": (lambda h: h / h.sum() + jnp.linalg.norm(h), N, 0),
    "split": (lambda h: jnp.concatenate(jnp.split(h * 2.0, 3)[::-1]), N, 0),
    "split after a product": (lambda h: jnp.split(W @ h, 2)[1], N, 0),
    "copies": (lambda h: (jnp.stack([h, h]) @ W).sum(0), N, 1),
    "a broadcast": (lambda h: (W * h).sum(1) + (W * h[:, None]).sum(0), N, 0),
    "single precision": (lambda h: (W.astype("float32") @ h.astype("float32")).astype(float), N, 0),
    "a constant": (lambda h: jnp.ones(N), N, 0),
    "whole numbers": (lambda h: jnp.floor(h) + (h > 0) + h.astype(int), N, 0),
    "a loop": (
        lambda h: jax.lax.scan(lambda c, _: (jnp.tanh(W @ c), None), h, None, length=3)[0], N, None,
    ),
    "a condition": (lambda h: jax.lax.cond(h[0] > 0, jnp.sin, jnp.cos, h), N, 0),
    "a compiled part": (lambda h: jax.jit(lambda x: W @ jnp.tanh(x))(h) - h, N, 0),
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_it_is_the_jacobian_that_jax_gives(name):
    function, size, products = FUNCTIONS[name]
    both = lambda x: value_and_transposed_jacobian(function, x)  # noqa: E731
    with jax.enable_x64(True):
        states = jnp.asarray(np.random.default_rng(1).standard_normal((3, size)))
        values, transposed = jax.jit(jax.vmap(both))(states)
        expected = jax.vmap(jax.jacfwd(function))(states)
        assert transposed.dtype == expected.dtype
        np.testing.assert_allclose(values, jax.vmap(function)(states), rtol=1e-14, atol=1e-14)
        np.testing.assert_allclose(transposed.swapaxes(1, 2), expected, rtol=1e-13, atol=1e-14)
        of_value, of_both = (str(jax.make_jaxpr(f)(states[0])) for f in (function, both))
        added = of_both.count("dot_general[") - of_value.count("dot_general[")
        assert products in (added, None)
