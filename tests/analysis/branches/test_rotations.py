"""Hopf and Neimark–Sacker points: where a rotation loses its stability."""

import jax.numpy as jnp
import numpy as np
import pytest
from branch_tools import follow

import separatrix as sx


def test_two_units_have_a_supercritical_hopf_point():
    def system(a):
        return sx.Flow(lambda x: -x + jnp.array([[a, -1.5], [1.5, a]]) @ jnp.tanh(x), 2)

    branches = follow(system, np.zeros(2), (0.5, 1.5), name="a")
    assert branches.special_type.tolist() == ["Hopf"]
    assert branches.special_parameters[0] == pytest.approx(1.0, abs=1e-10)
    assert branches.special_angle[0] == pytest.approx(1.5, abs=1e-10)
    # averaging gives r' = (a − 1) r − r³ a/4, that is Re c₁ = −1/2 for |q| = 1; l₁ = Re c₁ / ω
    assert branches.special_coefficient[0] == pytest.approx(-0.5 / 1.5, abs=1e-9)
    assert branches.special_criticality.tolist() == ["supercritical"]


def test_the_map_of_two_units_has_a_neimark_sacker_point():
    def system(a):
        return sx.DiscreteMap(lambda x: jnp.tanh(jnp.array([[a, -0.6], [0.6, a]]) @ x), 2)

    branches = follow(system, np.zeros(2), (0.0, 1.0), name="a")
    assert branches.special_type.tolist() == ["Neimark–Sacker"]
    assert branches.special_parameters[0] == pytest.approx(0.8, abs=1e-10)  # |a + 0.6 i| = 1
    assert branches.special_angle[0] == pytest.approx(np.arctan2(0.6, 0.8), abs=1e-10)
    assert branches.special_coefficient[0] == pytest.approx(-0.5, abs=1e-9)  # as for the flow
    assert branches.special_criticality.tolist() == ["supercritical"]


def test_a_strong_resonance_is_named():
    def system(a):
        return sx.DiscreteMap(lambda x: jnp.tanh(a * jnp.stack([-x[1], x[0]])), 2)

    branches = follow(system, np.zeros(2), (0.5, 1.5))
    assert branches.special("Neimark–Sacker") == pytest.approx([1.0], abs=1e-10)
    assert branches.special_criticality.tolist() == ["strong resonance"]  # θ = π/2
    assert np.isnan(branches.special_coefficient[0])


def test_fitzhugh_nagumo_has_two_subcritical_hopf_points():
    def system(current):
        def field(x):
            v, w = x
            return jnp.stack([v - v**3 / 3 - w + current, (v + 0.7 - 0.8 * w) / 12.5])

        return sx.Flow(field, 2)

    branches = follow(system, np.array([-1.2, -0.6]), (0.0, 2.0), name="I")
    assert branches.special_type.tolist() == ["Hopf", "Hopf"]
    assert branches.special("Hopf") == pytest.approx([0.33128133745475, 1.4187186625453], abs=1e-9)
    assert branches.special_angle == pytest.approx(0.27550680572356, abs=1e-10)
    voltage = np.sqrt(1 - 0.8 / 12.5)
    assert np.sort(branches.special_states[:, 0]) == pytest.approx([-voltage, voltage], abs=1e-10)
    # with q₀ = 1, |q|² = 1 + |b/τ − iω|²; the reference has 1.0497 in that normalization
    square = 1 + (0.8 / 12.5) ** 2 + branches.special_angle[0] ** 2
    assert branches.special_coefficient * square == pytest.approx(1.0497, abs=5e-5)
    assert branches.special_criticality.tolist() == ["subcritical", "subcritical"]


def test_stability_of_a_flow_and_of_its_map_differ_as_they_should():
    def leaky(a):
        return lambda x: (1 - a) * x + a * jnp.tanh(-4.0 * x)

    branches = follow(lambda a: sx.DiscreteMap(leaky(a), 1), 0.0, (0.1, 1.0), name="dt/tau")
    assert branches.special("flip") == pytest.approx([0.4], abs=1e-10)  # 1 − 5a = −1
