"""Coefficients of normal forms against those of systems that are normal forms."""

import jax.numpy as jnp
import numpy as np
import pytest
from branch_tools import follow, specials

import separatrix as sx


def spun(z, p, sign, turn):
    """p + sign |z|² along z, and what turns it."""
    return (p + sign * (z @ z)) * z + turn * jnp.stack([-z[1], z[0]])


def spiral(p, sign):
    """x ↦ R x (1 + p + sign |x|²): by a turn of 1 radian."""
    turn = np.array([[np.cos(1.0), -np.sin(1.0)], [np.sin(1.0), np.cos(1.0)]])
    return sx.DiscreteMap(lambda x: (1 + p + sign * (x @ x)) * (turn @ x), 2)


def delayed_logistic(r):
    return sx.DiscreteMap(lambda x: jnp.stack([r * x[0] * (1 - x[1]), x[0]]), 2)


@pytest.mark.parametrize(
    ("system_of", "start", "span", "kind", "criticality", "coefficient"),
    [
        (lambda p: sx.Flow(lambda x: p - x**2, 1), [1.0], (1, -1), "fold", "", -1.0),
        (
            lambda p: sx.DiscreteMap(lambda x: x + p + 2 * x**2, 1),
            [-0.5],
            (-0.5, 1),
            "fold",
            "",
            2.0,
        ),
        # ½ (−2r)(−2r) / (1 − μ) at r = 3, μ = −1
        (
            lambda r: sx.DiscreteMap(lambda x: r * x * (1 - x), 1),
            [0.6],
            (2.5, 3.5),
            "flip",
            "supercritical",
            9.0,
        ),
        (
            lambda p: sx.DiscreteMap(lambda x: p * x - x**3, 1),
            [0.0],
            (-0.5, -1.5),
            "flip",
            "subcritical",
            -1.0,
        ),
        # |q| = 1 makes |x|² = 2 |z|²
        (
            lambda p: sx.Flow(lambda z: spun(z, p, 1, 2.0), 2),
            [0, 0],
            (-1, 1),
            "Hopf",
            "subcritical",
            1.0,
        ),
        (
            lambda p: sx.Flow(lambda z: spun(z, p, -1, 2.0), 2),
            [0, 0],
            (-1, 1),
            "Hopf",
            "supercritical",
            -1.0,
        ),
        # z ↦ e^{iθ} z (1 + p ± |z|²), |x|² = 2 |z|²
        (lambda p: spiral(p, 1), [0, 0], (-0.5, 0.5), "Neimark–Sacker", "subcritical", 2.0),
        (lambda p: spiral(p, -1), [0, 0], (-0.5, 0.5), "Neimark–Sacker", "supercritical", -2.0),
        (
            lambda p: sx.DiscreteMap(lambda x: (1 + p) * x + x**3, 1),
            [0.0],
            (-0.5, 0.5),
            "pitchfork",
            "subcritical",
            1.0,
        ),
        (
            lambda p: sx.Flow(lambda x: p * x - 2 * x**3, 1),
            [0.0],
            (-0.5, 0.5),
            "pitchfork",
            "supercritical",
            -2.0,
        ),
        (
            lambda p: sx.DiscreteMap(lambda x: (1 + p) * x - 3 * x**2, 1),
            [0.0],
            (-0.5, 0.5),
            "transcritical",
            "",
            -3.0,
        ),
        # Kuznetsov's example 4.2 has −2 for q₂ = 1, that is |q|² = 2
        (delayed_logistic, [0.4, 0.4], (5 / 3, 2.2), "Neimark–Sacker", "supercritical", -1.0),
    ],
)
def test_coefficients_of_normal_forms(system_of, start, span, kind, criticality, coefficient):
    branches = follow(system_of, np.array(start, float), span, disconnected=None)
    (here,) = specials(branches, kind)
    assert branches.special_criticality[here] == criticality
    assert branches.special_coefficient[here] == pytest.approx(coefficient, rel=1e-8)
