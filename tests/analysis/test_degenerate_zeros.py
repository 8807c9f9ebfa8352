"""Isolated zeros at which the Jacobian is singular, beside coordinates where it is not."""

import jax.numpy as jnp
import numpy as np
import pytest
import systems

import separatrix as sx

W2 = 0.9575040240772687
"""tanh(2 y) = y."""


def flat(power):
    """Return (−xᵖ, tanh(2 y) − y), zero at x = 0 and y = −W2, 0, W2."""
    return lambda x: jnp.stack([-(x[0] ** power), jnp.tanh(2 * x[1]) - x[1]])


@pytest.mark.parametrize(("angle", "power"), [(0.0, 2), (0.7, 3)])
def test_a_flat_zero_is_fixed_beside_others_that_are_regular(angle, power):
    R = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    field, starts = flat(power), systems.box(2, -2, 2, 300)
    points = sx.find_fixed_points(sx.Flow(lambda x: R @ field(R.T @ x), 2), starts @ R.T)
    assert set(points.outcomes) == {"fixed"}
    there = points.states @ R
    assert np.sort(there[:, 1]) == pytest.approx([-W2, 0, W2], abs=1e-12)
    # What rounding of the terms of size 1 leaves to be known of x.
    assert np.abs(there[:, 0]).max() <= 2 * (1e-15) ** (1 / power)
    assert not points.certified.any()
    assert all(text.startswith("degenerate") for text in points.certificate)
    ends = there[points.reached, 1]
    assert (np.sign(starts[:, 1]) == np.sign(ends))[np.abs(ends) > 0.5].mean() > 0.8


def test_two_zeros_that_nearly_meet_are_not_taken_for_one():
    field = lambda x: jnp.stack([x[0] ** 2 - 1e-13, jnp.tanh(2 * x[1]) - x[1]])  # noqa: E731
    points = sx.find_fixed_points(sx.Flow(field, 2), systems.box(2, -2, 2, 200))
    assert len(points.fixed) == 6
    assert points.fixed.certified.all()


def test_a_zero_where_there_is_no_jacobian_is_a_point_all_the_same():
    ring = sx.Flow(lambda x: x * (1 - jnp.linalg.norm(x)), size=2)  # at 0 the norm has no gradient
    points = sx.find_fixed_points(ring, np.array([[0.0, 0.0], [0.5, 0.0], [0.9, 0.3]]))
    row = points.reached[0]
    assert points.kind[row] == "fixed" and points.states[row].tolist() == [0.0, 0.0]
    assert not points.certified[row] and "continuum" not in points.certificate[row]
