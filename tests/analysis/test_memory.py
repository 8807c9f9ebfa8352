import numpy as np
import pytest

import separatrix as sx

ANGLES = np.linspace(0, np.pi, 400)
HALF_CIRCLE = np.stack([np.cos(ANGLES), np.sin(ANGLES), 0 * ANGLES], 1)
VALUES = np.repeat([10.0, 14.0, 18.0, 22.0], 6)


def on_the_circle(angles):
    return np.stack([np.cos(angles), np.sin(angles), 0 * angles], -1)


def held(angle_of, times=5):
    """States whose angle is a function of the trial's value and of time."""
    steps = np.arange(times)
    return on_the_circle(angle_of(VALUES[:, None], steps[None, :]))


def test_a_perfect_memory_on_a_curved_line():
    states = held(lambda v, t: np.pi * (v / 32) + 0 * t)
    memory = sx.classics.graded_memory(HALF_CIRCLE, states, VALUES, dt=100.0)
    np.testing.assert_allclose(memory.positions[:, 0], np.unique(VALUES) / 32, atol=1e-4)
    assert (memory.order == 1).all()
    assert (memory.decoded == 1).all()
    np.testing.assert_allclose(memory.rank_correlation, 1)
    np.testing.assert_allclose(memory.drift, 0, atol=1e-12)
    np.testing.assert_allclose(memory.distance, 0, atol=1e-4)
    assert memory.length == pytest.approx(np.pi, rel=1e-5)
    assert (memory.contraction, memory.chance) == (pytest.approx(1), 0.25)
    assert memory.relative_drift == pytest.approx(0, abs=1e-9)


def test_a_memory_that_fades_to_a_point():
    states = held(lambda v, t: np.pi / 2 + (v - 16) / 12 * 0.5**t, times=3)
    memory = sx.classics.graded_memory(HALF_CIRCLE, states, VALUES)
    assert memory.contraction == pytest.approx(0.25, rel=1e-3)
    # the outermost value moves by 3/4 of its distance of 1.5 spacings from the middle
    assert memory.relative_drift == pytest.approx(1.125, rel=1e-3)
    assert (memory.order == 1).all()


def test_values_in_no_order_and_values_that_are_forgotten():
    swapped = held(lambda v, t: np.where(v == 14.0, 0.9, np.where(v == 18.0, 0.5, v / 11)) + 0 * t)
    memory = sx.classics.graded_memory(HALF_CIRCLE, swapped, VALUES)
    # values 10, 14, 18, 22 at 0.909, 0.9, 0.5, 2: three of six pairs are in order
    assert memory.order[0] == 0
    assert memory.decoded[0] == 1
    gone = held(lambda v, t: 1.0 + 0 * v + 0 * t)
    lost = sx.classics.graded_memory(HALF_CIRCLE, gone, VALUES)
    assert lost.order[0] == 0
    assert lost.decoded[0] == 0.25  # all are told to be the first value
    assert np.isnan(lost.rank_correlation[0])


def test_distance_is_measured_from_the_curve():
    states = held(lambda v, t: v / 11 + 0 * t)
    states[..., 2] = 0.5
    memory = sx.classics.graded_memory(HALF_CIRCLE, states, VALUES)
    np.testing.assert_allclose(memory.distance, 0.5 / np.pi, rtol=1e-4)


def test_the_coding_axis_of_a_linear_code():
    rng = np.random.default_rng(0)
    axis = np.array([3.0, 4.0]) / 5
    v = rng.standard_normal(50)
    states = 2.0 * v[:, None] * axis + np.array([7.0, -1.0])
    np.testing.assert_allclose(sx.classics.coding_axis(states, v), axis, atol=1e-12)
    np.testing.assert_allclose(sx.classics.coding_axis(states, -v), -axis, atol=1e-12)
    with pytest.raises(sx.InvalidInputError, match="do not change"):
        sx.classics.coding_axis(np.ones((50, 2)), v)
    with pytest.raises(sx.InvalidInputError, match="a value for each"):
        sx.classics.coding_axis(states, v[:-1])


@pytest.mark.parametrize(
    ("curve", "states", "values", "text"),
    [
        (HALF_CIRCLE, np.zeros((4, 2, 2)), np.arange(4.0), r"got \(400, 3\), \(4, 2, 2\)"),
        (HALF_CIRCLE, np.zeros((4, 2, 3)), np.arange(3.0), "a value for each trial"),
        (HALF_CIRCLE, np.zeros((4, 2, 3)), np.arange(4.0), "4 values, the rarest with 1"),
        (HALF_CIRCLE, np.zeros((4, 2, 3)), np.zeros(4), "1 values"),
        (np.zeros((3, 3)), np.zeros((4, 2, 3)), np.array([0, 0, 1, 1.0]), "different states"),
        (np.full((3, 3), np.nan), np.zeros((4, 2, 3)), np.array([0, 0, 1, 1.0]), "rejected"),
    ],
)
def test_what_does_not_fit_is_refused(curve, states, values, text):
    with pytest.raises(sx.InvalidInputError, match=text):
        sx.classics.graded_memory(curve, states, values)
