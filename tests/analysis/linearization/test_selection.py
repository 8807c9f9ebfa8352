"""Selection vectors: what slow modes take in, and where they show."""

import numpy as np
import pytest
from linear_tools import at_origin, with_spectrum

import separatrix as sx


def line_attractor():
    """J = r lᵀ + 0.3 (1 − r lᵀ): one mode that keeps (μ = 1), driven along l, seen along r."""
    rng = np.random.default_rng(3)
    r, left = rng.standard_normal(6), rng.standard_normal(6)
    r /= np.linalg.norm(r)
    r *= np.sign(r[np.abs(r).argmax()])
    left /= left @ r
    B = rng.standard_normal((6, 3))
    B[:, 1] = left
    B[:, 2] -= left * (left @ B[:, 2]) / (left @ left)
    J = 0.3 * np.eye(6) + 0.7 * np.outer(r, left)
    system = sx.DiscreteMap(lambda x, u: J @ x + B @ u, 6, 10.0, input=np.zeros(3))
    return sx.linearize(system, np.zeros((2, 6))), r, left, B


def test_the_selection_vector_of_a_line_attractor():
    lin, r, left, B = line_attractor()
    readout = np.stack([r, left, np.eye(6)[0]])
    got = lin.selection_vectors(readout=readout)
    np.testing.assert_allclose(got.directions[1, 0], r, atol=1e-12)
    np.testing.assert_allclose(got.selection[1, 0], left, atol=1e-12)
    np.testing.assert_allclose(got.input_drive[1, 0], left @ B, atol=1e-12)
    lengths = np.linalg.norm(left) * np.linalg.norm(B, axis=0)
    np.testing.assert_allclose(got.input_alignment[1, 0], np.abs(left @ B) / lengths, atol=1e-12)
    np.testing.assert_allclose(got.input_alignment[1, 0, 1:], [1, 0], atol=1e-12)
    np.testing.assert_allclose(got.readout_gain[1, 0], readout @ r, atol=1e-12)
    cosine = 1 / np.linalg.norm(left)
    np.testing.assert_allclose(got.readout_alignment[0, 0, :2], [1, cosine], atol=1e-12)
    np.testing.assert_allclose(got.selection_readout_alignment[0, 0, :2], [cosine, 1], atol=1e-12)
    np.testing.assert_allclose(got.condition, np.linalg.norm(left), rtol=1e-12)
    np.testing.assert_allclose(got.eigenvalues, 1, atol=1e-12)
    assert got.chance_alignment == pytest.approx(6**-0.5)


def test_selection_vectors_come_slowest_first_and_without_what_is_not_there():
    lin = at_origin(with_spectrum([0.5, -1.0, 0.98, 0.1]))
    got = lin.selection_vectors(3)
    np.testing.assert_allclose(got.eigenvalues[0], [0.98, 0.5, 0.1], atol=1e-12)
    np.testing.assert_allclose((got.selection * got.directions).sum(2), 1, atol=1e-12)
    assert got.input_drive is None
    assert got.readout_gain is None
    slow_flow = at_origin(with_spectrum([-3.0, -0.01 + 0.1j, -0.01 - 0.1j]), "flow")
    values = slow_flow.selection_vectors(2).eigenvalues[0]
    np.testing.assert_allclose(np.abs(values), np.hypot(0.01, 0.1), rtol=1e-10)


def test_a_readout_may_have_slopes_of_its_own_at_each_point():
    lin, r, left, _ = line_attractor()
    slopes = np.stack([np.stack([r, left]), np.stack([left, 2 * r])])
    got = lin.selection_vectors(readout=slopes)
    for k, weights in enumerate(slopes):
        one = lin.selection_vectors(readout=weights)
        for name in ("readout_gain", "readout_alignment", "selection_readout_alignment"):
            np.testing.assert_allclose(getattr(got, name)[k], getattr(one, name)[k], atol=1e-15)


@pytest.mark.parametrize("count", [0, 3])
def test_impossible_numbers_of_modes_are_refused(count):
    with pytest.raises(sx.InvalidInputError, match="between 1 and 2, got"):
        at_origin(np.eye(2)).selection_vectors(count)


@pytest.mark.parametrize("shape", [(2,), (1, 3)])
def test_a_readout_of_another_shape_is_refused(shape):
    with pytest.raises(sx.InvalidInputError, match=r"the readout must have shape \(output, 2\)"):
        at_origin(np.eye(2)).selection_vectors(readout=np.zeros(shape))
