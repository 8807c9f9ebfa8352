"""Eigenvalues, time constants and periods, and what they say of stability."""

import jax
import numpy as np
import pytest
import systems
from linear_tools import at_origin, with_spectrum

import separatrix as sx

TURN = 2 * np.pi / np.arctan2(0.6, 0.3)
SPECTRA = {  # eigenvalues in order, time constants, and periods
    "map": (  # of 10 ms a step
        [1.25, -0.9, 0.3 + 0.6j, 0.3 - 0.6j, 0.5],
        -10.0 / np.log([1.25, 0.9, 0.45**0.5, 0.45**0.5, 0.5]),
        [np.inf, 20.0, 10.0 * TURN, 10.0 * TURN, np.inf],
    ),
    "flow": (  # of 100 ms
        [0.5, -0.2 + 3.0j, -0.2 - 3.0j, -1.0, -4.0],
        [-200, 500, 500, 100, 25],
        [np.inf, 200 * np.pi / 3, 200 * np.pi / 3, np.inf, np.inf],
    ),
}


@pytest.mark.parametrize("kind", SPECTRA)
def test_spectrum_time_constants_and_periods(kind):
    spectrum, times, periods = SPECTRA[kind]
    lin = at_origin(with_spectrum(spectrum), kind)
    values = lin.eigenvalues[0]
    np.testing.assert_allclose(values.real, np.real(spectrum), rtol=1e-10)
    np.testing.assert_allclose(np.abs(values.imag), np.abs(np.imag(spectrum)), atol=1e-10)
    np.testing.assert_allclose(lin.time_constants[0], times, rtol=1e-10)
    np.testing.assert_allclose(lin.periods[0], periods, rtol=1e-10)
    assert (lin.n_unstable[0], lin.stability[0], lin.system) == (1, "saddle", kind)
    assert lin.time_unit == {"map": 10.0, "flow": 100.0}[kind]


@pytest.mark.parametrize(
    ("values", "as_map", "as_flow"),
    [
        ([0.5, -0.5], "stable", "saddle"),
        ([-2.0, -3.0], "unstable", "stable"),
        ([-1.5, 0.5], "saddle", "saddle"),
        ([2.0, 3.0], "unstable", "unstable"),
        ([1.0, 0.5], "marginal", "unstable"),
        ([0.0, -0.5], "stable", "marginal"),
        ([1.0, 2.0], "saddle", "unstable"),
    ],
)
def test_stability_of_maps_and_flows_are_different_things(values, as_map, as_flow):
    for kind, name in (("map", as_map), ("flow", as_flow)):
        assert at_origin(np.diag(values), kind).stability.tolist() == [name]


def test_a_silent_mode_decays_at_once_and_does_not_oscillate():
    lin = at_origin(np.zeros((2, 2)))
    assert lin.time_constants.tolist() == [[0.0, 0.0]] and np.isinf(lin.periods).all()


def test_a_network_as_map_and_as_flow():
    alpha, u = 0.2, [1.0, 0.5, 0.5]
    key = jax.random.key(0)
    net = sx.networks.CTRNN(3, 12, 3, tau=100.0, dt=100 * alpha, activation="tanh", key=key)
    points = sx.find_fixed_points(net.at_input(u), systems.box(12, -1, 1, 50)).fixed
    as_map = sx.linearize(net.at_input(u), points)
    as_flow = sx.linearize(net.flow_at_input(u), points)
    distance = np.abs(as_map.eigenvalues[..., None] - (1 + alpha * as_flow.eigenvalues[:, None]))
    assert len(points) and distance.min(2).max() < 1e-12
    np.testing.assert_allclose(
        as_map.input_jacobians, alpha * as_flow.input_jacobians, rtol=1e-6, atol=1e-12
    )
