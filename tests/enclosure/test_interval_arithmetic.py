"""Intervals contain the exact results, as exact rationals and ball arithmetic give them."""

from fractions import Fraction

import flint
import numpy as np
import pytest

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
from separatrix.enclosure.interval.functions import SMOOTH, cos, log_add_exp, sin, tanh
from separatrix.enclosure.interval.products import matmul, total

EXTREMES = [0.0, 5e-324, 1e-310, 2.3e-308, 1e-300, 1e-160, 1e-20, 1e-8, 0.3, 0.5, 1.0, 1.5, 3.0]
EXTREMES += [
    19.1,
    36.8,
    88.7,
    709.7,
    709.8,
    745.2,
    1e4,
    1e8,
    1e15,
    1e160,
    1e300,
    1.7976931348623157e308,
]


def samples(seed: int, count: int = 150) -> np.ndarray:
    rng = np.random.default_rng(seed)
    wide = rng.standard_normal(count) * 10.0 ** rng.uniform(-12, 12, count)
    usual = rng.uniform(-5.0, 5.0, count)
    return np.concatenate([EXTREMES, np.negative(EXTREMES), wide, usual])


def exact(number: float) -> Fraction:
    return Fraction(float(number))


def holds(lower: float, upper: float, value: Fraction) -> bool:
    return (lower == -np.inf or exact(lower) <= value) and (
        upper == np.inf or value <= exact(upper)
    )


@pytest.mark.parametrize("operation", ["add", "subtract", "multiply", "divide"])
def test_elementary_operations_contain_the_exact_result(operation: str) -> None:
    rules = {"add": add, "subtract": subtract, "multiply": multiply, "divide": divide}
    x = samples(0)
    y = np.random.default_rng(1).permutation(samples(2))
    with np.errstate(all="ignore"):
        result = rules[operation](point(x), point(y))
    exactly = {
        "add": lambda a, b: a + b,
        "subtract": lambda a, b: a - b,
        "multiply": lambda a, b: a * b,
        "divide": lambda a, b: a / b,
    }[operation]
    for a, b, low, high in zip(x, y, result.lower, result.upper, strict=True):
        if operation != "divide" or b != 0:
            assert holds(low, high, exactly(exact(a), exact(b)))


ELEMENTARY = sorted(set(SMOOTH) - {"abs", "square"})
DOMAINS = {
    "log": (0.0, np.inf), "sqrt": (0.0, np.inf), "rsqrt": (0.0, np.inf), "log1p": (-1.0, np.inf),
    "atanh": (-1.0, 1.0),
}  # fmt: skip


def arguments(name: str) -> np.ndarray:
    """Return numbers within the domain of a function, extremes among them."""
    low, high = DOMAINS.get(name, (-np.inf, np.inf))
    x = np.concatenate([samples(3), np.linspace(-0.999, 0.999, 100)])
    return x[(x > low) & (x < high)]


@pytest.mark.parametrize("name", ELEMENTARY)
def test_elementary_functions_contain_the_exact_value(name: str) -> None:
    x = arguments(name)
    value, slope = enclosed(name, point(x))
    assert_contain(name, value, slope, x)


@pytest.mark.parametrize("name", ELEMENTARY)
def test_elementary_functions_contain_every_value_over_an_interval(name: str) -> None:
    x = np.sort(arguments(name))
    rng = np.random.default_rng(5)
    ends = np.sort(np.stack([x, rng.permutation(x)]), axis=0)  # wide ones, and around 0
    ends = np.concatenate([ends, np.stack([x[:-1], x[1:]])], axis=1)
    value, slope = enclosed(name, Interval(*ends))
    inside = [ends[0], ends[1], (ends / 2).sum(axis=0), np.clip(0.0, *ends)]
    inside += [np.clip(ends[0] + part, *ends) for part in (1e-3, 0.7, 1.6, 3.0)]
    for at in inside:
        assert_contain(name, value, slope, at)


def enclosed(name: str, x: Interval) -> tuple[Interval, Interval]:
    with np.errstate(all="ignore"):
        value = SMOOTH[name].value(x)
        return value, SMOOTH[name].slope(x, value)


