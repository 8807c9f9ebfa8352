"""A box is called exhausted only when every zero in it is known."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from separatrix.enclosure.branch_and_prune import BranchAndPrune
from separatrix.enclosure.krawczyk import certify_zeros

METHOD = BranchAndPrune()


def finder_network(size):
    """The test networks of FixedPointFinder: x' = tanh(x W)."""
    weights = np.stack([-np.roll(np.linspace(-1, 1, size), -i) for i in range(size)])
    return lambda x: jnp.tanh(x @ weights) - x


def random_network(size, gain, seed):
    weights = gain * np.random.default_rng(seed).standard_normal((size, size)) / np.sqrt(size)
    return lambda x: jnp.tanh(weights @ x) - x


def gated_unit(size, seed):
    """Update, reset and candidate of a GRU without input, as the map of its state."""
    rng = np.random.default_rng(seed)
    update, reset, candidate = 3.0 * rng.standard_normal((3, size, size))
    bias = 0.5 * rng.standard_normal((3, size))

    def gated(h):
        r = jax.nn.sigmoid(reset @ h + bias[1])
        return jnp.tanh(r * (candidate @ h) + bias[2])

    def step(h):
        z = jax.nn.sigmoid(update @ h + bias[0])
        return (1 - z) * h + z * gated(h)

    return step, gated


def fitzhugh_nagumo(x):
    return jnp.stack([x[0] - x[0] ** 3 / 3 - x[1] + 0.8, (x[0] + 0.7 - 0.8 * x[1]) / 12.5])


def wilson_cowan(x):
    def rate(drive, slope, threshold):
        shift = 1 / (1 + np.exp(slope * threshold))
        return 1 / (1 + jnp.exp(-slope * (drive - threshold))) - shift

    excitation = -x[0] + (1 - x[0]) * rate(12 * x[0] - 4 * x[1], 1.2, 2.8)
    inhibition = -x[1] + (1 - x[1]) * rate(13 * x[0] - 11 * x[1], 1.0, 4.0)
    return jnp.stack([excitation, inhibition])


def assert_all(residual, found, count):
    assert found.complete, found.reason
    assert len(found.states) == count
    assert found.reason == ""
    proof = certify_zeros(residual, found.states)
    assert proof.unique.all()
    assert (found.error_bounds < 1e-10).all()


@pytest.mark.parametrize(("size", "count"), [(2, 3), (3, 3), (4, 9)])
def test_reference_networks_have_exactly_their_fixed_points(size, count):
    residual = finder_network(size)
    assert_all(residual, METHOD.search(residual, -np.ones(size), np.ones(size)), count)


@pytest.mark.parametrize(("size", "seed", "count"), [(4, 0, 3), (6, 0, 1), (5, 1, 3)])
def test_random_networks(size, seed, count):
    residual = random_network(size, 3.0, seed)
    found = METHOD.search(residual, -np.ones(size), np.ones(size))
    assert found.complete
    slopes = jax.vmap(jax.jacfwd(residual))
    with jax.enable_x64(True):
        index = np.sign(np.linalg.det(-np.asarray(slopes(jnp.asarray(found.states)))))
    assert index.sum() == 1  # the degree of a map of the cube into itself
    if (size, seed) == (4, 0):
        assert len(found.states) == count


def test_known_zeros_are_not_found_again():
    residual = finder_network(4)
    first = METHOD.search(residual, -np.ones(4), np.ones(4))
    again = METHOD.search(residual, -np.ones(4), np.ones(4), first.states, first.radii)
    assert again.complete
    assert len(again.states) == 0
    assert again.boxes < first.boxes


@pytest.mark.parametrize("missing", range(9))
def test_a_zero_removed_from_the_known_ones_is_found(missing):
    residual = finder_network(4)
    every = METHOD.search(residual, -np.ones(4), np.ones(4))
    kept = np.arange(9) != missing
    found = METHOD.search(residual, -np.ones(4), np.ones(4), every.states[kept], every.radii[kept])
    assert found.complete
    assert np.allclose(found.states, every.states[[missing]], atol=1e-9)


@pytest.mark.parametrize("size", [2, 3])
def test_the_two_forms_of_a_gated_unit_have_the_same_zeros(size):
    step, gated = gated_unit(size, seed=size)
    plain = METHOD.search(lambda h: step(h) - h, -np.ones(size), np.ones(size))
    better = METHOD.search(lambda h: gated(h) - h, -np.ones(size), np.ones(size))
    assert plain.complete
    assert better.complete
    assert better.boxes < plain.boxes
    plain, better = (found.states[np.argsort(found.states[:, 0])] for found in (plain, better))
    assert np.allclose(plain, better, atol=1e-9)


