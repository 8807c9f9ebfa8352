"""Right and left modes: their pairing, their order, and where there is none."""

import jax.numpy as jnp
import numpy as np
import pytest
from linear_tools import at_origin, with_spectrum

import separatrix as sx


@pytest.mark.parametrize("kind", ["map", "flow"])
def test_left_and_right_modes_are_eigenvectors_and_dual(kind):
    J = with_spectrum([1.25, -0.9, 0.3 + 0.6j, 0.3 - 0.6j, 0.5])
    lin = at_origin(J, kind)
    values, right, left = lin.eigenvalues[0], lin.right[0], lin.left[0]
    np.testing.assert_allclose(J @ right, right * values, atol=1e-12)
    np.testing.assert_allclose(left @ right, np.eye(5), atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(right, axis=0), 1, rtol=1e-12)
    np.testing.assert_allclose((right * values) @ left, J, atol=1e-12)
    np.testing.assert_allclose(lin.condition, np.linalg.cond(right), rtol=1e-6)


def test_a_defective_matrix_has_no_pairing_of_modes():
    defective, other = np.array([[0.5, 1.0], [0.0, 0.5]]), np.diag([0.5, 0.2])
    system = sx.DiscreteMap(lambda x: jnp.where(x[0] > 0, defective @ x, other @ x), 2)
    lin = sx.linearize(system, np.array([[1.0, 0.0], [-1.0, 0.0]]))
    assert np.isinf(lin.condition[0]) and np.isnan(lin.left[0]).all()
    assert np.isfinite(lin.right).all() and np.isfinite(lin.left[1]).all()
    np.testing.assert_allclose(lin.eigenvalues[0], [0.5, 0.5], atol=1e-7)
    assert lin.stability.tolist() == ["stable", "stable"]


@pytest.mark.parametrize(
    ("split", "pairing"), [(0.0, "defective"), (1e-9, "nearly defective"), (1e-3, "paired")]
)
def test_a_defective_spectrum_is_told_from_one_nearly_so(split, pairing):
    lin = at_origin(np.array([[0.5, 1.0], [0.0, 0.5 + split]]))
    assert lin.pairing.tolist() == [pairing]
    if split:  # (0, 1)ᵀ and (1, split)ᵀ/|…|: the condition is 2/split, that of a mode half of it
        np.testing.assert_allclose(lin.condition, 2 / split, rtol=1e-6)
        np.testing.assert_allclose(lin.mode_condition, 1 / split, rtol=1e-6)


@pytest.mark.parametrize("kind", ["map", "flow"])
def test_modes_beside_a_defective_one_are_paired(kind):
    """A line attractor, a chain of two delays, and a mode of multiplicity two."""
    J = np.diag([1.0, 0, 0, 0, -0.5, -0.5])
    J[1, 2], J[2, 3], J[0, 3] = 1.0, 1.0, 0.25
    order = np.random.default_rng(0).permutation(6)
    lin = at_origin(J[np.ix_(order, order)], kind)
    values, left, right = lin.eigenvalues[0], lin.left[0], lin.right[0]
    paired = np.isfinite(left).all(1)
    assert paired.tolist() == (np.abs(values) > 0.1).tolist() and paired.sum() == 3
    assert lin.pairing.tolist() == ["defective"] and lin.pairing_error[0] < 1e-14
    slow = int(np.abs(values - 1).argmin())
    # l J = l with J[0, 3] = 0.25: what enters the chain at its end arrives on the line
    exact = np.array([1.0, 0.0, 0.0, 0.25, 0.0, 0.0])[order]
    np.testing.assert_allclose(left[slow] * right[order.argmin(), slow], exact, atol=1e-14)
    dual = values[paired, None] * left[paired]
    np.testing.assert_allclose(left[paired] @ lin.jacobians[0], dual, atol=1e-14)