def assert_contain(name: str, value: Interval, slope: Interval, x: np.ndarray) -> None:
    """Check that the value and the slope at each x are in its intervals."""
    flint.ctx.prec = 200
    for index, number in enumerate(x):
        truth, derivative = reference(name, flint.arb(float(number)))
        if truth.is_finite():
            assert overlaps(value, index, truth), (name, number)
        if derivative.is_finite():
            assert overlaps(slope, index, derivative), (name, number)


def overlaps(interval: Interval, index: int, truth: flint.arb) -> bool:
    """Whether the true value, known to 60 digits, is not outside."""
    low, high = flint.arb(float(interval.lower[index])), flint.arb(float(interval.upper[index]))
    return not bool(truth < low) and not bool(truth > high)


def reference(name: str, x: flint.arb) -> tuple[flint.arb, flint.arb]:
    one = flint.arb(1)
    exp = x.exp()
    table = {
        "tanh": lambda: (x.tanh(), one / (x.cosh() * x.cosh())),
        "logistic": lambda: (one / (one + (-x).exp()), one / (2 + exp + (-x).exp())),
        "exp": lambda: (exp, exp),
        "expm1": lambda: (x.expm1(), exp),
        "log": lambda: (x.log(), one / x),
        "log1p": lambda: (x.log1p(), one / (one + x)),
        "sqrt": lambda: (x.sqrt(), one / (2 * x.sqrt())),
        "rsqrt": lambda: (x.rsqrt(), -x.rsqrt() / (2 * x)),
        "sin": lambda: (x.sin(), x.cos()),
        "cos": lambda: (x.cos(), -x.sin()),
        "sinh": lambda: (x.sinh(), x.cosh()),
        "cosh": lambda: (x.cosh(), x.sinh()),
        "atan": lambda: (x.atan(), one / (one + x * x)),
        "asinh": lambda: (x.asinh(), one / (one + x * x).sqrt()),
        "atanh": lambda: (x.atanh(), one / (one - x * x)),
        "erf": lambda: (x.erf(), 2 * (-x * x).exp() / flint.arb.pi().sqrt()),
        "erfc": lambda: (x.erfc(), -2 * (-x * x).exp() / flint.arb.pi().sqrt()),
    }
    return table[name]()


@pytest.mark.parametrize("function", [sin, cos, tanh])
def test_wide_intervals_contain_all_values(function) -> None:
    rng = np.random.default_rng(4)
    lower = rng.uniform(-20.0, 20.0, 200)
    width = 10.0 ** rng.uniform(-6.0, 1.0, 200)
    enclosure = function(Interval(lower, lower + width))
    inside = lower[:, None] + width[:, None] * np.linspace(0.0, 1.0, 301)
    values = {sin: np.sin, cos: np.cos, tanh: np.tanh}[function](inside)
    assert np.all(enclosure.lower <= values.min(axis=1) + 1e-15)
    assert np.all(enclosure.upper >= values.max(axis=1) - 1e-15)
    assert np.all(enclosure.upper - enclosure.lower <= np.ptp(values, axis=1) + 1e-3)


@pytest.mark.parametrize("exponent", [-3, -2, 0, 1, 2, 7])
def test_integer_powers_are_exact_and_even_ones_not_negative(exponent: int) -> None:
    x = np.random.default_rng(5).uniform(-3.0, 3.0, 200)
    result = integer_power(point(x), exponent)
    for number, low, high in zip(x, result.lower, result.upper, strict=True):
        assert holds(low, high, exact(number) ** exponent)
    with np.errstate(all="ignore"):
        around = integer_power(Interval(np.array([-1.0]), np.array([2.0])), exponent)
    if exponent >= 2 and exponent % 2 == 0:
        assert around.lower[0] == 0.0
        assert 2.0**exponent <= around.upper[0] <= 2.0**exponent * (1 + 1e-14)


