"""Intervals against ITF1788, the public test cases of IEEE 1788 (`libieeep1788_elem.itl`).

Each case gives the tightest interval in float64. Ours are computed by the interpreter, as in a
proof. They contain the tightest one, and are a few ulps wider. Outside the domain of an operation a
bound is NaN, which says that nothing is known. The empty set is given as NaN.
"""

import operator
import re
from collections import defaultdict
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from separatrix.enclosure.interval import Enclosed, Interval, NoIntervalRule
from separatrix.enclosure.interval.arithmetic import MAX, TINY

TEXT = Path(__file__).with_name("libieeep1788_elem.itl").read_text(encoding="utf-8")
CASE = re.compile(r"(?m)^ *(\w+) (.+) = (\[.+\]);$")
OPERAND = re.compile(r"\[.*?\]|\S+")
SETS = {"[empty]": (np.nan, np.nan), "[entire]": (-np.inf, np.inf)}


def number(text):
    return float.fromhex(text) if "x" in text.lower() else float(text)


def ends(text):
    """Return the bounds of an interval; those of the empty set are NaN."""
    return SETS.get(text) or tuple(map(number, text.strip("[]").split(",")))


def read(text):
    """Return operands (case, operand) and results (case,) of each operation, such as `pown -2`."""
    found = defaultdict(list)
    for name, operands, result in CASE.findall(text):
        parts = OPERAND.findall(operands)
        intervals = [ends(part) for part in parts if part[0] == "["]
        constants = [part for part in parts if part[0] != "["]
        found[" ".join([name, *constants])].append([*intervals, ends(result)])
    arrays = {name: np.moveaxis(np.array(cases), -1, 0) for name, cases in found.items()}
    return {n: (Interval(*a[:, :, :-1]), Interval(*a[:, :, -1])) for n, a in arrays.items()}


def chosen(case, which):
    return tuple(part[which] for part in case)


def constant_powers(given, expected):
    """Return the cases whose exponent is a point, as operations on their own, such as `pow 2.5`.

    Powers of negative numbers are not defined in the standard, and are left out.
    """
    base, exponent = given[:, 0], given[:, 1]
    is_point = (exponent.lower == exponent.upper) & (base.lower >= 0)
    case = base[:, None], expected
    constants = {*exponent.lower[is_point]}
    return {f"pow {c + 0.0}": chosen(case, is_point & (exponent.lower == c)) for c in constants}


READ = read(TEXT)
POW = READ["pow"]
OF_ZERO = (POW[0].upper[:, 0] == 0) & (POW[0].lower[:, 1] == 0)  # 0**0: the standard has no value
CASES = READ | constant_powers(*POW) | {"pow": chosen(POW, ~OF_ZERO)}

# Each with the most ulps by which a bound was wider than the tightest one.
OPERATIONS = {
    "pos": (lambda x: +x, 0),
    "neg": (operator.neg, 0),
    "add": (operator.add, 2),
    "sub": (operator.sub, 2),
    "mul": (operator.mul, 2),
    "div": (operator.truediv, 3),
    "recip": (lambda x: 1 / x, 4),
    "sqr": (lambda x: x * x, 2),
    "sqrt": (jnp.sqrt, 17),
    "pow": (operator.pow, 136),
    "exp": (jnp.exp, 24),
    "exp2": (lambda x: 2.0**x, 18669),
    "exp10": (lambda x: 10.0**x, 17645),
    "log": (jnp.log, 23),
    "log2": (jnp.log2, 47),
    "log10": (jnp.log10, 26),
    "sin": (jnp.sin, 23),
    "cos": (jnp.cos, 23),
    "atan": (jnp.arctan, 19),
    "sinh": (jnp.sinh, 18),
    "cosh": (jnp.cosh, 19),
    "tanh": (jnp.tanh, 24),
    "asinh": (jnp.arcsinh, 23),
    "atanh": (jnp.arctanh, 18),
    "sign": (jnp.sign, 0),
    "ceil": (jnp.ceil, 0),
    "floor": (jnp.floor, 0),
    "trunc": (jnp.trunc, np.inf),  # the hull of floor and ceil, where the sign is undecided
    "abs": (jnp.abs, 0),
    "min": (jnp.minimum, 0),
    "max": (jnp.maximum, 0),
}
WHOLE = {0: 0, 1: 0, 2: 2, 3: 4, 7: 11, 8: 14, -1: 2, -2: 2, -3: 6, -7: 16, -8: 16}
REAL = {-2.5: 105, -1.0: 2, -0.1: 24, 0.0: 0, 0.1: 24, 1.0: 0, 2.5: 136}
OPERATIONS |= {f"pown {n}": (lambda x, n=n: x**n, ulps) for n, ulps in WHOLE.items()}
OPERATIONS |= {f"pow {c}": (lambda x, c=c: x**c, ulps) for c, ulps in REAL.items()}


