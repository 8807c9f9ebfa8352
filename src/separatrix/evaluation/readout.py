"""The outputs of states, in float64, and their signs."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Shaped

from .._double import double_precision
from ..networks import AbstractNetwork


def outputs_of(
    network: AbstractNetwork, states: Float[np.ndarray, "state unit"]
) -> Float[np.ndarray, "state output"]:
    """Return the outputs of states."""
    with double_precision():
        return np.asarray(jax.vmap(network.readout)(jnp.asarray(states, float)))


def signs_of(outputs: Float[np.ndarray, "state output"]) -> Shaped[np.ndarray, " state"]:
    """Return the signs of the outputs of each state: "+-+"."""
    return np.array(["".join("+" if value > 0 else "-" for value in row) for row in outputs])