def test_textbook_flows():
    found = METHOD.search(fitzhugh_nagumo, [-5.0, -5.0], [5.0, 5.0])
    assert_all(fitzhugh_nagumo, found, 1)
    assert np.allclose(found.states[0], [-0.2729009589972977, 0.5338738012533779], atol=1e-12)
    found = METHOD.search(wilson_cowan, [-1.0, -1.0], [1.0, 1.0])
    assert_all(wilson_cowan, found, 3)
    assert np.allclose(found.states.max(axis=0), [0.46246487316095, 0.24336411278349], atol=1e-12)


def wong_wang(mean, coherence):
    def field(s):
        inhibited = 0.2609 * s - 0.0497 * s[::-1] + 0.3255
        current = inhibited + 0.00052 * mean * (1 + coherence * jnp.array([1.0, -1.0]))
        drive = 270.0 * current - 108.0
        return -s / 0.1 + (1 - s) * 0.641 * drive / (1 - jnp.exp(-0.154 * drive))

    return field


@pytest.mark.parametrize(
    ("mean", "coherence", "count"),
    [
        *((0.0, 0.0, 5), (30.0, 0.0, 3), (30.0, 0.14, 3), (30.0, 1.0, 1)),
        *((30.0, 0.6847, 3), (30.0, 0.6848, 1)),  # a fold at 0.68470129
        *((65.681, 0.0, 5), (65.683, 0.0, 1)),  # at 65.68198607
    ],
)
def test_wong_and_wang(mean, coherence, count):
    field = wong_wang(mean, coherence)
    assert_all(field, METHOD.search(field, [0.0, 0.0], [1.0, 1.0]), count)


@pytest.mark.parametrize(("bias", "count"), [(0.5328, 3), (0.5329, 1)])
def test_both_sides_of_a_fold_are_told_apart(bias, count):
    def residual(x):
        return jnp.tanh(2.0 * x + bias) - x

    assert_all(residual, METHOD.search(residual, [-1.0], [1.0]), count)


def test_zeros_on_faces_between_sub_boxes_and_on_corners_count_once():
    def residual(x):
        return x * (1.0 - x) * (1.0 + x)

    found = METHOD.search(residual, [-1.0, -1.0], [1.0, 1.0])
    assert found.complete
    assert len(found.states) == 9
    found = METHOD.search(residual, [0.0], [1.0])
    assert found.complete
    assert np.allclose(np.sort(found.states[:, 0]), [0.0, 1.0], atol=1e-12)


def test_zeros_outside_the_box_are_not_reported():
    found = METHOD.search(lambda x: x * (1.0 - x), [-0.5], [0.9])
    assert found.complete
    assert len(found.states) == 1


@pytest.mark.parametrize(
    "residual",
    [
        lambda x: jnp.tanh(2.0 * x + 0.532839975353552) - x,  # a fold, to rounding
        lambda x: x**3,
        lambda x: x * x,
        lambda x: jnp.tanh(x) - x,  # a pitchfork
    ],
)
def test_degenerate_zeros_stay_unresolved(residual):
    found = METHOD.search(residual, [-1.0], [1.0])
    assert not found.complete
    assert "degenerate" in found.reason
    assert 0 < len(found.unresolved_lower) <= 1000
    assert (found.unresolved_lower <= found.unresolved_upper).all()


def test_two_zeros_a_hair_apart_are_both_found():
    gap = 1e-5

    def residual(x):
        return (x - 0.3) * (x - 0.3 - gap)

    assert_all(residual, METHOD.search(residual, [-1.0], [1.0]), 2)


@pytest.mark.parametrize("size", [1e-9, 1e9])
def test_a_proof_does_not_depend_on_the_units_of_the_state(size):
    field = lambda x: size * jnp.tanh(2.0 * x / size) - x  # noqa: E731
    found = METHOD.search(field, [-size, -size], [size, size])
    assert found.complete
    assert len(found.states) == 9


def test_a_wide_enough_ghost_is_excluded():
    found = METHOD.search(lambda x: 1e-9 + x * jnp.tanh(x), [-1.0], [1.0])
    assert found.complete
    assert len(found.states) == 0


def test_a_continuum_is_given_up_soon():
    def circle(x):
        return jnp.stack([x[0] ** 2 + x[1] ** 2 - 1.0, 0.0 * x[0]])

    found = METHOD.search(circle, [-2.0, -2.0], [2.0, 2.0])
    assert not found.complete
    assert "continuum" in found.reason
    assert found.boxes < 60_000
    assert len(found.states) == 0


