"""Departure from normality, and transient growth."""

import jax.numpy as jnp
import numpy as np
import pytest
import scipy
from linear_tools import at_origin, with_spectrum

import separatrix as sx


@pytest.mark.parametrize("kind", ["map", "flow"])
def test_orthogonal_modes_are_normal(kind):
    Q = np.linalg.qr(np.random.default_rng(0).standard_normal((4, 4)))[0]
    D = scipy.linalg.block_diag([[-0.3, -0.4], [0.4, -0.3]], -0.8, -0.1)
    measured = at_origin(Q @ D @ Q.T, kind).non_normality()
    assert measured.departure[0] < 1e-7  # √ of rounding
    np.testing.assert_allclose(measured.numerical_abscissa, -0.1, rtol=1e-12)
    np.testing.assert_allclose(measured.largest_gain, 0.8, rtol=1e-12)
    np.testing.assert_allclose(measured.kreiss_bound, 1, rtol=1e-12)


def test_the_departure_of_a_triangular_matrix_is_what_is_off_its_diagonal():
    J = np.array([[0.5, 3.0, 1.0], [0.0, -0.2, 2.0], [0.0, 0.0, 0.1]])
    measured = at_origin(J).non_normality()
    np.testing.assert_allclose(measured.departure, 14**0.5, rtol=1e-12)
    np.testing.assert_allclose(measured.relative_departure, (14 / (J**2).sum()) ** 0.5)
    abscissa = np.linalg.eigvalsh((J + J.T) / 2).max()
    np.testing.assert_allclose(measured.numerical_abscissa, abscissa, rtol=1e-12)


def kreiss_by_grid(J, kind):
    """The supremum over a fine grid, from singular values."""
    steps, turns = np.geomspace(1e-5, 30, 200)[:, None], np.linspace(0, 5, 181)
    z = (1 + steps) * np.exp(1j * turns) if kind == "map" else steps + 1j * turns
    matrices = z[..., None, None] * np.eye(len(J)) - J
    smallest = np.linalg.svd(matrices, compute_uv=False)[..., -1]
    return (steps / smallest).max()


@pytest.mark.parametrize(
    ("J", "kind"),
    [
        (np.array([[-0.1, 30.0, 0.0], [0.0, -0.1, 5.0], [0.0, 0.0, -0.1]]), "flow"),
        (with_spectrum([-0.1 + 1j, -0.1 - 1j, -0.5, -1.0]), "flow"),
        (np.array([[0.9, 10.0], [0.0, 0.5]]), "map"),
        (with_spectrum([0.9, -0.9, 0.3 + 0.6j, 0.3 - 0.6j]), "map"),
        (np.zeros((2, 2)), "flow"),
    ],
)
def test_the_kreiss_bound_is_a_lower_bound_and_a_near_one(J, kind):
    """Defective matrices too: the bound is what a vector does, however it was found."""
    measured = at_origin(J, kind).non_normality()
    best = max(kreiss_by_grid(J, kind), 1.0)  # its value at infinity
    assert measured.kreiss_bound[0] <= best * 1.01 + 1e-9
    assert measured.kreiss_bound[0] >= 0.6 * best
    step = J if kind == "map" else scipy.linalg.expm(0.1 * J)
    growth = max(np.linalg.norm(np.linalg.matrix_power(step, k), 2) for k in range(400))
    assert growth * (1 + 1e-12) >= measured.kreiss_bound[0]


def test_an_unstable_point_grows_without_bound_and_an_unknown_one_is_unknown():
    lin = sx.linearize(sx.DiscreteMap(jnp.sqrt, 1), np.array([[-1.0], [0.01], [1.0]]))
    measured = lin.non_normality()
    np.testing.assert_array_equal(measured.kreiss_bound, [np.nan, np.inf, 1.0])
    assert np.isnan(measured.departure).tolist() == [True, False, False]
