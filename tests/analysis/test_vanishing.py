"""A residual that falls below rounding has no zero there; degenerate zeros, and lines, have one."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx

NONE = "no zero within reach: the residual falls below rounding"
FADING = {
    "exp(-x)": (lambda x: jnp.exp(-x), 1),
    "-exp(-x)": (lambda x: -jnp.exp(-x), 1),
    "sigmoid(-x)": (lambda x: jax.nn.sigmoid(-x), 1),
    "softplus(-x)": (lambda x: jax.nn.softplus(-x), 1),
    "1 - tanh(x)": (lambda x: 1 - jnp.tanh(x), 1),
    "exp(-x) beside a stable unit": (lambda z: jnp.stack([jnp.exp(-z[0]), -z[1]]), 2),
}
VANISHING = {
    "x^3": (lambda x: x**3, 1),
    "x^2 beside a stable unit": (lambda z: jnp.stack([z[0] ** 2, -z[1]]), 2),
    "a saturated unit": (lambda x: jnp.tanh(40 * x + 800) - x, 1),
    "a line": (lambda z: (z[0] + z[1] - 1) * jnp.array([1.0, 2.0]), 2),
    "everywhere": (lambda x: 0.0 * x, 1),
    "a half-line, beyond a kink": (lambda x: jnp.exp(jnp.maximum(-x, 0)) - 1, 1),
    "a half-line, beyond a bend": (lambda x: jnp.sin(jnp.maximum(-x, 0)) ** 2, 1),
}


def found(field, size, starts):
    # another unit rests at 0
    candidates = np.column_stack([starts, np.zeros((len(starts), size - 1))])
    return sx.find_fixed_points(sx.Flow(field, size), candidates)


@pytest.mark.parametrize("name", FADING)
def test_there_is_no_zero_where_a_residual_fades(name):
    points = found(*FADING[name], [800.0, 900.0])
    assert not len(points.fixed) and set(points.outcomes) == {"rejected"}
    assert all(reason.startswith(NONE) for reason in points.outcome_reasons)


@pytest.mark.parametrize("name", VANISHING)
def test_a_zero_stays_one_however_flat(name):
    points = found(*VANISHING[name], [0.3, 2.0, 800.0])
    assert "fixed" in set(points.outcomes) and len(points.fixed)
    assert not any(reason.startswith(NONE) for reason in points.outcome_reasons)
