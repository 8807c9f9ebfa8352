"""Derivatives of a system at many points, with few compiled programs."""

from functools import partial
from typing import Any

import equinox as eqx
import jax
import numpy as np

from ..._double import double_precision
from ...solvers.jacobian import value_and_transposed_jacobian
from ...systems import AbstractSystem, in_float64
from ..batches import in_batches, up_to
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
        largest = int(np.clip(_BYTES // (8 * system.size**2), 16, 2048))
        found = in_batches(partial(_derivatives, system), states, sizes=up_to(largest, 16, 128))
    for derivatives in found:
        derivatives[~known] = np.nan
    return found[0], found[1] if system.input is not None else None


@eqx.filter_jit
def _derivatives(system: AbstractSystem, states: Any) -> Any:
    """Return dF/dx, and dF/du `(point, unit, channel)` where there is an input."""

    def at(state: Any) -> Any:
        _, transposed = value_and_transposed_jacobian(system.evaluate, state)
        if system.input is None:
            return (transposed.T,)
        return transposed.T, system.input_jacobian(state).reshape(system.size, system.input.size)

    return jax.vmap(at)(states)
