"""Right and left modes: their pairing, their order, and where there is none."""

import jax.numpy as jnp
import numpy as np
import pytest
from linear_tools import at_origin, linear_flow, linear_map, with_spectrum

import separatrix as sx
from separatrix.analysis.linearization import eigenmodes

MAP_SPECTRUM = [1.25, -0.9, 0.3 + 0.6j, 0.3 - 0.6j, 0.5]


@pytest.mark.parametrize("make", [linear_map, linear_flow])
def test_left_and_right_modes_are_eigenvectors_and_dual(make):
    J = with_spectrum(MAP_SPECTRUM)
    lin = sx.linearize(make(J), np.zeros((1, 5)))
    values, right, left = lin.eigenvalues[0], lin.right[0], lin.left[0]
    np.testing.assert_allclose(J @ right, right * values, atol=1e-12)
    np.testing.assert_allclose(left @ J, values[:, None] * left, atol=1e-12)
    np.testing.assert_allclose(left @ right, np.eye(5), atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(right, axis=0), 1, rtol=1e-12)
    np.testing.assert_allclose((right * values) @ left, J, atol=1e-12)
    np.testing.assert_allclose(lin.condition, np.linalg.cond(right), rtol=1e-6)


def test_a_defective_matrix_has_no_pairing_of_modes():
    J = np.stack([np.array([[0.5, 1.0], [0.0, 0.5]]), np.diag([0.5, 0.2])])
    system = sx.DiscreteMap(lambda x: jnp.where(x[0] > 0, J[0] @ x, J[1] @ x), 2)
    lin = sx.linearize(system, np.array([[1.0, 0.0], [-1.0, 0.0]]))
    assert np.isinf(lin.condition[0])
    assert np.isnan(lin.left[0]).all()
    assert np.isfinite(lin.right).all()
    assert np.isfinite(lin.left[1]).all()
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
    unknown = sx.linearize(sx.DiscreteMap(jnp.sqrt, 1), np.array([[-1.0]]))
    assert unknown.pairing.tolist() == ["unknown"]


def test_stacks_cut_into_parts_are_the_matrices_one_by_one():
    """70 matrices of 64 units are worked on a few at a time; the odd ones stay where they are."""
    J = np.random.default_rng(0).standard_normal((70, 64, 64)) / 8
    J[40] = np.eye(64) + np.eye(64, k=1)
    J[41, 3, 3] = np.nan
    together = eigenmodes(J, "flow")
    for k in (0, 31, 32, 33, 39, 40, 41, 42, 64, 69):
        for whole, alone in zip(together, eigenmodes(J[k : k + 1], "flow"), strict=True):
            np.testing.assert_array_equal(whole[k], alone[0])
    assert np.flatnonzero(np.isinf(together.condition)).tolist() == [40]
    assert np.flatnonzero(np.isnan(together.condition)).tolist() == [41]
    products = np.delete(together.left @ together.right, [40, 41], axis=0)
    np.testing.assert_allclose(products, np.broadcast_to(np.eye(64), products.shape), atol=1e-11)


@pytest.mark.parametrize("make", [linear_map, linear_flow])
def test_modes_beside_a_defective_one_are_paired(make):
    """A line attractor, a chain of two delays, and a mode of multiplicity two."""
    J = np.zeros((6, 6))
    J[0, 0], J[1, 2], J[2, 3], J[4, 4], J[5, 5], J[0, 3] = 1.0, 1.0, 1.0, -0.5, -0.5, 0.25
    order = np.random.default_rng(0).permutation(6)
    lin = sx.linearize(make(J[np.ix_(order, order)]), np.zeros((1, 6)))
    assert lin.pairing.tolist() == ["defective"]
    paired = np.isfinite(lin.left[0]).all(1)
    assert paired.tolist() == [abs(value) > 0.1 for value in lin.eigenvalues[0]]
    assert paired.sum() == 3
    assert lin.pairing_error[0] < 1e-14
    slow = int(np.abs(lin.eigenvalues[0] - 1).argmin())
    # l J = l with J[0, 3] = 0.25: what enters the chain at its end arrives on the line
    exact = np.array([1.0, 0.0, 0.0, 0.25, 0.0, 0.0])[order]
    np.testing.assert_allclose(
        lin.left[0, slow] * lin.right[0, order.argmin(), slow], exact, atol=1e-14
    )
    sound = lin.left[0, paired] @ lin.jacobians[0]
    np.testing.assert_allclose(
        sound, lin.eigenvalues[0, paired, None] * lin.left[0, paired], atol=1e-14
    )
