"""Coefficients of normal forms against those of systems that are normal forms."""

import jax.numpy as jnp
import numpy as np
import pytest
from branch_tools import follow, specials

import separatrix as sx


def spun(z, p, sign):
    """p + sign |z|² along z, and what turns it."""
    return (p + sign * (z @ z)) * z + 2.0 * jnp.stack([-z[1], z[0]])


def flow(field, size=1):
    return lambda p: sx.Flow(lambda x: field(x, p), size)


def iterated(step, size=1):
    return lambda p: sx.DiscreteMap(lambda x: step(x, p), size)


ZERO, TURN = [0.0, 0.0], np.array([[np.cos(1.0), -np.sin(1.0)], [np.sin(1.0), np.cos(1.0)]])
FORMS = [
    (flow(lambda x, p: p - x**2), [1.0], (1, -1), "fold", "", -1.0),
    (iterated(lambda x, p: x + p + 2 * x**2), [-0.5], (-0.5, 1), "fold", "", 2.0),
    # ½ (−2r)(−2r) / (1 − μ) at r = 3, μ = −1
    (iterated(lambda x, r: r * x * (1 - x)), [0.6], (2.5, 3.5), "flip", "supercritical", 9.0),
    (iterated(lambda x, p: p * x - x**3), [0.0], (-0.5, -1.5), "flip", "subcritical", -1.0),
    # |q| = 1 makes |x|² = 2 |z|²
    (flow(lambda z, p: spun(z, p, 1), 2), ZERO, (-1, 1), "Hopf", "subcritical", 1.0),
    (flow(lambda z, p: spun(z, p, -1), 2), ZERO, (-1, 1), "Hopf", "supercritical", -1.0),
    # z ↦ e^{iθ} z (1 + p ± |z|²), |x|² = 2 |z|²
    (
        iterated(lambda x, p: (1 + p + x @ x) * (TURN @ x), 2),
        ZERO,
        (-0.5, 0.5),
        "Neimark–Sacker",
        "subcritical",
        2.0,
    ),
    (flow(lambda x, p: p * x - 2 * x**3), [0.0], (-0.5, 0.5), "pitchfork", "supercritical", -2.0),
    (
        iterated(lambda x, p: (1 + p) * x + x**3),
        [0.0],
        (-0.5, 0.5),
        "pitchfork",
        "subcritical",
        1.0,
    ),
    (iterated(lambda x, p: (1 + p) * x - 3 * x**2), [0.0], (-0.5, 0.5), "transcritical", "", -3.0),
    # Kuznetsov's example 4.2 has −2 for q₂ = 1, that is |q|² = 2
    (
        iterated(lambda x, r: jnp.stack([r * x[0] * (1 - x[1]), x[0]]), 2),
        [0.4, 0.4],
        (5 / 3, 2.2),
        "Neimark–Sacker",
        "supercritical",
        -1.0,
    ),
]


@pytest.mark.parametrize(
    ("system_of", "start", "span", "kind", "criticality", "coefficient"), FORMS
)
def test_coefficients_of_normal_forms(system_of, start, span, kind, criticality, coefficient):
    branches = follow(system_of, np.array(start, float), span, disconnected=None)
    (here,) = specials(branches, kind)
    assert branches.special_criticality[here] == criticality
    assert branches.special_coefficient[here] == pytest.approx(coefficient, rel=1e-8)
