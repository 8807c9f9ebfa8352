"""Intervals contain the exact results, as exact rationals and ball arithmetic give them."""

import operator

import flint
import numpy as np
import pytest
from enclosure_tools import assert_holds, assert_overlaps, exactly, in_balls

from separatrix.enclosure.interval import products
from separatrix.enclosure.interval.arithmetic import (
    Interval,
    add,
    divide,
    integer_power,
    multiply,
    point,
    square,
    subtract,
)
from separatrix.enclosure.interval.functions import SMOOTH, cos, sin, tanh
from separatrix.enclosure.interval.products import matmul, total
from separatrix.enclosure.interval.rules.quotients import BERNOULLI

EXTREMES = [
    *(0.0, 5e-324, 1e-310, 2.3e-308, 1e-300, 1e-160, 1e-20, 1e-8, 0.3, 0.5, 1.0, 1.5, 3.0, 19.1),
    *(36.8, 88.7, 709.7, 709.8, 745.2, 1e4, 1e8, 1e15, 1e160, 1e300, 1.7976931348623157e308),
]


@pytest.fixture(autouse=True)
def no_warnings():
    with np.errstate(all="ignore"):
        yield


def samples(seed, count=150):
    rng = np.random.default_rng(seed)
    wide = rng.standard_normal(count) * 10.0 ** rng.uniform(-12, 12, count)
    usual = rng.uniform(-5.0, 5.0, count)
    return np.concatenate([EXTREMES, np.negative(EXTREMES), wide, usual])


OPERATIONS = [
    (add, operator.add),
    (subtract, operator.sub),
    (multiply, operator.mul),
    (divide, operator.truediv),
]


@pytest.mark.parametrize(("operation", "exact"), OPERATIONS)
def test_elementary_operations_contain_the_exact_result(operation, exact):
    x, y = samples(0), np.random.default_rng(1).permutation(samples(2))
    if operation is divide:
        x, y = x[y != 0], y[y != 0]
    assert_holds(operation(point(x), point(y)), exact(exactly(x), exactly(y)))


def bernoulli(x):
    return x / x.expm1() if x != 0 else flint.arb(1)


def bernoulli_slope(x):
    return (x.expm1() - x * x.exp()) / (x.expm1() * x.expm1()) if x != 0 else flint.arb(-0.5)


def gaussian(x):
    return 2 * (-x * x).exp() / flint.arb.pi().sqrt()


FUNCTIONS = SMOOTH | {"bernoulli": BERNOULLI}
# The value and the slope of each in ball arithmetic.
TRUTH = {
    "tanh": (lambda x: x.tanh(), lambda x: 1 / (x.cosh() * x.cosh())),
    "logistic": (lambda x: 1 / (1 + (-x).exp()), lambda x: 1 / (2 + x.exp() + (-x).exp())),
    "exp": (lambda x: x.exp(), lambda x: x.exp()),
    "expm1": (lambda x: x.expm1(), lambda x: x.exp()),
    "log": (lambda x: x.log(), lambda x: 1 / x),
    "log1p": (lambda x: x.log1p(), lambda x: 1 / (1 + x)),
    "log2": (lambda x: x.log() / flint.arb(2).log(), lambda x: 1 / (x * flint.arb(2).log())),
    "sqrt": (lambda x: x.sqrt(), lambda x: 1 / (2 * x.sqrt())),
    "sin": (lambda x: x.sin(), lambda x: x.cos()),
    "cos": (lambda x: x.cos(), lambda x: -x.sin()),
    "sinh": (lambda x: x.sinh(), lambda x: x.cosh()),
    "cosh": (lambda x: x.cosh(), lambda x: x.sinh()),
    "atan": (lambda x: x.atan(), lambda x: 1 / (1 + x * x)),
    "asinh": (lambda x: x.asinh(), lambda x: 1 / (1 + x * x).sqrt()),
    "atanh": (lambda x: x.atanh(), lambda x: 1 / (1 - x * x)),
    "erf": (lambda x: x.erf(), gaussian),
    "bernoulli": (bernoulli, bernoulli_slope),
}
DOMAINS = {
    "log": (0.0, np.inf), "log2": (0.0, np.inf), "sqrt": (0.0, np.inf),
    "log1p": (-1.0, np.inf), "atanh": (-1.0, 1.0),
}  # fmt: skip


def test_every_smooth_function_has_its_truth():
    assert set(TRUTH) == set(FUNCTIONS) - {"abs"}


@pytest.mark.parametrize("name", TRUTH)
def test_elementary_functions_contain_every_value_over_an_interval(name):
    low, high = DOMAINS.get(name, (-np.inf, np.inf))
    x = np.sort(np.concatenate([samples(3), np.linspace(-0.999, 0.999, 100)]))
    x = x[(x > low) & (x < high)]
    rng = np.random.default_rng(5)
    wide = np.sort(np.stack([x, rng.permutation(x)]), axis=0)  # also around 0
    ends = np.concatenate([np.stack([x, x]), wide, np.stack([x[:-1], x[1:]])], axis=1)
    value = FUNCTIONS[name].value(Interval(*ends))
    slope = FUNCTIONS[name].slope(Interval(*ends), value)
    inside = [ends[0], ends[1], np.clip((ends / 2).sum(axis=0), *ends), np.clip(0.0, *ends)]
    inside += [np.clip(ends[0] + part, *ends) for part in (1e-3, 0.7, 1.6, 3.0)]
    with flint.ctx.workprec(200):
        for numbers in np.unique(np.array(inside), axis=0):
            for found, truth in zip((value, slope), TRUTH[name], strict=True):
                assert_overlaps(found, map(truth, in_balls(numbers)))


