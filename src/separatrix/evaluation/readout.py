"""The outputs of states, in float64, their signs, and the largest."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int, Shaped

from .._double import double_precision
from ..networks import AbstractNetwork

TIE = 1e-9
"""Of the largest output, or of one: the order of outputs that differ by less may be rounding."""


def outputs_of(
    network: AbstractNetwork, states: Float[np.ndarray, "state unit"]
) -> Float[np.ndarray, "state output"]:
    """Return the outputs of states."""
    with double_precision():
        return np.asarray(jax.vmap(network.readout)(jnp.asarray(states, float)))


def signs_of(outputs: Float[np.ndarray, "state output"]) -> Shaped[np.ndarray, " state"]:
    """Return the signs of the outputs of each state: "+-+"."""
    return np.array(["".join("+" if value > 0 else "-" for value in row) for row in outputs])


def largest_of(outputs: Float[np.ndarray, "state output"]) -> Int[np.ndarray, " state"]:
    """Return which of at least two outputs is the largest; −1 where the largest ones tie."""
    ordered = np.sort(outputs, axis=1)
    scale = np.abs(outputs).max(axis=1, where=np.isfinite(outputs), initial=1.0)
    with np.errstate(invalid="ignore"):
        is_clear = ordered[:, -1] - ordered[:, -2] > TIE * scale
    return np.where(is_clear, outputs.argmax(1), -1)