def test_too_few_boxes_are_not_enough():
    residual = random_network(6, 3.0, 0)
    found = BranchAndPrune(max_boxes=100).search(residual, -np.ones(6), np.ones(6))
    assert not found.complete
    assert "more than 100 boxes" in found.reason
    assert len(found.unresolved_lower) > 0


def test_what_cannot_be_enclosed_is_refused():
    found = METHOD.search(lambda x: jax.lax.lgamma(x), [-1.0], [1.0])
    assert not found.complete
    assert found.reason == "no interval rule for lgamma"
    found = METHOD.search(lambda x: jnp.tanh(x.astype(jnp.float32)).astype(x.dtype), [-1.0], [1.0])
    assert not found.complete
    assert "float32" in found.reason


def test_a_jump_is_not_taken_for_a_zero_nor_passed_over():
    found = METHOD.search(lambda x: jnp.where(x > 0.1, 1.0, -1.0), [-1.0], [1.0])
    assert not found.complete
    assert len(found.states) == 0
    assert (found.unresolved_lower <= 0.1).any()


@pytest.mark.parametrize(
    "function",
    [
        lambda x: jnp.nan_to_num(jnp.log(x)),
        lambda x: jnp.where(jnp.log(x) < 0, -1.0, 0.0),
        lambda x: jnp.where(jnp.isnan(jnp.sqrt(x)), 0.0, jnp.sqrt(x) - 1),
    ],
)
def test_what_stands_for_nan_is_not_passed_over(function):
    """Each is 0 below 0, so that there is a zero at -1/2."""
    found = METHOD.search(lambda x: function(x) - 0.1 * (x + 0.5), [-1.0], [0.6])
    assert not found.complete
    assert (found.unresolved_lower <= -0.5).any()


def quotient(x):
    """Between -1 and 1, and NaN at -1/2 alone."""
    return jnp.tanh((x + 0.5) / (x + 0.5))


def in_a_loop(x):
    values = jnp.stack([quotient(x), 1.0 + 0.0 * x])
    return jax.lax.scan(lambda found, y: (found * (y < 5), y), jnp.ones_like(x), values)[0]


@pytest.mark.parametrize(
    "number",
    [
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
    ],
)
def test_what_stands_for_nan_is_found_where_bounds_are_numbers(number):
    """What may be NaN at one state alone has the bounds that it has beside it."""
    assert number(jnp.array([-0.5])) == 0
    found = METHOD.search(lambda x: number(x) - 0.1 * (x + 0.5), [-1.0], [0.6])
    assert not found.complete
    assert np.all((found.unresolved_lower <= -0.5) & (found.unresolved_upper >= -0.5), axis=1).any()


def test_what_may_be_nan_where_it_is_not_chosen_hinders_nothing():
    def function(x):
        return jnp.where(x > 0, x / (x + 0.3), 0.0) - 0.7 * x - 0.25

    assert METHOD.search(function, [-1.0], [0.6]).complete


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_largest_of_several_is_not_lost_where_one_of_them_is_nan(sign):
    """The zero at 1/4 is one of the root, which is NaN in a part of the box."""
    largest = {1.0: jnp.max, -1.0: jnp.min}[sign]

    def residual(x):
        return largest(jnp.stack([sign * jnp.sqrt(x), 0.2 * sign * x]), axis=0) - 2 * sign * x

    found = METHOD.search(residual, [-0.3], [0.4])
    np.testing.assert_allclose(found.states, [[0.25]])
    assert not found.complete and (found.unresolved_lower <= 0).any()


def test_an_unbounded_box_is_refused():
    for residual in (
        lambda x: jnp.tanh(2.0 * x) - x,
        lambda x: 0.5 * x * (x > 0.0) - 1.0,  # as written, not piecewise linear
        lambda x: (x > 0.0).astype(x.dtype) - x,
        lambda x: x * x - 1.0,
    ):
        found = METHOD.search(residual, [-np.inf], [1.0])
        assert not found.complete
        assert "unbounded" in found.reason


def test_bad_boxes_are_errors():
    with pytest.raises(ValueError, match="lower <= upper"):
        METHOD.search(lambda x: x, [1.0], [-1.0])
    with pytest.raises(ValueError, match=r"shape \(n,\)"):
        METHOD.search(lambda x: x, -1.0, 1.0)
    with pytest.raises(ValueError, match="expected a residual"):
        METHOD.search(lambda x: x[:1], [-1.0, -1.0], [1.0, 1.0])


