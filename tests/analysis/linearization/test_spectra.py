"""Eigenvalues, time constants and periods, and what they say of stability."""

import jax
import numpy as np
import pytest
import systems
from linear_tools import linear_flow, linear_map, with_spectrum

import separatrix as sx

MAP_SPECTRUM = [1.25, -0.9, 0.3 + 0.6j, 0.3 - 0.6j, 0.5]


FLOW_SPECTRUM = [0.5, -0.2 + 3.0j, -0.2 - 3.0j, -1.0, -4.0]


def test_spectrum_time_constants_and_periods_of_a_map():
    lin = sx.linearize(linear_map(with_spectrum(MAP_SPECTRUM)), np.zeros((1, 5)))
    values = lin.eigenvalues[0]
    np.testing.assert_allclose(np.abs(values), [1.25, 0.9, 0.45**0.5, 0.45**0.5, 0.5], rtol=1e-12)
    np.testing.assert_allclose(
        lin.time_constants[0], -10.0 / np.log([1.25, 0.9, 0.45**0.5, 0.45**0.5, 0.5]), rtol=1e-10
    )
    turn = 2 * np.pi * 10.0 / np.arctan2(0.6, 0.3)
    np.testing.assert_allclose(lin.periods[0], [np.inf, 20.0, turn, turn, np.inf], rtol=1e-10)
    assert lin.time_constants[0, 0] < 0 < lin.time_constants[0, 1]
    assert (lin.n_unstable[0], lin.stability[0]) == (1, "saddle")
    assert (lin.system, lin.time_unit) == ("map", 10.0)


def test_spectrum_time_constants_and_periods_of_a_flow():
    lin = sx.linearize(linear_flow(with_spectrum(FLOW_SPECTRUM)), np.zeros((1, 5)))
    np.testing.assert_allclose(lin.eigenvalues[0].real, [0.5, -0.2, -0.2, -1, -4], rtol=1e-10)
    np.testing.assert_allclose(lin.time_constants[0], [-200, 500, 500, 100, 25], rtol=1e-10)
    turn = 2 * np.pi * 100.0 / 3.0
    np.testing.assert_allclose(lin.periods[0], [np.inf, turn, turn, np.inf, np.inf], rtol=1e-10)
    assert (lin.n_unstable[0], lin.stability[0]) == (1, "saddle")


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
    J = np.diag(values)
    assert sx.linearize(linear_map(J), np.zeros((1, 2))).stability.tolist() == [as_map]
    assert sx.linearize(linear_flow(J), np.zeros((1, 2))).stability.tolist() == [as_flow]


def test_the_marginal_band_is_the_users():
    system = linear_map(np.diag([1 + 1e-4, 0.5]))
    names = [
        sx.linearize(system, np.zeros((1, 2)), marginal_band=b).stability[0] for b in (1e-6, 1e-3)
    ]
    assert names == ["saddle", "marginal"]


def test_a_silent_mode_decays_at_once_and_does_not_oscillate():
    lin = sx.linearize(linear_map(np.zeros((2, 2))), np.zeros((1, 2)))
    assert lin.time_constants.tolist() == [[0.0, 0.0]]
    assert np.isinf(lin.periods).all()


def test_a_network_as_map_and_as_flow():
    alpha = 0.2
    net = sx.networks.CTRNN(
        3, 12, 3, tau=100.0, dt=100 * alpha, activation="tanh", key=jax.random.key(0)
    )
    u = [1.0, 0.5, 0.5]
    points = sx.find_fixed_points(net.at_input(u), systems.box(12, -1, 1, 50)).fixed
    assert len(points)
    as_map = sx.linearize(net.at_input(u), points)
    as_flow = sx.linearize(net.flow_at_input(u), points)
    for mu, lam in zip(as_map.eigenvalues, as_flow.eigenvalues, strict=True):
        distance = np.abs(mu[:, None] - (1 + alpha * lam))
        assert distance.min(1).max() < 1e-12
    np.testing.assert_allclose(
        as_map.input_jacobians, alpha * as_flow.input_jacobians, rtol=1e-6, atol=1e-12
    )
