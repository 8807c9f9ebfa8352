import numpy as np
import pytest
from fields import assert_fields

import separatrix as sx

ANGLES = np.linspace(0, np.pi, 400)
HALF_CIRCLE = np.stack([np.cos(ANGLES), np.sin(ANGLES), 0 * ANGLES], 1)
VALUES = np.repeat([10.0, 14.0, 18.0, 22.0], 6)


def held(angle_of, times=5):
    """States whose angle is a function of the trial's value and of time."""
    angles = angle_of(VALUES[:, None], np.arange(times)[None, :])
    return np.stack([np.cos(angles), np.sin(angles), 0 * angles], -1)


def test_a_perfect_memory_on_a_curved_line():
    states = held(lambda v, t: np.pi * (v / 32) + 0 * t)
    memory = sx.classics.graded_memory(HALF_CIRCLE, states, VALUES, dt=100.0)
    np.testing.assert_allclose(memory.positions[:, 0], np.unique(VALUES) / 32, atol=1e-4)
    perfect = {"order": 1.0, "decoded": 1.0, "rank_correlation": 1.0, "contraction": 1.0}
    nothing = {"drift": 0.0, "relative_drift": 0.0, "distance": 0.0}
    assert_fields(memory, **perfect, **nothing, length=np.pi, chance=0.25, atol=1e-4)
    assert_fields(memory, drift=0.0, relative_drift=0.0, atol=1e-9)
    states[..., 2] = 0.5  # distance is measured from the curve
    memory = sx.classics.graded_memory(HALF_CIRCLE, states, VALUES)
    assert_fields(memory, distance=0.5 / np.pi, rtol=1e-4)


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
    assert (memory.order[0], memory.decoded[0]) == (0, 1)
    lost = sx.classics.graded_memory(HALF_CIRCLE, held(lambda v, t: 1.0 + 0 * v * t), VALUES)
    assert (lost.order[0], lost.decoded[0]) == (0, 0.25)  # all are told to be the first value
    assert np.isnan(lost.rank_correlation[0])


def test_the_coding_axis_of_a_linear_code():
    v, axis = np.random.default_rng(0).standard_normal(50), np.array([3.0, 4.0]) / 5
    states = 2.0 * v[:, None] * axis + np.array([7.0, -1.0])
    np.testing.assert_allclose(sx.classics.coding_axis(states, v), axis, atol=1e-12)
    np.testing.assert_allclose(sx.classics.coding_axis(states, -v), -axis, atol=1e-12)
