"""A box is called exhausted only when every zero in it is known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import systems
from piecewise_tools import enumerated, residual_of

import separatrix as sx
from separatrix.enclosure.krawczyk import certify_zeros
from separatrix.solvers.branch_and_prune import BranchAndPrune

METHOD = BranchAndPrune()


def random_network(size, gain, seed):
    weights = gain * np.random.default_rng(seed).standard_normal((size, size)) / np.sqrt(size)
    return lambda x: jnp.tanh(weights @ x) - x


def cube(size, half=1.0):
    return -half * np.ones(size), half * np.ones(size)


def assert_all(residual, found, count):
    assert found.complete and found.reason == ""
    assert len(found.states) == count
    assert certify_zeros(residual, found.states).unique.all()
    size = np.maximum(np.abs(found.states).max(1, initial=0), 1.0)
    assert (found.error_bounds < 1e-10 * size).all()


TEXTBOOK = {
    **{f"ring of {n}": (systems.ring(n, "map"), cube(n)) for n in (2, 3, 4)},
    "FitzHugh-Nagumo": (systems.fitzhugh_nagumo(0.8), cube(2, 5.0)),
    "Wilson-Cowan": (systems.wilson_cowan(), cube(2)),
    **{f"Wong-Wang {at}": (systems.wong_wang(*at), ([0, 0], [1, 1])) for at in systems.WONG_WANG},
}


@pytest.mark.parametrize("name", TEXTBOOK)
def test_textbook_systems_have_exactly_their_fixed_points(name):
    known, box = TEXTBOOK[name]
    found = METHOD.search(known.system.residual, *box)
    assert_all(known.system.residual, found, len(known.states))
    distance = np.abs(found.states[:, None] - known.states).max(-1)
    assert distance.min(0).max() < 1e-10


def wong_wang(mean, coherence):
    return sx.models.wong_wang(coherence, mu=mean).evaluate


def nine_zeros(x):
    return x * (1.0 - x) * (1.0 + x)


def in_units(size):
    return lambda x: size * jnp.tanh(2.0 * x / size) - x


LINE = ([-np.inf], [np.inf])
# What is searched, where, and how many zeros there are.
EXHAUSTED = {
    "Wong-Wang before a fold at 0.68470129": (wong_wang(30.0, 0.6847), ([0, 0], [1, 1]), 3),
    "Wong-Wang after it": (wong_wang(30.0, 0.6848), ([0, 0], [1, 1]), 1),
    "Wong-Wang before a fold at 65.68198607": (wong_wang(65.681, 0.0), ([0, 0], [1, 1]), 5),
    "Wong-Wang after that one": (wong_wang(65.683, 0.0), ([0, 0], [1, 1]), 1),
    "a unit before a fold": (lambda x: jnp.tanh(2.0 * x + 0.5328) - x, cube(1), 3),
    "a unit after it": (lambda x: jnp.tanh(2.0 * x + 0.5329) - x, cube(1), 1),
    "on faces between boxes and on corners": (nine_zeros, cube(2), 9),
    "at both ends": (nine_zeros, ([0.0], [1.0]), 2),
    "not those outside": (lambda x: x * (1.0 - x), ([-0.5], [0.9]), 1),
    "two a hair apart": (lambda x: (x - 0.3) * (x - 0.3 - 1e-5), cube(1), 2),
    "a wide enough ghost": (lambda x: 1e-9 + x * jnp.tanh(x), cube(1), 0),
    "in small units": (in_units(1e-9), cube(2, 1e-9), 9),
    "in large units": (in_units(1e9), cube(2, 1e9), 9),
    "far away": (lambda x: 1.0 - 1e-9 * jax.nn.leaky_relu(x), LINE, 1),
    "NaN where it is not chosen": (
        lambda x: jnp.where(x > 0, x / (x + 0.3), 0.0) - 0.7 * x - 0.25, ([-1.0], [0.6]), 3,
    ),
    "a random network": (random_network(4, 3.0, 0), cube(4), 3),
}  # fmt: skip


@pytest.mark.parametrize("name", EXHAUSTED)
def test_a_box_has_exactly_its_zeros(name):
    residual, box, count = EXHAUSTED[name]
    assert_all(residual, METHOD.search(residual, *box), count)


def test_a_contraction_in_many_dimensions_takes_few_boxes():
    residual = random_network(64, 0.1, 0)
    assert_all(residual, BranchAndPrune(max_boxes=20).search(residual, *cube(64)), 1)


@pytest.mark.parametrize(("size", "seed"), [(4, 0), (6, 0), (5, 1)])
def test_the_index_sum_of_random_networks_is_the_degree_of_a_map_of_the_cube(size, seed):
    residual = random_network(size, 3.0, seed)
    found = METHOD.search(residual, *cube(size))
    assert found.complete
    with jax.enable_x64(True):
        slopes = np.asarray(jax.vmap(jax.jacfwd(residual))(jnp.asarray(found.states)))
    assert np.sign(np.linalg.det(-slopes)).sum() == 1


@pytest.mark.parametrize("missing", range(10))
def test_zeros_that_are_known_are_not_found_again_and_no_other_is_missed(missing):
    """Each of nine is missing once, and none in the last case."""
    residual = systems.ring(4, "map").system.residual
    every = METHOD.search(residual, *cube(4))
    kept = np.arange(9) != missing
    found = METHOD.search(residual, *cube(4), every.states[kept], every.radii[kept])
    assert found.complete
    np.testing.assert_allclose(found.states, every.states[~kept], atol=1e-9)
    assert missing < 9 or found.boxes < every.boxes


@pytest.mark.parametrize("size", [2, 3])
def test_the_two_forms_of_a_gated_unit_have_the_same_zeros(size):
    """Update, reset and candidate of a GRU without input: h rests where it is the candidate."""
    rng = np.random.default_rng(size)
    update, reset, candidate = 3.0 * rng.standard_normal((3, size, size))
    bias = 0.5 * rng.standard_normal((3, size))

    def gated(h):
        r = jax.nn.sigmoid(reset @ h + bias[1])
        return jnp.tanh(r * (candidate @ h) + bias[2]) - h

    plain = METHOD.search(
        lambda h: (1 - jax.nn.sigmoid(update @ h + bias[0])) * gated(h), *cube(size)
    )
    better = METHOD.search(gated, *cube(size))
    assert plain.complete and better.complete
    assert better.boxes < plain.boxes
    plain, better = (found.states[np.argsort(found.states[:, 0])] for found in (plain, better))
    assert np.allclose(plain, better, atol=1e-9)


def circle(x):
    return jnp.stack([x[0] ** 2 + x[1] ** 2 - 1.0, 0.0 * x[0]])


INHIBITION = np.array([[0.0, -1.0], [-1.0, 0.0]])
PLANE = (np.full(2, -np.inf), np.full(2, np.inf))
MIXED = np.random.default_rng(0).normal(size=(4, 4))
HALF_LINE = ([-np.inf], [1.0])
# What is searched and where, a word of the reason, and options.
GIVEN_UP = {
    "a fold, to rounding": (
        lambda x: jnp.tanh(2.0 * x + 0.532839975353552) - x, cube(1), "degenerate", {},
    ),
    "a cubic": (lambda x: x**3, cube(1), "degenerate", {}),
    "a square": (lambda x: x * x, cube(1), "degenerate", {}),
    "a pitchfork": (lambda x: jnp.tanh(x) - x, cube(1), "degenerate", {}),
    "a circle": (circle, cube(2, 2.0), "continuum", {}),
    "a line of rectifiers": (
        lambda r: -r + jax.nn.relu(INHIBITION @ r + 1.0), PLANE, "continuum", {},
    ),
    "a quarter of the plane": (lambda r: jax.nn.relu(r) - r, PLANE, "boxes", {"max_boxes": 3000}),
    "too few boxes": (random_network(6, 3.0, 0), cube(6), "boxes", {"max_boxes": 100}),
    # every small box about a wave of many periods looks as if it held a zero
    "far too many boxes": (
        lambda x: MIXED @ jnp.sin(100 * x) + 0.1, cube(4), "judging", {"max_boxes": 5000},
    ),
    "no rule": (jax.lax.lgamma, cube(1), "lgamma", {}),
    "float32": (
        lambda x: jnp.tanh(x.astype(jnp.float32)).astype(x.dtype), cube(1), "float32", {},
    ),
    "a jump": (lambda x: jnp.where(x > 0.1, 1.0, -1.0), cube(1), "", {}),
    "an unbounded box, tanh": (lambda x: jnp.tanh(2.0 * x) - x, HALF_LINE, "unbounded", {}),
    "an unbounded box, as written not piecewise linear": (
        lambda x: 0.5 * x * (x > 0.0) - 1.0, HALF_LINE, "unbounded", {},
    ),
    "an unbounded box, a step": (
        lambda x: (x > 0.0).astype(x.dtype) - x, HALF_LINE, "unbounded", {},
    ),
    "an unbounded box, a square": (lambda x: x * x - 1.0, HALF_LINE, "unbounded", {}),
    # what is no number is not lost in a product with zeros
    "arcsin of 2": (
        lambda x: x - 2.0 + np.zeros((2, 2)) @ jnp.arcsin(x), cube(2, 3.0), "", {},
    ),
    "log of -2": (lambda x: x + 2.0 + np.zeros((2, 2)) @ jnp.log(x), cube(2, 3.0), "", {}),
    "NaN": (lambda x: x - 2.0 + np.zeros((2, 2)) @ (x * jnp.nan), cube(2, 3.0), "", {}),
}  # fmt: skip
# Boxes within which it is given up: a continuum soon, a fifth of too many and the batch it was in.
MOST_BOXES = {"a circle": 60_000, "far too many boxes": 2500}
ALSO_PROVED = ("a fold, to rounding", "too few boxes", "far too many boxes")
"""Where there are zeros beside what is not proved."""


@pytest.mark.parametrize("name", GIVEN_UP)
def test_what_is_not_proved_is_not_called_complete(name):
    residual, box, reason, options = GIVEN_UP[name]
    found = BranchAndPrune(**options).search(residual, *box)
    assert not found.complete and reason in found.reason
    assert found.boxes < MOST_BOXES.get(name, np.inf)
    assert len(found.states) == 0 or name in ALSO_PROVED


def quotient(x):
    """Between -1 and 1, and NaN at -1/2 alone."""
    return jnp.tanh((x + 0.5) / (x + 0.5))


def in_a_loop(x):
    values = jnp.stack([quotient(x), 1.0 + 0.0 * x])
    return jax.lax.scan(lambda found, y: (found * (y < 5), y), jnp.ones_like(x), values)[0]


# What may be NaN at -1/2 alone has the bounds that it has beside it; the first three are NaN below.
STANDS_FOR_NAN = [
    lambda x: jnp.nan_to_num(jnp.log(x)),
    lambda x: jnp.where(jnp.log(x) < 0, -1.0, 0.0),
    lambda x: jnp.where(jnp.isnan(jnp.sqrt(x)), 0.0, jnp.sqrt(x) - 1),
    lambda x: jnp.nan_to_num(2 + quotient(x)),
    lambda x: jnp.where(jnp.isfinite(quotient(x)), 1.0, 0.0),
    lambda x: jnp.where(quotient(x) > -5, 1.0, 0.0),
    lambda x: jnp.where(jnp.sum(jnp.stack([quotient(x), x]), axis=0) > -5, 1.0, 0.0),
    lambda x: jnp.where(jnp.concatenate([x, quotient(x)])[1:] > -5, 1.0, 0.0),
    lambda x: jnp.where(jnp.where(x > 5, x, quotient(x)) > -5, 1.0, 0.0),
    lambda x: jnp.where(3.0 + quotient(x) > 1.0, 3.0 + quotient(x), 1.0) - 1.0,
    lambda x: jnp.where((0.0 * quotient(x)).astype(bool), 0.0, 1.0),
    lambda x: jnp.nan_to_num(2 + jnp.tanh((x + 0.5) * jnp.log(jnp.abs(x + 0.5)))),
    lambda x: jnp.nan_to_num(2 + jnp.tanh((x + 0.5) * (x + 0.5) ** -2)),
    lambda x: jnp.nan_to_num(2 + jnp.tanh((x + 0.5) * jax.lax.rsqrt(jnp.abs(x + 0.5)))),
    lambda x: jnp.nan_to_num(2 + jnp.tanh((x + 0.5) / jnp.expm1(2 * (x + 0.5)))),
    lambda x: jnp.nan_to_num(2 + jnp.tanh((x + 0.5) * jnp.inf)),
    in_a_loop,
]


@pytest.mark.parametrize("number", STANDS_FOR_NAN)
def test_what_stands_for_nan_is_not_passed_over(number):
    """Each is 0 at -1/2, so that there is a zero."""
    assert number(jnp.array([-0.5])) == 0
    found = METHOD.search(lambda x: number(x) - 0.1 * (x + 0.5), [-1.0], [0.6])
    assert not found.complete


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_largest_of_several_is_not_lost_where_one_of_them_is_nan(sign):
    """The zero at 1/4 is one of the root, which is NaN in a part of the box."""
    largest = {1.0: jnp.max, -1.0: jnp.min}[sign]

    def residual(x):
        return largest(jnp.stack([sign * jnp.sqrt(x), 0.2 * sign * x]), axis=0) - 2 * sign * x

    found = METHOD.search(residual, [-0.3], [0.4])
    np.testing.assert_allclose(found.states, [[0.25]])
    assert not found.complete


BAD = {
    "lower": (lambda x: x, [1.0], [-1.0]),
    "shape": (lambda x: x, -1.0, 1.0),
    "residual": (lambda x: x[:1], [-1.0, -1.0], [1.0, 1.0]),
}


@pytest.mark.parametrize("word", BAD)
def test_bad_boxes_are_errors(word):
    with pytest.raises(ValueError, match=word):
        METHOD.search(*BAD[word])


@pytest.mark.parametrize("size", [1, 2, 4])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("lower", [-np.inf, 0.0])
def test_rectified_networks_in_all_of_space(size, seed, lower):
    rng = np.random.default_rng(seed)
    weights = (1.8 if seed % 2 else 3.0) * rng.standard_normal((size, size)) / np.sqrt(size)
    bias = rng.standard_normal(size)
    step = lambda x: jax.nn.relu(weights @ x + bias)  # noqa: E731
    found = METHOD.search(lambda x: step(x) - x, np.full(size, lower), np.full(size, np.inf))
    assert_all(lambda x: step(x) - x, found, len(enumerated(residual_of(step, size))))


@pytest.mark.parametrize(
    "activation", [jax.nn.leaky_relu, jnp.abs, lambda x: jnp.where(x > 0, x, 0)]
)
def test_other_piecewise_linear_functions_in_all_of_space(activation):
    step = lambda x: 0.5 * activation(1.0 - 3.0 * x[::-1]) + 0.3  # noqa: E731
    found = METHOD.search(lambda x: step(x) - x, *PLANE)
    assert_all(lambda x: step(x) - x, found, len(enumerated(residual_of(step, 2))))


def test_the_origin_is_not_alone_beyond_the_box_for_being_alone_in_it():
    """All numbers below 0 are zeros, of which a box that begins there has but one."""
    found = METHOD.search(lambda x: -jax.nn.relu(x), [0.0], [np.inf])
    assert not len(found.states)
    found = METHOD.search(lambda x: -jax.nn.leaky_relu(x), [0.0], [np.inf])
    assert found.complete and found.states.tolist() == [[0.0]]
