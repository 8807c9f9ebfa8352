"""Selection vectors: what slow modes take in, and where they show."""

import numpy as np
from fields import assert_fields
from linear_tools import at_origin, with_spectrum

import separatrix as sx


def line_attractor():
    """J = r lᵀ + 0.3 (1 − r lᵀ): one mode that keeps (μ = 1), driven along l, seen along r."""
    r, left, *others = np.random.default_rng(3).standard_normal((4, 6))
    r /= np.linalg.norm(r) * np.sign(r[np.abs(r).argmax()])
    left /= left @ r
    without = others[1] - left * (left @ others[1]) / (left @ left)
    B = np.stack([others[0], left, without], axis=1)
    J = 0.3 * np.eye(6) + 0.7 * np.outer(r, left)
    system = sx.DiscreteMap(lambda x, u: J @ x + B @ u, 6, 10.0, input=np.zeros(3))
    return sx.linearize(system, np.zeros((2, 6))), r, left, B


def test_the_selection_vector_of_a_line_attractor():
    lin, r, left, B = line_attractor()
    readout = np.stack([r, left, np.eye(6)[0]])
    got = lin.selection_vectors(readout=readout)
    length = np.linalg.norm(left)
    lengths = length * np.linalg.norm(B, axis=0)
    assert_fields(
        got,
        eigenvalues=np.ones((2, 1)),
        directions=[[r]] * 2,
        selection=[[left]] * 2,
        input_drive=[[left @ B]] * 2,
        input_alignment=[[np.abs(left @ B) / lengths]] * 2,
        readout_gain=[[readout @ r]] * 2,
        condition=np.full((2, 1), length),
        chance_alignment=6**-0.5,
    )
    np.testing.assert_allclose(got.input_alignment[1, 0, 1:], [1, 0], atol=1e-12)
    np.testing.assert_allclose(got.readout_alignment[0, 0, :2], [1, 1 / length], atol=1e-12)
    other = got.selection_readout_alignment[0, 0, :2]
    np.testing.assert_allclose(other, [1 / length, 1], atol=1e-12)


def test_selection_vectors_come_slowest_first_and_without_what_is_not_there():
    got = at_origin(with_spectrum([0.5, -1.0, 0.98, 0.1])).selection_vectors(3)
    np.testing.assert_allclose(got.eigenvalues[0], [0.98, 0.5, 0.1], atol=1e-12)
    np.testing.assert_allclose((got.selection * got.directions).sum(2), 1, atol=1e-12)
    assert got.input_drive is None and got.readout_gain is None
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