def test_a_removable_singularity_is_enclosed_as_tightly_as_other_numbers():
    rng = np.random.default_rng(0)
    small = 10.0 ** rng.uniform(-12, 0, 100) * rng.choice([-1.0, 1.0], 100)
    x = point(np.concatenate([rng.uniform(-3, 3, 200), rng.uniform(-60, 60, 200), small, [0.0]]))
    value = BERNOULLI.value(x)
    slope = BERNOULLI.slope(x, value)
    assert np.max(slope.upper - slope.lower) < 1e-4
    assert np.max(value.upper / value.lower) < 1.0 + 1e-13


@pytest.mark.parametrize(("function", "of"), [(sin, np.sin), (cos, np.cos), (tanh, np.tanh)])
def test_wide_intervals_contain_little_else(function, of):
    rng = np.random.default_rng(4)
    lower, width = rng.uniform(-20.0, 20.0, 200), 10.0 ** rng.uniform(-6.0, 1.0, 200)
    enclosure = function(Interval(lower, lower + width))
    values = of(lower[:, None] + width[:, None] * np.linspace(0.0, 1.0, 301))
    assert np.all(enclosure.upper - enclosure.lower <= np.ptp(values, axis=1) + 1e-3)


@pytest.mark.parametrize("exponent", [-3, -2, 0, 1, 2, 7])
def test_integer_powers_are_exact_and_even_ones_not_negative(exponent):
    x = np.random.default_rng(5).uniform(-3.0, 3.0, 200)
    assert_holds(integer_power(point(x), exponent), exactly(x) ** exponent)
    around = integer_power(Interval(np.array([-1.0]), np.array([2.0])), exponent)
    if exponent == 2:
        assert around.lower[0] == 0.0
        assert 4.0 <= around.upper[0] <= 4.0 * (1 + 1e-14)


def test_zero_times_the_line_is_zero_and_nothing_becomes_certain():
    line, zero = Interval(np.array([-np.inf]), np.array([np.inf])), point(np.zeros(1))
    assert multiply(zero, line).magnitude()[0] < 1e-300
    product = matmul(point(np.array([[1.0], [0.0]])), line[:, None])
    assert product.lower[0] == -np.inf and product.magnitude()[1] < 1e-300
    quotient = divide(point(np.ones(1)), Interval(np.array([-1.0]), np.array([1.0])))
    assert (quotient.lower[0], quotient.upper[0]) == (-np.inf, np.inf)
    assert square(line).lower[0] == 0.0
    unknown = Interval(np.array([np.nan]), np.array([np.nan]))
    for result in (add(unknown, line), multiply(unknown, zero), tanh(unknown)):
        assert np.isnan(result.lower).all() and np.isnan(result.upper).all()


@pytest.mark.parametrize("wide", ["neither", "left", "right", "both"])
@pytest.mark.parametrize("scale", [0.0, 150.0])
@pytest.mark.parametrize("size", [1, 3, 17])
def test_matrix_products_contain_the_exact_product(size, wide, scale):
    rng = np.random.default_rng(6)
    a = rng.standard_normal((4, size)) * 10.0 ** rng.uniform(-scale - 3, scale + 3, (4, size))
    b = rng.standard_normal((size, 3)) * 10.0 ** rng.uniform(-scale - 3, scale, (size, 3))
    fat_a = Interval(a - 1e-9 * np.abs(a), a) if wide in ("left", "both") else point(a)
    fat_b = Interval(b, b + 1e-3 * np.abs(b)) if wide in ("right", "both") else point(b)
    assert_holds(matmul(fat_a, fat_b), exactly(a) @ exactly(b))


@pytest.mark.parametrize("radius", [0.0, 1e-16])
@pytest.mark.parametrize("has_wide", [True, False])
def test_long_thin_products_contain_the_exact_product(radius, has_wide, monkeypatch):
    """In wide numbers, where the platform has them, and without."""
    monkeypatch.setattr(products, "_HAS_WIDE", has_wide and products._HAS_WIDE)
    rng = np.random.default_rng(8)
    a, b = rng.standard_normal((6, 400)), rng.standard_normal((400, 2))
    a[:3, 200:] = -a[:3, :200]  # half of the rows cancel
    b[200:] = b[:200]
    fat = Interval(b, b + radius) if radius else point(b)
    result = matmul(point(a), fat, sharp=True)
    lower, upper = exactly(fat.lower), exactly(fat.upper)
    largest = exactly(np.maximum(a, 0)) @ upper + exactly(np.minimum(a, 0)) @ lower
    for truth in (exactly(a) @ lower, exactly(a) @ upper, largest):
        assert_holds(result, truth)


def test_sums_contain_the_exact_sum_however_much_cancels():
    rng = np.random.default_rng(7)
    terms = rng.standard_normal((20, 300)) * 10.0 ** rng.uniform(-10.0, 10.0, (20, 300))
    terms = np.concatenate([terms, -terms[:, ::-1], rng.standard_normal((20, 1))], axis=1)
    assert_holds(total(point(terms), (1,)), exactly(terms).sum(1))
