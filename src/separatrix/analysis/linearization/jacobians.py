"""Derivatives of a system at many points, with few compiled programs."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ..._double import double_precision
from ...solvers.jacobian import value_and_transposed_jacobian
from ...systems import AbstractSystem, in_float64
from ..batches import in_batches
from ..derivatives import derivatives_of

_BYTES = 1 << 26  # of Jacobians in one batch: 64 MiB


def jacobians(system: AbstractSystem, states: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Return dF/dx `(point, unit, unit)` and dF/du `(point, unit, channel)`, None without input.

    Both are NaN where the state is not finite: the slope of a rectifier is 0 or 1 even there, so
    the derivatives alone would look sound.
    """
    known = np.isfinite(states).all(1)
    with double_precision(), derivatives_of(system):
        system = in_float64(system)
        channels = 0 if system.input is None else np.size(system.input)
        of_state = np.empty((len(states), system.size, system.size))
        of_input = np.empty((len(states), system.size, channels))
        largest = int(np.clip(_BYTES // (8 * system.size**2), 16, 2048))
        for rows, padded in in_batches(states, largest):
            by_state, by_input = _derivatives(system, jnp.asarray(padded))
            count = len(of_state[rows])
            of_state[rows] = np.asarray(by_state)[:count].swapaxes(1, 2)
            if channels:
                of_input[rows] = np.asarray(by_input)[:count].reshape(count, system.size, channels)
    of_state[~known], of_input[~known] = np.nan, np.nan
    return of_state, None if system.input is None else of_input


@eqx.filter_jit
def _derivatives(system: AbstractSystem, states: Any) -> Any:
    """Return dF/dx, transposed, and dF/du."""

    def at(state: Any) -> Any:
        _, transposed = value_and_transposed_jacobian(system.evaluate, state)
        by_input = None if system.input is None else system.input_jacobian(state)
        return transposed, by_input

    return jax.vmap(at)(states)
