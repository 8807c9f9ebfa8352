"""States and inputs of the wrong width are told what was expected."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx
from separatrix import experiment

KEY = jax.random.key(0)
NETWORKS = experiment.NETWORKS | {"ResetFirstGRU": sx.networks.ResetFirstGRU}


def refused(what, size, call, *arguments):
    with pytest.raises(sx.InvalidInputError, match=rf"{what}.*\({size},\).*vmap"):
        call(*arguments)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_says_which_shapes_it_takes(name):
    network = NETWORKS[name](3, 5, 2, key=KEY)
    state, u = network.initial_state(), jnp.zeros(3)
    size, wide, system = len(state), jnp.zeros(len(state) + 1), network.at_input(np.zeros(3))
    for call in (network.step, network.residual, jax.jit(lambda x, u: network.step(x, u))):
        refused("input", 3, call, state, jnp.zeros(4))
        refused("state", size, call, wide, u)
    refused("state", size, network.readout, wide)
    refused("state", size, system.speed, wide)
    refused("input", 3, system.evaluate, state, jnp.zeros(4))


@pytest.mark.parametrize("of", [sx.DiscreteMap, sx.Flow])
def test_a_system_of_any_function_does_too(of):
    system = of(lambda x: jnp.tanh(2 * x), 3, residual=lambda x: jnp.tanh(2 * x) - x)
    for call in (system.evaluate, system.residual, system.velocity, system.speed, system.jacobian):
        for shape in ((4,), (2, 3), ()):
            refused("state", 3, call, np.zeros(shape))
    assert jax.vmap(system.speed)(np.ones((2, 3))).shape == (2,)
