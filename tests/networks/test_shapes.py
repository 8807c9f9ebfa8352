"""States and inputs of the wrong width are told what was expected."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx
from separatrix import experiment

KEY = jax.random.key(0)
NETWORKS = experiment.NETWORKS | {"ResetFirstGRU": sx.networks.ResetFirstGRU}


def refused(what, call, *arguments):
    with pytest.raises(sx.InvalidInputError, match=rf"{what}.*vmap"):
        call(*arguments)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_says_which_shapes_it_takes(name):
    network = NETWORKS[name](3, 5, 2, key=KEY)
    state, u = network.initial_state(), jnp.zeros(3)
    size = len(state)
    wide = jnp.zeros(size + 1)
    for call in (network.step, network.residual, jax.jit(lambda x, u: network.step(x, u))):
        refused(r"input must have shape \(3,\), .* got \(4,\)", call, state, jnp.zeros(4))
        refused(rf"state must have shape \({size},\), .* got \({size + 1},\)", call, wide, u)
    refused(rf"state must have shape \({size},\)", network.readout, wide)
    system = network.at_input(np.zeros(3))
    refused(rf"state must have shape \({size},\), one number for each unit", system.speed, wide)
    refused(r"input must have shape \(3,\)", system.evaluate, state, jnp.zeros(4))


@pytest.mark.parametrize("name", NETWORKS)
def test_sizes_and_steps_that_make_no_network(name):
    for sizes, settings, text in (
        ((3, 0, 2), {}, "num_units must be a whole number"),
        ((3, 5, 2), {"dt": 0.0}, "dt must be positive"),
    ):
        with pytest.raises(sx.InvalidInputError, match=text):
            NETWORKS[name](*sizes, key=KEY, **settings)


@pytest.mark.parametrize("of", [sx.DiscreteMap, sx.Flow])
def test_a_system_of_any_function_does_too(of):
    system = of(lambda x: jnp.tanh(2 * x), 3, residual=lambda x: jnp.tanh(2 * x) - x)
    for call in (system.evaluate, system.residual, system.velocity, system.speed, system.jacobian):
        for shape in ((4,), (2, 3), ()):
            refused(r"state must have shape \(3,\)", call, np.zeros(shape))
    assert jax.vmap(system.speed)(np.ones((2, 3))).shape == (2,)
