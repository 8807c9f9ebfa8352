"""The outputs of states, in float64, their slopes, their signs, and the largest."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from .._double import double_precision
from .._types import Array
from ..networks import AbstractNetwork

TIE = 1e-9
"""Of the largest output, or of one: the order of outputs that differ by less may be rounding."""


def outputs_of(
    network: AbstractNetwork, states: Float[np.ndarray, "state unit"]
) -> Float[np.ndarray, "state output"]:
    """Return the outputs of states."""
    with double_precision():
        return np.asarray(jax.vmap(network.readout)(jnp.asarray(states, float)))


def slopes_of(
    readout: AbstractNetwork | Callable[[np.ndarray], Any], states: Float[np.ndarray, "state unit"]
) -> Float[np.ndarray, "state output unit"]:
    """Return the derivative of the outputs at states, of a network or of a function of states.

    What a function does inside is not known: central differences tell its derivative.
    """
    if isinstance(readout, AbstractNetwork):
        with double_precision():
            return np.asarray(_slopes(readout, jnp.asarray(states, float)))
    step = 1e-5 * max(1.0, float(np.abs(states).max(initial=0.0)))
    shifts = step * np.eye(states.shape[1])
    around = states[:, None] + np.concatenate([shifts, -shifts])
    flat = readout(around.reshape(-1, states.shape[1])).reshape(*around.shape[:2], -1)
    forward, back = np.split(flat, 2, axis=1)
    return np.swapaxes(forward - back, 1, 2) / (2 * step)


@eqx.filter_jit
def _slopes(network: AbstractNetwork, states: Array) -> Array:
    return jax.vmap(jax.jacfwd(network.readout))(states)


def last_of(
    values: Shaped[np.ndarray, "trial time *rest"], within: Bool[np.ndarray, "trial time"]
) -> Shaped[np.ndarray, "trial *rest"]:
    """Return the values at the last of some steps of each trial, or its last step without any."""
    last = within.shape[1] - 1 - within[:, ::-1].argmax(1)
    return np.asarray(values[np.arange(len(values)), last])


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
