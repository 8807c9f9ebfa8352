"""Reading JAX functions as piecewise-linear ones: same values, same pieces, or a reason."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from separatrix.solvers import batched
from separatrix.solvers.piecewise_linear import PiecewiseLinear, recognize

N = 3
rng = np.random.default_rng(0)
W = rng.normal(size=(N, N))
W32 = jnp.asarray(W, jnp.float32)
U = np.array([1.0, 0.5, 0.5], np.float32)
MASK = np.array([1.0, 0.0, 0.0])


class Network(eqx.Module):
    weights: jax.Array

    def step(self, h):
        return 0.9 * h + 0.1 * jax.nn.relu(self.weights @ h + 1.0)


def unrolled(h):
    return jax.lax.scan(lambda c, w: (jax.nn.relu(w @ c), c), h, jnp.stack([W, W.T]))[0]


def two_outputs(h):
    return jax.lax.scan(lambda c, w: (c, w @ jax.nn.relu(c)), h, jnp.stack([W, W.T]))[1][1]


RECOGNIZED = {
    "relu": lambda h: jax.nn.relu(W @ h + 0.3),
    "float32 weights": lambda h: jax.nn.relu(U @ W32 + h @ W32),
    "leaky integration": lambda h: 0.8 * h + 0.2 * jax.nn.relu(W @ h - 0.1),
    "leaky_relu": lambda h: jax.nn.leaky_relu(W @ h, 0.2),
    "prelu by where": lambda h: jnp.where(h - 1 >= 0.5, 2 * h, h + 1.5),
    "threshold-linear by where": lambda h: jnp.where(h > 0.3, h - 0.3, 0.0),
    "negated comparison": lambda h: jnp.where(~(h > 0), -h, h),
    "mask": lambda h: (h > 0) * h,
    "sign compared": lambda h: jnp.where(jnp.sign(h - 0.2) > 0, h - 0.2, 0.2 * (h - 0.2)),
    "sign compared from below": lambda h: jnp.where(jnp.sign(h) <= -0.5, -h, 3 * h),
    "abs by sign": lambda h: W @ (h * jnp.sign(h)),
    "slopes by where": lambda h: (W @ h) * jnp.where(W @ h > 0, 1.0, 0.2),
    "slopes by mask": lambda h: h * (0.2 + 0.8 * (h > 0) / 2),
    "slopes in single precision": lambda h: h * jnp.where(h > 0, 0.1, 0.2).astype(jnp.float32),
    "one choice for all": lambda h: (
        h[0] * jax.lax.select(h[0] > 0, jnp.ones(3), 2 * jnp.ones(3)).reshape(3, 1)[:, 0]
    ),
    "one choice for a scalar": lambda h: h[0] * jax.lax.select(h[0] > 0, 0.5, 2.0) + 0 * h,
    "a choice made a scalar": lambda h: h[0] * jax.lax.select(h[:1].reshape(()) > 0, 1.0, 2.0) + h,
    "slopes by sign": lambda h: h * (0.6 - 0.4 * jnp.sign(-h)),
    "hard_tanh": lambda h: jax.nn.hard_tanh(W @ h),
    "hard_sigmoid": jax.nn.hard_sigmoid,
    "masked relu6": lambda h: jax.nn.relu6(h) * (h > 0),
    "clip": lambda h: jnp.clip(W @ h, -0.5, 1.0),
    "clip below first": lambda h: jnp.maximum(jnp.minimum(h, 1.0), -0.5),
    "clamp": lambda h: jax.lax.clamp(-0.5, h, 0.7),
    "abs": lambda h: jnp.abs(W @ h) - jnp.abs(h[::-1]),
    "maximum of two": lambda h: jnp.minimum(jnp.maximum(W @ h, h), 2 - h),
    "maxima": lambda h: h - jnp.max(W @ h) + jnp.mean(h) + jnp.min(h),
    "two layers": lambda h: jax.nn.relu(W @ jax.nn.relu(W @ h + 0.3) - 0.1),
    "bound method": Network(W32).step,
    "jitted": jax.jit(lambda h: jax.nn.relu(W @ h)),
    "checkpoint": lambda h: jax.checkpoint(jax.nn.relu)(W @ h),
    "vmap": lambda h: jax.vmap(lambda w: jax.nn.relu(w @ h))(jnp.asarray(W)),
    "rearranged": lambda h: jnp.roll(h, 1) + jnp.concatenate([h[1:], h[:1]]).reshape(3, 1).T[0],
    "indexed": lambda h: h[np.array([0, 2, 1])] + h.at[1].set(0.0) + jnp.cumsum(h),
    "split and stacked": lambda h: jnp.stack(list(h)) + sum(jnp.split(h, 3)),
    "padded": lambda h: jnp.pad(h, (1, 0))[:3],
    "loop": unrolled,
    "outputs of a loop": two_outputs,
    "constant choice": lambda h: jnp.where(np.array([True, False, True]), h, -h),
    "a number beyond the cases": lambda h: jax.lax.select_n(np.array([-1, 1, 5]), h, -h),
    "one of very many": lambda h: jax.lax.select_n(
        np.array([2, 68, 99]), *(k * h for k in range(70))
    ),
    "turned bits": lambda h: h * ~(h > 0).astype(int),
    "divided integers": lambda h: h * jax.lax.div(3 * (h > 0).astype(int), 2),
    "integers of few bits": lambda h: h * (jnp.int8(2) * (100 * (h > 0).astype(jnp.int8))),
    "integers without a sign": lambda h: h * ((h > 0).astype(jnp.uint8) - jnp.uint8(1)),
    "truth compared": lambda h: h * ((h > 0) < np.array([True, True, False])),
    "constant": lambda h: jnp.ones(3),
    "identity": lambda h: h,
}


@pytest.mark.parametrize("name", RECOGNIZED)
def test_form_has_the_functions_values_and_pieces(name):
    function = RECOGNIZED[name]
    form = recognize(function, N)
    assert isinstance(form, PiecewiseLinear)
    states = np.random.default_rng(1).normal(size=(40, N)) * 2
    with jax.enable_x64(True):
        both = jax.jit(jax.vmap(lambda x: (function(x), jax.jacfwd(function)(x))))
        expected, slopes = map(np.asarray, both(jnp.asarray(states)))
    np.testing.assert_allclose(form(states), expected, atol=1e-13)
    patterns = form.gates(states)
    A, b = form.pieces(patterns)
    np.testing.assert_allclose(batched.apply(A, states) + b, expected, atol=1e-13)
    np.testing.assert_allclose(A, slopes, atol=1e-13)
    for many, one in zip((A, b), form.piece(patterns[0]), strict=True):
        np.testing.assert_allclose(many[0], one, atol=1e-13)


OF_A_CONSTANT = {
    "chosen by a comparison": lambda c, compare: lambda h: jnp.where(compare(0 * h + c, 0), h, -h),
    "chosen by the other side": lambda c, compare: lambda h: jnp.where(compare(c, 0 * h), h, -h),
    "masked": lambda c, compare: lambda h: h * ~compare(h - h, c),
    "with itself": lambda c, compare: lambda h: jnp.where(compare(c * h, c * h), h, -h),
    "in one unit": lambda c, compare: (
        lambda h: jnp.where(compare(MASK * h, 0), jnp.where(MASK == 1, h, 2 * h), h * (1 - MASK))
    ),
    "of a sign": lambda c, compare: lambda h: jnp.where(compare(jnp.sign(0 * h), c), h, -h),
    "of a mask of signs": lambda c, compare: (
        lambda h: jnp.where(compare(MASK * jnp.sign(h), c * (1 - MASK)), h, h * (1 - MASK))
    ),
    "times its sign": lambda c, compare: lambda h: h * jnp.sign(0 * h + c) * compare(c, 0),
    "size and extremes": lambda c, compare: (
        lambda h: h * compare(c, 0) + abs(0 * h + c) + jnp.maximum(0 * h, c) + jnp.minimum(0 * h, c)
    ),
    "clamped": lambda c, compare: (
        lambda h: h + compare(0, c) * jnp.clip(0 * h + c, -0.5, 0.5) + jnp.clip(h, 0 * h + c, c)
    ),
}


@pytest.mark.parametrize("constant", [-1.0, 0.0, 1.0])
@pytest.mark.parametrize("compare", ["greater", "greater_equal", "less", "less_equal"])
@pytest.mark.parametrize("name", OF_A_CONSTANT)
def test_what_is_compared_may_be_constant(name, compare, constant):
    """`0 >= 0` holds and `0 > 0` does not, though both have the same boundary."""
    function = OF_A_CONSTANT[name](constant, getattr(jnp, compare))
    form = recognize(function, N)
    assert isinstance(form, PiecewiseLinear)
    states = np.random.default_rng(1).normal(size=(10, N))
    with jax.enable_x64(True):
        expected = jax.vmap(function)(jnp.asarray(states))
    np.testing.assert_allclose(form(states), expected, atol=1e-13)


REFUSED = {
    "tanh": (jnp.tanh, "tanh"),
    "single precision": (lambda h: jax.nn.relu(W32 @ h.astype(jnp.float32)), "float64"),
    "square": (lambda h: h**2, "power"),
    "product": (lambda h: h * jax.nn.relu(h), "both"),
    "quadratic form": (lambda h: h * (h @ W @ h), "both"),
    "division": (lambda h: 1.0 / (1.0 + jnp.abs(h)), "divides"),
    "swish": (jax.nn.hard_swish, "both"),
    "step": (lambda h: jnp.where(h > 0, 1.0, 0.0), "jumps"),
    "jump": (lambda h: jnp.where(h - 1 >= 0.5, 2 * h, h + 1.4), "discontinuous"),
    "selected by another": (lambda h: jnp.where(h[::-1] > 0, h, 0.0), "discontinuous"),
    "comparison": (lambda h: (h > 0).astype(float), "jumps"),
    "comparison inside": (lambda h: h + W @ (h > 0), "jumps"),
    "sign": (jnp.sign, "jumps"),
    "size of a comparison": (lambda h: jnp.abs((h > 0) - 0.5), "jumps"),
    "two comparisons": (lambda h: h * (h > 0) * ((h > 0) + (h < 1)), "or"),
    "floor": (jnp.floor, "floor"),
    "sort": (jnp.sort, "sort"),
    "branch": (lambda h: jax.lax.cond(h[0] > 0, lambda: h, lambda: 2 * h), "integer"),
    "index": (lambda h: h[jnp.argmax(h)] + h, "argmax"),
    "applied at an index": (lambda h: h.at[1].apply(lambda v: v + 1.0), "scatter_apply"),
    "selected by number": (
        lambda h: jax.lax.select_n(2 * (h > 0).astype(jnp.int32), -h, 0 * h, h),
        "integer",
    ),
    "of nothing": (lambda h: h + jnp.max(h[:0], initial=0.0), "elements"),
    "not a number": (lambda h: jnp.where(0 * h + np.nan >= 0, h, -h), "finite"),
    "long loop": (lambda h: jax.lax.fori_loop(0, 1000, lambda i, x: x + h, h), "scan"),
    "nan weights": (lambda h: np.nan * h, "finite"),
    "infinite weights": (lambda h: jnp.maximum(np.inf * h, 0.0), "finite"),
}


@pytest.mark.parametrize(("function", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_anything_else_is_refused_with_the_reason(function, reason):
    verdict = recognize(function, N)
    assert isinstance(verdict, str) and reason in verdict


@pytest.mark.parametrize("function", [lambda h: h[:2], lambda h: (h, h)])
def test_a_function_of_another_shape_is_an_error(function):
    with pytest.raises(ValueError, match="shape"):
        recognize(function, N)
