"""Removable singularities: u/(exp(c u) - 1) and its like."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from enclosure_tools import enclose, enclose_jacobian

from separatrix.enclosure.interval import Interval

BOX = Interval(np.array([-0.5]), np.array([0.75]))
# Each with c.
FORMS = {
    "rate": (lambda u: u / (1 - jnp.exp(-0.154 * u)), 0.154),
    "negated": (lambda u: u / (1 - jnp.exp(-(0.154 * u))), 0.154),
    "divided": (lambda u: u / (1.0 - jnp.exp(-u / 6.5)), 1 / 6.5),
    "expm1": (lambda u: u / -jnp.expm1(-u), 1.0),
    "both scaled": (lambda u: 0.1 * u / (1 - jnp.exp(-u / 10)) / 0.1, 0.1),
    "product": (lambda u: jnp.exp(0.0 * u) * 1.0 * u / (1 - jnp.exp(-u)), 1.0),
    "other sign": (lambda u: u / (jnp.exp(u) - 1.0), 1.0),
    "other expm1": (lambda u: u / jnp.expm1(2.0 * u), 2.0),
}


@pytest.mark.parametrize("form", FORMS)
def test_boxes_about_the_singularity_have_bounds(form):
    function, rate = FORMS[form]
    values, (slopes, _) = enclose(function, BOX), enclose_jacobian(function, BOX)
    inside = np.linspace(-0.5, 0.75, 100)
    with jax.enable_x64(True):
        expected = np.asarray(function(jnp.asarray(inside)))
    assert values.contains(expected).all()
    assert values.contains([1 / rate]).all()
    assert slopes.contains(np.diff(expected) / np.diff(inside)).all()
    assert (values.upper - values.lower < 3.0).all()
    assert (np.abs(slopes.lower) <= 1.0).all()


ALIKE = [
    lambda u: (u + 0.1) / (1 - jnp.exp(-u)),
    lambda u: u / (2 - jnp.exp(u)),
    lambda u: jnp.tanh(u) / (1 - jnp.exp(-u)),
]


@pytest.mark.parametrize("function", ALIKE)
def test_quotients_that_only_look_alike_may_be_nan(function):
    assert np.isnan(enclose(function, BOX).upper).all()
