"""JAX functions over boxes: values and slopes are enclosed, what cannot be is refused."""

import flint
import jax
import jax.extend
import jax.numpy as jnp
import numpy as np
import pytest
from enclosure_tools import (
    assert_encloses,
    assert_holds_rounded,
    assert_overlaps,
    bounds_everywhere,
    enclose,
    enclose_jacobian,
    in_balls,
    with_backward_rule,
    with_rule,
)
from jax import lax

from separatrix.enclosure.interval import (
    ComputesInFloat32,
    Enclosed,
    Interval,
    NoIntervalRule,
    ball,
    point,
)
from separatrix.enclosure.interval.rules import RULES

rng = np.random.default_rng(0)
W = rng.standard_normal((3, 3)).astype(np.float32)
FUNCTIONS = {
    "tanh": lambda x: jnp.tanh(W @ x),
    "tanh, states first": lambda x: jnp.tanh(x @ W),
    "relu": lambda x: jax.nn.relu(W @ x),
    "softplus": lambda x: jax.nn.softplus(W @ x) + jnp.logaddexp(x, x[::-1]),
    "piecewise": lambda x: jax.nn.elu(x) + jax.nn.leaky_relu(x) + jax.nn.selu(x) + jax.nn.celu(x),
    "hard": lambda x: jax.nn.relu6(x) + jax.nn.hard_sigmoid(x),
    "smooth": lambda x: jax.nn.gelu(x) + jax.nn.silu(x) + jax.nn.gelu(x, False) + jax.nn.mish(x),
    "softmax": lambda x: jax.nn.softmax(x) + jax.nn.logsumexp(x) + jnp.sqrt(1 + jnp.sum(x * x)),
    "indexing": lambda x: x.at[jnp.array([1])].add(x[0]) + x[jnp.array([0, 2, 1])],
    "moving": lambda x: jnp.roll(x, 1) + jnp.pad(x, 1)[:3] + x.at[1].set(x[0]),
    "shapes": lambda x: jnp.stack([x, 2 * x], 1).reshape(-1)[::2] + jnp.tile(x, (2, 1)).T[:, 0],
    "split": lambda x: jnp.concatenate(jnp.split(x, [1])[::-1]) + lax.optimization_barrier(x),
    "sums along axes": lambda x: jnp.cumsum(x) * lax.cumsum(jnp.outer(x, x), 1, reverse=True)[0],
    "fewer operations": lambda x: lax.rsqrt(1 + jnp.square(x)) * lax.erfc(x) + jnp.minimum(x, 0.1),
    "logistic, written out": lambda x: 1 / (1 + jnp.exp(-W @ x)),
    "fori_loop": lambda x: lax.fori_loop(0, 3, lambda i, c: jnp.tanh(c + x[i]), x),
    "scan": lambda x: lax.scan(lambda c, w: (jnp.tanh(c + w), c * w), x, W)[1][1],
    "scan back": lambda x: lax.scan(lambda c, w: (jnp.tanh(c + w), c), x, W, reverse=True)[0],
    "cond": lambda x: lax.cond(x[0] > 9.0, lambda v: v, lambda v: -v * v, x),
    "powers": lambda x: jnp.sin(x) ** 2 + x**3 + jnp.power(x, 2.0) + (2.5 + jnp.cos(x)) ** 1.5,
    "checkpoint": lambda x: jax.checkpoint(jnp.sin)(x) * jnp.exp(x) + jnp.arctan(x) / (1 + x**2),
    "einsum": lambda x: jnp.einsum("i,j,ij->j", x, x, W) + jnp.outer(x, x) @ x,
    "batched": lambda x: jnp.einsum("bi,bij->bj", jnp.stack([x, x]), jnp.stack([W, W])).sum(0),
    "batched twice": lambda x: jnp.einsum(
        "bi,bij->j", jnp.outer(x, x), jnp.outer(x, x)[:, None] * W
    ),
    "convolution": lambda x: jnp.convolve(x, jnp.array([1.0, 2.0]), mode="same"),
    "extremes": lambda x: jnp.max(x) * x + jnp.min(x) + jnp.clip(x, -1, 1),
    "norm": lambda x: (x - x.mean()) / jnp.sqrt(jnp.var(x) + 1e-1),
    "vmap": lambda x: jax.vmap(lambda w: jnp.tanh(w @ x))(jnp.asarray(W)),
    "maximum": lambda x: jnp.where(x > x[::-1], x, x[::-1]),
    "constants": lambda x: x * jnp.linspace(0.0, 1.0, 3) + jnp.asarray(W)[0] + jnp.arange(3) // 2,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_and_slopes_are_enclosed(name):
    for found in assert_encloses(FUNCTIONS[name], 3, radii=(0.3,), boxes=4):
        assert found.refusals == ("",)


def gru(h, weights, bias, sigmoid=jax.nn.sigmoid, tanh=jnp.tanh):
    n = len(h)
    a = weights @ h + bias
    r, z = sigmoid(a[:n]), sigmoid(a[n : 2 * n])
    return (1 - z) * tanh(r * a[2 * n :]) + z * h


def test_gru_contains_the_value_of_ball_arithmetic():
    local, n = np.random.default_rng(3), 12
    for _ in range(5):
        weights, bias = local.standard_normal((3 * n, n)), local.standard_normal(3 * n)
        state = local.uniform(-1, 1, n)
        result = enclose(lambda h, w=weights, b=bias: gru(h, w, b), point(state))
        with flint.ctx.workprec(150):
            balls = map(in_balls, (state, weights, bias))
            assert_overlaps(result, gru(*balls, lambda x: 1 / (1 + np.exp(-x)), np.tanh))
        assert np.max(result.upper - result.lower) < 1e-13


def test_tanh_and_gru_cells_map_all_of_space_into_the_unit_box():
    local, n = np.random.default_rng(5), 8
    weights, bias = local.standard_normal((3 * n, n)), local.standard_normal(3 * n)
    weights[0] = 0.0  # a unit without input: 0 * inf must not spoil anything

    def candidate(h):
        a = weights @ h + bias
        return jnp.tanh(jax.nn.sigmoid(a[:n]) * a[2 * n :])

    for function in (lambda h: jnp.tanh(weights[:n] @ h + bias[:n]), candidate):
        lower, upper = bounds_everywhere(function, n)
        assert (lower >= -1.0).all() and (upper <= 1.0).all()
    assert np.isinf(bounds_everywhere(lambda h: gru(h, weights, bias), n)).all()
    step = enclose(lambda h: gru(h, weights, bias), ball(np.zeros(n), 1.0))
    assert (np.abs(step.lower) <= 2.0).all()


double = with_rule(lambda x: 2.0 * x, lambda v: 100.0 * v)
ABOUT_0, BESIDE_0 = (-1.0, 1.0), (1.0, 2.0)
SLOPES = {
    "relu": (jax.nn.relu, ABOUT_0, (0.0, 1.0)),
    "abs": (jnp.abs, ABOUT_0, (-1.0, 1.0)),
    "clip": (lambda x: jnp.clip(x, -0.5, 0.5), ABOUT_0, (0.0, 1.0)),
    "leaky_relu": (lambda x: jax.nn.leaky_relu(x, 0.25), ABOUT_0, (0.25, 1.0)),
    "where": (lambda x: jnp.where(x > 0, x, 0.0), ABOUT_0, (0.0, 1.0)),
    "where, two lines": (lambda x: jnp.where(x > 0.5 * x, x, 0.5 * x), ABOUT_0, (0.5, 1.0)),
    "a derivative rule has no say": (double, BESIDE_0, (2.0, 2.0)),
    "nor a stopped gradient": (lambda x: lax.stop_gradient(x) * 2.0, BESIDE_0, (2.0, 2.0)),
}  # fmt: skip


@pytest.mark.parametrize("name", SLOPES)
def test_slopes_hold_those_of_all_pairs_of_states(name):
    function, (low, high), expected = SLOPES[name]
    slopes, refusal = enclose_jacobian(function, Interval(np.array([low]), np.array([high])))
    assert not refusal
    found = [slopes.lower[0, 0], slopes.upper[0, 0]]
    np.testing.assert_allclose(found, expected, rtol=1e-14, atol=1e-14)


spike = with_rule(lambda x: jnp.where(x > 0, 1.0, 0.0), lambda v: v)
straight_through = with_backward_rule(lambda x: jnp.round(x), lambda v: v)
JUMPS = {
    "where": lambda x: jnp.where(x > 0, 1.0, 0.0) * x + 1.0,
    "where, shifted": lambda x: jnp.where(x > 0, x + 1e-9, x),
    "where, two conditions": lambda x: jnp.where((x > 0) & (x < 9), x, -x - 1),
    "where, as a truth value": lambda x: jnp.where(
        x > 0, 1 - x, jnp.where((x + 0.5).astype(bool), 2 - x, 1 - x)
    ),
    "where, another quantity": lambda x: jnp.where(x[0] > 0, x, -x),
    "spike": lambda x: spike(x) + x,
    "straight-through": lambda x: straight_through(x + 0.5) + x,
    "stopped": lambda x: x + lax.stop_gradient(jnp.where(x > 0, 1.0, 0.0)),
    "sign": lambda x: jnp.sign(x) + x,
    "floor": lambda x: jnp.floor(x) + x,
    "mask": lambda x: (x > 0).astype(x.dtype) + x,
    "integer": lambda x: (x + 0.5).astype(jnp.int32).astype(x.dtype) + jnp.floor(x),
    "branch": lambda x: lax.cond(x[0] > 0, lambda v: v, lambda v: -v, x),
    "heaviside": lambda x: jnp.heaviside(x, 0.5) + x,
    "pole": lambda x: 1 / (x + 0.05),
    "pole, upside down": lambda x: -1 / (x + 0.05),
    "loop": lambda x: lax.while_loop(lambda c: c[0] < 0, lambda c: c + 1.0, x),
}


@pytest.mark.parametrize("name", JUMPS)
def test_a_jump_is_refused_where_it_matters_and_only_there(name):
    across = Interval(np.full(2, -0.1), np.full(2, 0.1))
    beside = Interval(np.full(2, 0.1), np.full(2, 0.2))
    try:
        assert enclose_jacobian(JUMPS[name], across)[1]
        slopes, refusal = enclose_jacobian(JUMPS[name], beside)
    except NoIntervalRule:
        return
    assert not refusal
    with jax.enable_x64(True):
        shift = np.asarray(JUMPS[name](jnp.full(2, 0.2)) - JUMPS[name](jnp.full(2, 0.1)))
    assert_holds_rounded(slopes, np.diag(shift / 0.1))


OUTSIDE, STATES = np.array([5, 1]), np.array([0.3, -0.2])


@pytest.mark.parametrize("fill", [0.0, 9.0])
def test_what_is_filled_in_beside_an_array_is_what_the_function_says(fill):
    def taken(x):
        return jnp.take(jnp.tanh(x), OUTSIDE, mode="fill", fill_value=fill) - x

    found = enclose(taken, point(STATES)).lower
    np.testing.assert_allclose(found, [fill - 0.3, np.tanh(-0.2) + 0.2], atol=1e-14)
    slopes, _ = enclose_jacobian(taken, point(STATES))
    np.testing.assert_allclose(slopes.lower[0], [-1.0, 0.0], atol=1e-15)


def test_what_is_filled_in_where_nothing_is_said_is_nan_or_the_least_integer():
    blank = enclose(lambda x: jnp.take(jnp.tanh(x), OUTSIDE, mode="fill"), point(STATES))
    assert not np.isfinite(blank.lower[0])
    integers = np.arange(2, dtype=np.int32)
    least = enclose(lambda x: x * jnp.take(integers, OUTSIDE, mode="fill"), point(STATES))
    np.testing.assert_allclose(least.lower, STATES * [-(2.0**31), 1.0], rtol=1e-14)


# What is refused in float32 or coarser, and the operations that have no rule, by their names.
FLOAT32 = {
    "cast": lambda x: jnp.tanh(x.astype(jnp.float32)).astype(x.dtype),
    "there and back": lambda x: x.astype(jnp.float32).astype(x.dtype),
    "bfloat16": lambda x: x.astype(jnp.bfloat16).astype(x.dtype) + x,
    "result": lambda x: x.astype(jnp.float16),
    "weights": lambda x: (jnp.tanh(jnp.asarray(W))) @ x,
    "product": lambda x: lax.dot_general(
        W, x, (((1,), (0,)), ((), ())), preferred_element_type=np.float32
    ),
    "in a loop": lambda x: lax.fori_loop(
        0, 2, lambda i, c: c.astype(jnp.float32).astype(c.dtype), x
    ),
}
WITHOUT_RULE = {
    "sort": jnp.sort,
    "lu": lambda x: jnp.linalg.inv(jnp.diag(x))[0],
    "round": jnp.round,
    "convert_element_type of int64": lambda x: x * x.astype(int),
    # NumPy has integers of few bits as a kind of their own
    "convert_element_type on int4": lambda x: x.astype(jnp.int4).astype(x.dtype),
    "gather": lambda x: x[jnp.array([0, 1]) + jnp.argmax(x)],
    "add beyond the range of int8": lambda x: (
        x * (jnp.argmax(W @ x).astype(jnp.int8) + jnp.int8(127))
    ),
    "argmax of int64": lambda x: x[jnp.argmax((x > 0).astype(int))],
    "while": lambda x: lax.while_loop(lambda c: c[0] < 0, lambda c: c + 1.0, x),
    "scatter_apply": lambda x: x.at[0].apply(jnp.sin),
    "scan": lambda x: lax.fori_loop(0, 9999, lambda i, c: 0.5 * c, x),
}


@pytest.mark.parametrize("name", [*FLOAT32, *WITHOUT_RULE])
def test_what_cannot_be_enclosed_is_refused_by_name(name):
    if name in FLOAT32:
        with pytest.raises(ComputesInFloat32, match=r"float(16|32)"):
            enclose(FLOAT32[name], point(np.ones(3)))
    else:
        with pytest.raises(NoIntervalRule, match=name):
            enclose(WITHOUT_RULE[name], point(np.ones(3)))


def test_constants_of_float32_that_are_only_moved_are_known_exactly():
    """As an input is that a user stacks, `jnp.stack([1.0, strength])`."""
    parts = jnp.float32(1.0), jnp.float32(0.1)
    found = enclose(lambda x: x + jnp.stack(parts)[::-1].astype(x.dtype), point(np.zeros(2)))
    np.testing.assert_allclose(found.lower, [np.float32(0.1), 1.0], rtol=1e-15, atol=0)
    np.testing.assert_allclose(found.lower, found.upper, rtol=1e-15, atol=0)


def test_integers_may_be_chosen():
    chosen = Enclosed(lambda x: x * jnp.where(x > 0, 3, 4), (1,))
    result = chosen.slopes(ball(np.array([[-1.0], [0.0], [1.0]]), 0.1))
    assert [bool(reason) for reason in result.refusals] == [False, True, False]
    np.testing.assert_allclose(result.slopes.lower[[0, 2], 0, 0], [4.0, 3.0], rtol=1e-12)


PLACED = {
    "a slice": lambda x: lax.dynamic_slice(jnp.asarray(W), (jnp.argmax(x), 1), (1, 2))[0],
    "of the state": lambda x: x[jnp.argmax(x)] * x,
    "of the state, from the end": lambda x: x[jnp.argmin(x) + -3] * x,
    "one hot": lambda x: jax.nn.one_hot(jnp.argmax(W @ x), 3, dtype=x.dtype) @ W,
    "a switch": lambda x: lax.switch(jnp.argmax(x), [jnp.sin, jnp.cos, lambda v: v * v], x),
    "of a comparison": lambda x: jnp.asarray(W)[(x[0] > x[1]).astype(int)] * x,
    "of columns": lambda x: jnp.argmax(jnp.outer(x, x) + W, axis=0) * x,
}


@pytest.mark.parametrize("name", PLACED)
def test_what_stands_at_the_place_of_the_largest_is_enclosed(name):
    found = assert_encloses(PLACED[name], 3, radii=(0.0, 0.1, 1.0), boxes=20)
    refusals = [result.refusals[0] for result in found if result.refusals[0]]
    assert 0 < len(refusals) < 50
    assert all("undecided" in reason for reason in refusals)


@pytest.mark.parametrize("chosen", [jnp.argmax, jnp.argmin])
def test_the_first_of_equal_numbers_is_taken(chosen):
    ties = np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0], [-np.inf] * 3, [2.0, np.nan, 3.0]])
    found = Enclosed(lambda x: chosen(x)[None].astype(float), (3,)).bounds(point(ties))
    with jax.enable_x64(True):
        expected = np.array([chosen(jnp.asarray(x)) for x in ties])[:, None]
    np.testing.assert_array_equal(found.lower[:3], expected[:3])
    np.testing.assert_array_equal(found.upper[:3], expected[:3])
    assert found.lower[3] <= expected[3] <= found.upper[3]


