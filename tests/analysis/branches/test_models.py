"""Systems as functions of their parameter: traced, or followed in their arrays."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from branch_tools import END, follow, residuals

import separatrix as sx


@pytest.mark.runs
def test_a_network_is_followed_in_its_input():
    network = sx.networks.CTRNN(3, 8, 3, key=jax.random.key(0), activation="tanh")

    def system_of(coherence):
        return network.at_input([1.0, 0.5 + coherence / 200, 0.5 - coherence / 200])

    start = sx.find_fixed_points(system_of(0.0), np.zeros((1, 8)), completeness=False)
    branches = sx.continue_fixed_points(system_of, start, (-51.2, 51.2), at=0.0, disconnected=None)
    assert branches.endings.ravel().tolist() == [END, END]
    assert residuals(branches, system_of).max() < 1e-12
    assert (branches.parameters.min(), branches.parameters.max()) == (-51.2, 51.2)


def test_what_a_closure_works_out_of_float32_weights_may_stay_so():
    """A program that multiplies arrays of one type is not handed one of them in another."""
    weights, signs = jnp.array([[0.5, 1.0], [1.0, 0.5]]), np.array([1, -1], np.int8)

    def system_of(p):
        return sx.DiscreteMap(lambda x: jnp.tanh((jnp.abs(weights) * signs) @ x + p), 2)

    branches = sx.continue_fixed_points(system_of, np.zeros((1, 2)), (-1, 1), at=0.0)
    assert residuals(branches, system_of).max() < 1e-12


@pytest.mark.laws
def test_arrays_that_bend_with_the_parameter_are_followed_too():
    """numpy cannot be traced, and the input is no linear function of p."""
    step = lambda x, u: jnp.tanh(2.0 * x + u)  # noqa: E731
    of_input = lambda p: sx.DiscreteMap(step, 1, input=np.array([np.sin(float(p))]))  # noqa: E731
    method = sx.solvers.PseudoArclength(max_step=0.1)
    branches = follow(of_input, -1.0, (-1.5, 1.5), method=method, disconnected=None)
    fold = np.arcsin(0.532839975353552)
    assert branches.special("fold") == pytest.approx([-fold, fold], abs=1e-9)
