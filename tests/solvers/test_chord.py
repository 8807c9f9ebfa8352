"""The chord method, on functions whose zeros and contraction rates are known."""

import numpy as np
import pytest

from separatrix.solvers.chord import KnownZeros

MATRIX = np.array([[2.0, 1.0], [0.0, 3.0]])
ZERO = np.array([0.5, -1.0])


def curved(x):
    """A(x − z) + 0.1 (x − z)²: beside z its nearest zeros are more than 10 away."""
    return (x - ZERO) @ MATRIX.T + 0.1 * (x - ZERO) ** 2


def slopes(x):
    return MATRIX + 0.2 * (x - ZERO)[:, :, None] * np.eye(2)


def known():
    zeros = KnownZeros(2)
    zeros.add(ZERO[None], np.array([1e-15]), MATRIX[None], np.array([1e-14]), slopes)
    return zeros


def test_states_nearby_arrive_at_the_zero():
    led = known().lead(curved, ZERO + np.array([[1e-3, -1e-3], [1e-2, 0.0], [0.0, 0.0]]))
    assert led.arrived.all()
    assert (led.states == ZERO).all()
    assert (led.steps == 1e-15).all()


@pytest.mark.parametrize("start", [[40.0, 0.0], [10.5, -31.0], [np.nan, 0.0]])
def test_where_the_method_does_not_contract_states_stay(start):
    """The second start is another zero, where the residual is at rounding level at once."""
    starts = np.array([start])
    led = known().lead(curved, starts)
    assert not led.arrived.any()
    assert np.array_equal(led.states, starts, equal_nan=True)


def test_without_known_zeros_nothing_arrives():
    assert not KnownZeros(2).lead(curved, np.zeros((3, 2))).arrived.any()


def test_singular_zeros_are_not_kept():
    zeros = KnownZeros(2)
    matrices = np.array([np.eye(2), np.ones((2, 2))])
    constant = lambda x: np.broadcast_to(np.eye(2), (len(x), 2, 2))  # noqa: E731
    zeros.add(np.zeros((2, 2)), np.ones(2), matrices, np.ones(2), constant)
    assert len(zeros.states) == 1


@pytest.mark.parametrize(("gap", "count"), [(1e-3, 1), (1e-6, 0), (1e-7, 0)])
def test_zeros_that_rounding_does_not_tell_apart_are_not_kept(gap, count):
    """x (x − gap) has the slope −gap at 0: a residual of 1e-14 hides steps of 1e-14 / gap."""
    zeros = KnownZeros(1)
    slope = lambda x: (2 * x - gap)[:, :, None]  # noqa: E731
    start = np.zeros((1, 1))
    zeros.add(start, np.zeros(1), slope(start), np.array([1e-14]), slope)
    assert len(zeros.states) == count
    led = zeros.lead(lambda x: x * (x - gap), np.array([[gap], [gap / 2]]))
    assert not led.arrived.any()


def test_a_state_goes_to_the_nearest_of_two_zeros():
    zeros = KnownZeros(1)
    slope = lambda x: 2 * x[:, :, None]  # noqa: E731
    two = np.array([[1.0], [-1.0]])
    zeros.add(two, np.zeros(2), slope(two), np.full(2, 1e-15), slope)
    led = zeros.lead(lambda x: x**2 - 1, np.array([[1.05], [-1.05], [0.9]]))
    assert led.arrived.all()
    assert led.states[:, 0].tolist() == [1, -1, 1]


@pytest.mark.parametrize("scale", [1e-6, 0.01, 0.3, 3.0])
def test_a_look_along_a_few_directions_changes_no_answer(monkeypatch, scale):
    """From 128 units on it spares those the whole step of which it shows that they stay away."""
    size, rng = 128, np.random.default_rng(3)
    weights = 1.5 * rng.standard_normal((size, size)) / np.sqrt(size)

    def residual(x):
        return np.tanh(x @ weights.T) - x

    def jacobian(x):
        slopes = 1 - np.square(np.tanh(x @ weights.T))
        return slopes[:, :, None] * weights - np.eye(size)

    zeros, zero = KnownZeros(size), np.zeros((1, size))
    zeros.add(zero, np.zeros(1), jacobian(zero), np.full(1, 1e-15), jacobian)
    states = scale * rng.standard_normal((40, size))
    worked_out = []
    corrections = KnownZeros._corrections
    monkeypatch.setattr(
        KnownZeros,
        "_corrections",
        lambda self, r, nearest: worked_out.append(len(r)) or corrections(self, r, nearest),
    )
    with_probes = zeros.attracts(states, residual(states))
    monkeypatch.setattr("separatrix.solvers.chord._PROBED_FROM", 1000)
    without = zeros.attracts(states, residual(states))
    assert (with_probes == without).all()
    assert worked_out[1] == 40
    assert worked_out[0] < 40 if scale == 3.0 else worked_out[0] >= without.sum()
    if scale < 0.1:
        assert without.any()