def test_outside_of_its_domain_a_function_is_not_bounded():
    box = Interval(np.array([-1.0]), np.array([1.0]))
    for function in (jnp.log, jnp.sqrt, lambda x: 1.0 / x, lambda x: x**-2):
        assert enclose_jacobian(function, box)[1]


def random_expression(local, depth):
    """A random composition of functions of x, with those of `xp`: of NumPy or of JAX."""
    if depth == 0:
        return lambda xp, x: x
    inner, other = random_expression(local, depth - 1), random_expression(local, depth - 1)
    matrix = local.standard_normal((3, 3))
    forms = [
        lambda xp, x: xp.tanh(inner(xp, x)),
        lambda xp, x: xp.exp(xp.sin(inner(xp, x))),
        lambda xp, x: xp.cos(inner(xp, x)),
        lambda xp, x: xp.square(inner(xp, x)),
        lambda xp, x: xp.log1p(inner(xp, x) ** 2),
        lambda xp, x: abs(inner(xp, x)),
        lambda xp, x: matrix @ inner(xp, x),
        lambda xp, x: inner(xp, x) * other(xp, x),
        lambda xp, x: inner(xp, x) / (1 + other(xp, x) ** 2),
    ]
    return forms[local.integers(len(forms))]


def test_random_expressions_contain_the_values_of_ball_arithmetic():
    local = np.random.default_rng(6)
    for _ in range(30):
        expression = random_expression(local, int(local.integers(1, 5)))
        states = local.uniform(-3, 3, (20, 3))
        enclosed = Enclosed(lambda x, of=expression: of(jnp, x), (3,))
        with flint.ctx.workprec(300):
            truths = [expression(np, in_balls(state)) for state in states]
            assert_overlaps(enclosed.bounds(point(states)), np.concatenate(truths))


def test_every_primitive_that_proofs_rely_on_is_still_there():
    homes = (jax.lax, jax.extend.core.primitives)
    known = {getattr(home, n).name for home in homes for n in dir(home) if n.endswith("_p")}
    apart = {"softmax"}  # which JAX has several for
    if jax.__version_info__ < (0, 12):
        apart.add("log2")
    gone = set(RULES) - known - apart
    assert not gone, f"JAX {jax.__version__} has no primitive called {', '.join(sorted(gone))}"