def test_a_contraction_in_many_dimensions_takes_few_boxes():
    residual = random_network(64, 0.1, 0)
    found = BranchAndPrune(max_boxes=20).search(residual, -np.ones(64), np.ones(64))
    assert_all(residual, found, 1)


def count_by_enumeration(weights, bias):
    """Solve x = relu(W x + b) for all patterns of active units."""
    size, count = len(bias), 0
    for pattern in itertools.product([0.0, 1.0], repeat=size):
        active = np.array(pattern)
        state = np.linalg.solve(np.eye(size) - active[:, None] * weights, active * bias)
        count += bool(np.all((weights @ state + bias > 0) == (active > 0)))
    return count


@pytest.mark.parametrize("size", [1, 2, 4])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("lower", [-np.inf, 0.0])
def test_rectified_networks_in_all_of_space(size, seed, lower):
    rng = np.random.default_rng(seed)
    weights = (1.8 if seed % 2 else 3.0) * rng.standard_normal((size, size)) / np.sqrt(size)
    bias = rng.standard_normal(size)

    def residual(x):
        return jax.nn.relu(weights @ x + bias) - x

    found = METHOD.search(residual, np.full(size, lower), np.full(size, np.inf))
    assert found.complete, found.reason
    assert len(found.states) == count_by_enumeration(weights, bias)


@pytest.mark.parametrize(
    ("activation", "below"),
    [(jax.nn.leaky_relu, 0.01), (jnp.abs, -1.0), (lambda x: jnp.where(x > 0, x, 0), 0.0)],
)
def test_other_piecewise_linear_functions_in_all_of_space(activation, below):
    def residual(x):
        return 0.5 * activation(1.0 - 3.0 * x[::-1]) + 0.3 - x

    count = 0
    for slopes in itertools.product([below, 1.0], repeat=2):
        slopes = 0.5 * np.array(slopes)  # x = slope * (1 - 3 y) + 0.3 and the mirror image
        x = np.linalg.solve(np.eye(2) + 3.0 * slopes[:, None] * np.eye(2)[::-1], slopes + 0.3)
        count += bool(np.all((1.0 - 3.0 * x[::-1] > 0) == (slopes == 0.5)))
    found = METHOD.search(residual, np.full(2, -np.inf), np.full(2, np.inf))
    assert_all(residual, found, count)


def test_zeros_far_away_are_found():
    found = METHOD.search(lambda x: 1.0 - 1e-9 * jax.nn.leaky_relu(x), [-np.inf], [np.inf])
    assert found.complete
    assert np.allclose(found.states, 1e9)


@pytest.mark.parametrize(
    ("residual", "reason"),
    [
        (
            lambda r: -r + jax.nn.relu(jnp.array([[0.0, -1.0], [-1.0, 0.0]]) @ r + 1.0),
            "continuum",
        ),
        (lambda r: jax.nn.relu(r) - r, "more than 200000 boxes"),  # of a quarter of the plane
    ],
)
def test_rectified_continua_are_not_called_complete(residual, reason):
    found = METHOD.search(residual, np.full(2, -np.inf), np.full(2, np.inf))
    assert not found.complete
    assert reason in found.reason
    assert len(found.states) == 0


def test_the_origin_is_not_alone_beyond_the_box_for_being_alone_in_it():
    """All numbers below 0 are zeros, of which a box that begins there has but one."""
    found = METHOD.search(lambda x: -jax.nn.relu(x), [0.0], [np.inf])
    assert not len(found.states)
    found = METHOD.search(lambda x: -jax.nn.leaky_relu(x), [0.0], [np.inf])
    assert found.complete and found.radii.tolist() == [16.0]


@pytest.mark.parametrize(
    ("function", "place"), [(jnp.arcsin, 2.0), (jnp.log, -2.0), (lambda x: x * jnp.nan, 2.0)]
)
def test_what_is_no_number_is_not_lost_in_a_product_with_zeros(function, place):
    zeros = np.zeros((2, 2))
    found = METHOD.search(lambda x: x - place + zeros @ function(x), [-3.0, -3.0], [3.0, 3.0])
    assert not found.complete
    assert len(found.states) == 0


def test_a_search_that_would_take_far_too_many_boxes_ends_early():
    """Every small box about a wave of many periods looks as if it held a zero."""
    mixed = np.random.default_rng(0).normal(size=(4, 4))
    found = BranchAndPrune(max_boxes=5000).search(
        lambda x: mixed @ jnp.sin(100 * x) + 0.1, -np.ones(4), np.ones(4)
    )
    assert not found.complete and "judging by the first of them" in found.reason
    assert found.boxes < 2500  # a fifth of them, and the batch that it was in