def is_positive(x):
    return x.lower > 0


# Where the result is known; elsewhere the operation is defined everywhere.
DOMAINS = {
    "div": lambda x, y: y.excludes_zero(),
    "recip": Interval.excludes_zero,
    "sqrt": lambda x: x.lower >= 0,
    "log": is_positive,
    "log2": is_positive,
    "log10": is_positive,
    "atanh": lambda x: (x.lower > -1) & (x.upper < 1),
    "pow": lambda x, y: (x.lower > 0) | ((x.lower == 0) & (y.lower >= 0)),
    **{f"pown {n}": Interval.excludes_zero for n in WHOLE if n < 0},
    **{f"pow {c}": is_positive for c in REAL if c < 0},
}
OF_NAN = {"pown 0"}  # is 1
WITHOUT_RULE = {
    "exp2": jnp.exp2,
    "tan": jnp.tan,
    "asin": jnp.arcsin,
    "acos": jnp.arccos,
    "atan2": lambda x: jnp.arctan2(x, 1.0),
    "acosh": jnp.arccosh,
    "roundTiesToEven": jnp.round,
    "roundTiesToAway": lambda x: lax.round(x, lax.RoundingMethod.AWAY_FROM_ZERO),
}


def ulps_wider(found, expected):
    """Return by how many ulps a bound lies outside; infinity is the largest number.

    What is added because numbers may underflow does not count.
    """
    ours, tightest = (np.clip([x.lower, x.upper], -MAX, MAX) for x in (found, expected))
    outside = (tightest - ours) * [[1], [-1]] - 4 * TINY
    return (outside / (2 * np.spacing(np.abs(tightest) / 2))).max(axis=0)


def test_every_case_is_read_and_every_operation_has_cases():
    assert sum(len(expected.lower) for _, expected in READ.values()) == 2474
    assert sum(line.endswith(";") for line in TEXT.split("*/")[1].splitlines()) == 2474
    assert set(CASES) == set(OPERATIONS)


@pytest.mark.parametrize("name", OPERATIONS)
def test_intervals_contain_the_tightest_one_and_are_little_wider(name):
    (function, ulps), (given, expected) = OPERATIONS[name], CASES[name]
    found = Enclosed(lambda x: function(*x), given.shape[1:]).bounds(given)
    known = ~np.isnan(found.lower) & ~np.isnan(found.upper)
    operands = [given[:, place] for place in range(given.shape[1])]
    is_defined = DOMAINS[name](*operands) if name in DOMAINS else True
    is_number = (name in OF_NAN) | ~np.isnan(given.lower).any(axis=1)
    np.testing.assert_array_equal(known, is_defined & is_number)
    compared = known & ~np.isnan(expected.lower)
    assert (found.lower <= expected.lower)[compared].all()
    assert (expected.upper <= found.upper)[compared].all()
    bounded = compared & np.isfinite(given.magnitude()).all(axis=1)
    # a third more: of the 12 ulps that functions are given, those of a library may be off by 4
    assert (ulps_wider(found[bounded], expected[bounded]) <= ulps * 4 / 3).all()


def test_zero_to_the_power_of_zero_is_one_as_it_is_for_jax():
    found = Enclosed(lambda x: x[0] ** x[1], (2,)).bounds(POW[0][OF_ZERO])
    unknown = np.isnan(found.lower)
    assert (unknown | found.contains(1.0)).all() and not unknown.all()


@pytest.mark.parametrize("name", WITHOUT_RULE)
def test_other_operations_of_the_standard_are_refused(name):
    with pytest.raises(NoIntervalRule):
        Enclosed(WITHOUT_RULE[name], (1,)).bounds(Interval(np.zeros((1, 1)), np.ones((1, 1))))
