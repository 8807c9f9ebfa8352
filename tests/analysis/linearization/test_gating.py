import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx

# One slow mode, slower than all others: r = e₁, l = (1, 0.5, 0) for the coupling below.
W = np.array([[0.99, 0.345, 0.0], [0.0, 0.3, 0.0], [0.0, 0.0, -0.5]])
L = np.array([1.0, 0.345 / 0.69, 0.0])
B = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 2.0]])


def linear(u=(0.0, 0.0), weights=W):
    return sx.DiscreteMap(lambda x, u: weights @ x + B @ u, 3, 10.0, input=np.array(u))


def test_overlaps_of_a_linear_map_are_those_on_paper():
    lin = sx.linearize(linear(), np.zeros((2, 3)))
    e = np.array([[1.0, 0.0], [0.0, 2.0]])
    gating = sx.classics.input_gating(lin, e, relevant=1, axis=[2.0, 0.0, 0.0], sources=("a", "b"))
    pushes = e @ B.T
    cosines = pushes @ L / np.linalg.norm(pushes, axis=1) / np.linalg.norm(L)
    np.testing.assert_allclose(gating.selection[0], L, atol=1e-12)
    np.testing.assert_allclose(gating.direction[0], [1, 0, 0], atol=1e-12)
    np.testing.assert_allclose(gating.drive[1], pushes @ L, atol=1e-12)
    np.testing.assert_allclose(gating.overlap[0], cosines, atol=1e-12)
    np.testing.assert_allclose(gating.ratio, cosines[1] / cosines[0], rtol=1e-12)
    np.testing.assert_allclose(gating.axis_alignment, 1, atol=1e-12)
    np.testing.assert_allclose(gating.selection_axis_alignment, 1 / np.linalg.norm(L), atol=1e-12)
    np.testing.assert_allclose(gating.time_constants, -10 / np.log(0.99), rtol=1e-10)
    np.testing.assert_allclose(gating.next_time_constants, -10 / np.log(0.5), rtol=1e-10)
    assert gating.is_real.all()
    assert (gating.sources, gating.relevant) == (("a", "b"), 1)


def test_context_turns_the_selection_vector():
    """A unit whose gain depends on the context lets one input in, and not the other."""

    def step(x, u):
        slopes = jnp.stack([u[2], u[3]])  # the context multiplies the way to the integrator
        return jnp.stack([x[0] + slopes @ x[1:], 0.5 * x[1] + u[0], 0.5 * x[2] + u[1]])

    for context, name in enumerate(("motion", "color")):
        u = np.array([0.0, 0.0, 1.0 - context, float(context)])
        system = sx.DiscreteMap(step, 3, 10.0, input=u)
        lin = sx.linearize(system, np.zeros((1, 3)))
        gating = sx.classics.input_gating(
            lin, np.eye(4)[:2], relevant=context, sources=("motion", "color"), axis=np.eye(3)[0]
        )
        assert gating.sources[int(np.argmax(gating.overlap[0]))] == name
        assert gating.overlap[0, 1 - context] == pytest.approx(0, abs=1e-12)
        assert gating.drive[0, context].real == pytest.approx(2.0)  # Σ 0.5^k
        assert gating.ratio[0] == np.inf or gating.ratio[0] > 1e10
        # both push the state as far
        np.testing.assert_allclose(np.linalg.norm(gating.input_directions, axis=2), 1)


def test_an_input_without_effect_has_no_overlap():
    lin = sx.linearize(linear(), np.zeros((1, 3)))
    gating = sx.classics.input_gating(lin, [[1.0, 0.0], [0.0, 0.0]])
    assert np.isnan(gating.overlap[0, 1])
    assert gating.drive[0, 1] == 0
    assert np.isnan(gating.median_ratio)


def test_a_turning_mode_is_none_of_a_direction():
    turn = 0.9 * np.array([[0.8, -0.6, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 0.1]])
    gating = sx.classics.input_gating(
        sx.linearize(linear(weights=turn), np.zeros((1, 3))), np.eye(2)
    )
    assert not gating.is_real.any()
    # the pair itself is not "the next mode"
    np.testing.assert_allclose(gating.next_time_constants, -10 / np.log(0.09), rtol=1e-8)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"inputs": [[1.0, 0.0]]}, r"at least two rows .* got \(1, 2\)"),
        ({"inputs": np.eye(3)}, r"shape \(source, 2\)"),
        ({"inputs": [[1.0, np.nan], [0.0, 1.0]]}, "inputs"),
        ({"inputs": np.eye(2), "relevant": 2}, "whole number below 2, got 2"),
        ({"inputs": np.eye(2), "sources": ("a",)}, "a name for each of 2"),
        ({"inputs": np.eye(2), "axis": np.zeros(3)}, "finite vector of 3 units, not zero"),
        ({"inputs": np.eye(2), "axis": np.ones(2)}, r"got shape \(2,\)"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, text):
    lin = sx.linearize(linear(), np.zeros((1, 3)))
    with pytest.raises(sx.InvalidInputError, match=text):
        sx.classics.input_gating(lin, arguments.pop("inputs"), **arguments)


def test_a_system_without_input_is_refused():
    lin = sx.linearize(sx.DiscreteMap(lambda x: W @ x, 3, 10.0), np.zeros((1, 3)))
    with pytest.raises(sx.InvalidInputError, match="no input"):
        sx.classics.input_gating(lin, np.eye(2))
