import jax.numpy as jnp
import numpy as np
import pytest
from fields import assert_fields

import separatrix as sx

# One slow mode, slower than all others: r = e₁, l = (1, 0.5, 0) for the coupling below.
W = np.array([[0.99, 0.345, 0.0], [0.0, 0.3, 0.0], [0.0, 0.0, -0.5]])
L = np.array([1.0, 0.345 / 0.69, 0.0])
B = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 2.0]])


def linear(weights=W):
    return sx.DiscreteMap(lambda x, u: weights @ x + B @ u, 3, 10.0, input=np.zeros(2))


def test_overlaps_of_a_linear_map_are_those_on_paper():
    lin = sx.linearize(linear(), np.zeros((2, 3)))
    e = np.array([[1.0, 0.0], [0.0, 2.0]])
    gating = sx.classics.input_gating(lin, e, relevant=1, axis=[2.0, 0.0, 0.0], sources=("a", "b"))
    pushes = e @ B.T
    cosines = pushes @ L / np.linalg.norm(pushes, axis=1) / np.linalg.norm(L)
    assert_fields(
        gating,
        rtol=1e-10,
        selection=[L, L],
        direction=[[1.0, 0, 0]] * 2,
        drive=[pushes @ L] * 2,
        overlap=[cosines] * 2,
        ratio=[cosines[1] / cosines[0]] * 2,
        axis_alignment=[1.0, 1.0],
        selection_axis_alignment=[1 / np.linalg.norm(L)] * 2,
        time_constants=[-10 / np.log(0.99)] * 2,
        next_time_constants=[-10 / np.log(0.5)] * 2,
        is_real=[True, True],
        sources=("a", "b"),
        relevant=1,
    )


@pytest.mark.parametrize("context", [0, 1])
def test_context_turns_the_selection_vector(context):
    """A unit whose gain depends on the context lets one input in, and not the other."""

    def step(x, u):  # the context multiplies the way to the integrator
        return jnp.stack([x[0] + u[2:] @ x[1:], 0.5 * x[1] + u[0], 0.5 * x[2] + u[1]])

    system = sx.DiscreteMap(step, 3, 10.0, input=np.array([0.0, 0.0, 1.0 - context, context]))
    lin = sx.linearize(system, np.zeros((1, 3)))
    gating = sx.classics.input_gating(lin, np.eye(4)[:2], relevant=context, axis=np.eye(3)[0])
    assert gating.overlap[0].argmax() == context
    assert gating.overlap[0, 1 - context] == pytest.approx(0, abs=1e-12)
    assert gating.drive[0, context].real == pytest.approx(2.0)  # Σ 0.5^k
    assert gating.ratio[0] > 1e10
    # both push the state as far
    np.testing.assert_allclose(np.linalg.norm(gating.input_directions, axis=2), 1)


def test_an_input_without_effect_has_no_overlap():
    lin = sx.linearize(linear(), np.zeros((1, 3)))
    gating = sx.classics.input_gating(lin, [[1.0, 0.0], [0.0, 0.0]])
    assert np.isnan(gating.overlap[0, 1]) and np.isnan(gating.median_ratio)
    assert gating.drive[0, 1] == 0


def test_a_turning_mode_is_none_of_a_direction():
    turn = 0.9 * np.array([[0.8, -0.6, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 0.1]])
    gating = sx.classics.input_gating(
        sx.linearize(linear(weights=turn), np.zeros((1, 3))), np.eye(2)
    )
    assert not gating.is_real.any()
    # the pair itself is not "the next mode"
    np.testing.assert_allclose(gating.next_time_constants, -10 / np.log(0.09), rtol=1e-8)
