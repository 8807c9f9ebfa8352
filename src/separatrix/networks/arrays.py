"""Checks and defaults of arrays and settings that networks share."""

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Float

from .._checked import Milliseconds, taken
from .._types import Array, InvalidInputError


def check_state(state: Any, size: int) -> None:
    """Raise InvalidInputError unless a state has one number for each unit; free when compiled."""
    if jnp.shape(state) != (size,):
        raise InvalidInputError(
            f"state must have shape ({size},), as the initial_state() of the network has, got "
            f"{jnp.shape(state)}. {_ONE_AT_A_TIME}"
        )


def check_input(input: Any, num_inputs: int) -> None:
    """Raise InvalidInputError unless an input has one number for each channel."""
    if jnp.shape(input) != (num_inputs,):
        raise InvalidInputError(
            f"input must have shape ({num_inputs},), one number for each input channel, got "
            f"{jnp.shape(input)}. {_ONE_AT_A_TIME}"
        )


_ONE_AT_A_TIME = (
    "For many at once there are jax.vmap(network.step)(states, inputs) and network.unroll(inputs)."
)


def check_euler(tau: Any, dt: float, num_units: int) -> None:
    """Raise InvalidInputError unless Euler's method on the leak of every unit is stable."""
    try:
        times = np.asarray(tau, float)
    except (TypeError, ValueError):
        raise InvalidInputError(
            f"tau must be one number or one for each of {num_units} units, got {tau!r:.60}."
        ) from None
    if times.shape not in ((), (num_units,)):
        raise InvalidInputError(
            f"tau must be one number or one for each of {num_units} units, got shape {times.shape}."
        )
    for time in np.unique(times):
        taken(time, Milliseconds, "tau")
    if dt > 2 * times.min():
        raise InvalidInputError(
            f"dt = {dt:g} ms is larger than 2 tau = {2 * times.min():g} ms: Euler's method on the "
            "leak alone would be unstable. Use a smaller dt."
        )


def time_constants(
    tau: float | Sequence[float] | np.ndarray,
) -> float | tuple[float, ...]:
    """Return time constants as static data: one number, or a tuple with one for each unit."""
    times = np.asarray(tau, float)
    return float(times) if times.ndim == 0 else tuple(times.tolist())


def per_unit(setting: float | tuple[float, ...], like: Array) -> float | jax.Array:
    """Return a setting as what is computed with: in the precision of `like` where it is many."""
    return setting if isinstance(setting, float) else jnp.asarray(setting, like.dtype)


def initial_or_zeros(
    trained: Float[Array, " state"] | None, size: int, like: Array
) -> Float[jax.Array, " state"]:
    """Return the trained initial state, or zeros in the precision of the weights."""
    return jnp.zeros(size, jnp.asarray(like).dtype) if trained is None else jnp.asarray(trained)


def zeros_if(trained: bool, size: int) -> Float[jax.Array, " state"] | None:
    """Return an initial state to be trained, or None."""
    return jnp.zeros(size, jnp.float32) if trained else None


def at_every_trial(state: Float[Array, " state"], inputs: Array) -> Float[jax.Array, "trial state"]:
    """Repeat an initial state for every trial of inputs `(trial, time, channel)`."""
    return jnp.broadcast_to(jnp.asarray(state), (inputs.shape[0], state.shape[0]))


def as_weights(array: np.ndarray) -> Array:
    """Return an array of JAX, and one of NumPy where JAX would lower its precision."""
    array = np.asarray(array, order="C")
    kept = jax.dtypes.canonicalize_dtype(array.dtype) == array.dtype
    return jnp.asarray(array) if kept else array


def skeleton(cls: Any, *arguments: Any, **settings: Any) -> Any:
    """Build a network whose arrays are only shapes, to be filled; nothing is drawn or compiled."""
    return eqx.filter_eval_shape(lambda: cls(*arguments, **settings, key=jr.key(0)))