def test_zero_times_the_line_is_zero_and_nothing_becomes_certain() -> None:
    line = Interval(np.array([-np.inf]), np.array([np.inf]))
    with np.errstate(all="ignore"):
        product = multiply(point(np.zeros(1)), line)
    assert abs(product.lower[0]) < 1e-300
    assert abs(product.upper[0]) < 1e-300
    with np.errstate(all="ignore"):
        quotient = divide(point(np.ones(1)), Interval(np.array([-1.0]), np.array([1.0])))
        assert quotient.lower[0] == -np.inf
        assert quotient.upper[0] == np.inf
        unknown = Interval(np.array([np.nan]), np.array([np.nan]))
        for result in (add(unknown, line), multiply(unknown, point(np.zeros(1))), tanh(unknown)):
            assert np.isnan(result.lower).all()
            assert np.isnan(result.upper).all()
    assert square(line).lower[0] == 0.0


@pytest.mark.parametrize("wide", ["neither", "left", "right", "both"])
@pytest.mark.parametrize("scale", [0.0, 150.0])
def test_matrix_products_contain_the_exact_product(wide: str, scale: float) -> None:
    rng = np.random.default_rng(6)
    for size in (1, 3, 17):
        a = rng.standard_normal((4, size)) * 10.0 ** rng.uniform(-scale - 3, scale + 3, (4, size))
        b = rng.standard_normal((size, 3)) * 10.0 ** rng.uniform(-scale - 3, scale, (size, 3))
        fat_a = Interval(a - 1e-9 * np.abs(a), a) if wide in ("left", "both") else point(a)
        fat_b = Interval(b, b + 1e-3 * np.abs(b)) if wide in ("right", "both") else point(b)
        with np.errstate(all="ignore"):
            result = matmul(fat_a, fat_b)
        for i in range(4):
            for j in range(3):
                value = sum(exact(x) * exact(y) for x, y in zip(a[i], b[:, j], strict=True))
                assert holds(result.lower[i, j], result.upper[i, j], value)


@pytest.mark.parametrize("radius", [0.0, 1e-16])
@pytest.mark.parametrize("has_wide", [True, False])
def test_long_thin_products_contain_the_exact_product(radius, has_wide, monkeypatch) -> None:
    """In wide numbers, where the platform has them, and without."""
    monkeypatch.setattr(products, "_HAS_WIDE", has_wide and products._HAS_WIDE)
    rng = np.random.default_rng(8)
    a, b = rng.standard_normal((6, 400)), rng.standard_normal((400, 2))
    a[:3, 200:] = -a[:3, :200]  # half of the rows cancel
    b[200:] = b[:200]
    fat = Interval(b, b + radius) if radius else point(b)
    result = matmul(point(a), fat, sharp=True)
    for i, j in np.ndindex(6, 2):
        for chosen in (fat.lower, np.where(a[i][:, None] > 0, fat.upper, fat.lower), fat.upper):
            value = sum(exact(x) * exact(y) for x, y in zip(a[i], chosen[:, j], strict=True))
            assert holds(result.lower[i, j], result.upper[i, j], value)


def test_sums_contain_the_exact_sum_however_much_cancels() -> None:
    rng = np.random.default_rng(7)
    terms = rng.standard_normal((20, 300)) * 10.0 ** rng.uniform(-10.0, 10.0, (20, 300))
    terms = np.concatenate([terms, -terms[:, ::-1], rng.standard_normal((20, 1))], axis=1)
    result = total(point(terms), (1,))
    for row, low, high in zip(terms, result.lower, result.upper, strict=True):
        assert holds(low, high, sum(map(exact, row)))


def test_matrix_products_over_the_whole_space() -> None:
    weights = point(np.array([[1.0, 0.0], [0.0, 0.0]]))
    line = Interval(np.full((2, 1), -np.inf), np.full((2, 1), np.inf))
    with np.errstate(all="ignore"):
        result = matmul(weights, line)
    assert result.lower[0, 0] == -np.inf
    assert np.abs([result.lower[1, 0], result.upper[1, 0]]).max() < 1e-300


def test_log_add_exp_contains_the_exact_value() -> None:
    rng = np.random.default_rng(8)
    a, b = rng.uniform(-800.0, 800.0, (2, 300))
    b[:100] = a[:100] + rng.standard_normal(100)
    result = log_add_exp(point(a), point(b))
    flint.ctx.prec = 3000
    for index in range(300):
        x, y = flint.arb(float(a[index])), flint.arb(float(b[index]))
        assert overlaps(result, index, (x.exp() + y.exp()).log())
    flint.ctx.prec = 53
