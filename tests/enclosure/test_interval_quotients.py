"""Removable singularities: u/(exp(c u) - 1) and its like, against ball arithmetic."""

import flint
import jax.numpy as jnp
import numpy as np
import pytest

from separatrix.enclosure.interval import Interval, enclose, enclose_jacobian, point
from separatrix.enclosure.interval.rules.quotients import BERNOULLI

FORMS = {
    "rate": (lambda u: u / (1 - jnp.exp(-0.154 * u)), 0.154),
    "negated": (lambda u: u / (1 - jnp.exp(-(0.154 * u))), 0.154),
    "divided": (lambda u: u / (1.0 - jnp.exp(-u / 6.5)), 1 / 6.5),
    "expm1": (lambda u: u / -jnp.expm1(-u), 1.0),
    "both scaled": (lambda u: 0.1 * u / (1 - jnp.exp(-u / 10)) / 0.1, 0.1),
    "product": (lambda u: jnp.exp(0.0 * u) * 1.0 * u / (1 - jnp.exp(-u)), 1.0),
    "other sign": (lambda u: u / (jnp.exp(u) - 1.0), -1.0),
    "other expm1": (lambda u: u / jnp.expm1(2.0 * u), -2.0),
}


@pytest.fixture
def arguments():
    rng = np.random.default_rng(0)
    small = 10.0 ** rng.uniform(-12, 0, 100) * rng.choice([-1.0, 1.0], 100)
    edges = [0.0, 1.0, -1.0, 1e-30, 700.0, -700.0, 1e5, -1e5]
    return np.concatenate([rng.uniform(-3, 3, 200), rng.uniform(-60, 60, 200), small, edges])


def test_value_and_slope_hold_the_true_ones(arguments):
    with np.errstate(all="ignore"):
        value = BERNOULLI.value(point(arguments))
        slope = BERNOULLI.slope(point(arguments), value)
    before, flint.ctx.prec = flint.ctx.prec, 400
    try:
        for index, number in enumerate(arguments):
            t = flint.arb(float(number))
            exact, change = flint.arb(1), flint.arb(-1) / 2
            if number != 0:
                grown = t.exp()
                exact = t / (grown - 1)
                change = (grown - 1 - t * grown) / ((grown - 1) * (grown - 1))
            for bounds, truth in ((value, exact), (slope, change)):
                assert not truth < flint.arb(float(bounds.lower[index]))
                assert not truth > flint.arb(float(bounds.upper[index]))
    finally:
        flint.ctx.prec = before
    assert np.max(slope.upper - slope.lower) < 1e-4
    ordinary = value.upper > 1e-280
    assert np.max(value.upper[ordinary] / value.lower[ordinary]) < 1.0 + 1e-13


@pytest.mark.parametrize("form", FORMS)
def test_boxes_about_the_singularity_have_bounds(form):
    function, rate = FORMS[form]
    box = Interval(np.array([-0.5]), np.array([0.75]))
    values, slopes = enclose(function, box), enclose_jacobian(function, box)
    inside = np.linspace(-0.5, 0.75, 101)
    inside = inside[np.abs(inside) > 1e-6]
    expected = inside / (1 - np.exp(-rate * inside)) * (1.0 if rate > 0 else -1.0)
    if rate < 0:
        expected = inside / np.expm1(-rate * inside)
    assert values.contains(expected).all()
    assert values.contains([1 / abs(rate)]).all()
    assert slopes.contains(np.diff(expected) / np.diff(inside)).all()
    assert (values.upper - values.lower < 3.0).all()
    assert (np.abs(slopes.lower) <= 1.0).all()


def test_quotients_that_only_look_alike_may_be_nan():
    box = Interval(np.array([-0.5]), np.array([0.75]))
    for function in (
        lambda u: (u + 0.1) / (1 - jnp.exp(-u)),
        lambda u: u / (2 - jnp.exp(u)),
        lambda u: jnp.tanh(u) / (1 - jnp.exp(-u)),
    ):
        assert np.isnan(enclose(function, box).upper).all()
