"""Systems as functions of their parameter, which is an argument of what is compiled."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from branch_tools import END, follow, residuals, tanh_unit

import separatrix as sx
from separatrix._double import double_precision
from separatrix.analysis.branches.models import model_of
from separatrix.systems import in_float64

NETWORK = sx.networks.LSTM(3, 4, 3, key=jax.random.key(0))
TASK = sx.tasks.PerceptualDecisionMaking()
WAYS = {
    "a list": lambda p: NETWORK.at_input([1.0, p, 0.5]),
    "a mixture": lambda p: NETWORK.at_input((1 - p) * np.array([1.0, 0, 0]) + p * np.ones(3)),
    "a channel of a task": lambda p: NETWORK.at_input(TASK.input_at("stimulus", stimulus_1=p)),
    "a system's input": lambda p: NETWORK.at_input([1.0, 0, 0]).at_input([p, 0.5, 0.5]),
    "weights": lambda p: eqx.tree_at(
        lambda n: n.recurrent_weights, NETWORK, p * NETWORK.recurrent_weights
    ).at_input([1.0, 0.5, 0.5]),
}


@pytest.mark.parametrize("way", WAYS)
def test_networks_may_be_given_the_parameter_as_an_argument(way):
    system_of, state = WAYS[way], np.linspace(-1, 1, 8)
    with double_precision():
        model = model_of(system_of, system_of(0.5), 0.5)
        expected = in_float64(system_of(0.3)).evaluate(state)
        np.testing.assert_allclose(model.evaluate(state, 0.3), expected, atol=1e-12)


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


def test_a_change_of_the_parameter_compiles_nothing():
    traces = []

    def system_of(w):
        traces.append(w)
        return tanh_unit(w)

    follow(system_of, 0.0, (0.5, 2.0), disconnected=None)
    first = len(traces)
    assert first < 12
    method = sx.solvers.PseudoArclength(max_step=0.007)
    follow(system_of, 0.0, (0.5, 2.0), disconnected=None, method=method)
    assert len(traces) == 2 * first
