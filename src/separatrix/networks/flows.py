"""The differential equation that a rate network discretizes, as a system."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from .._types import Array
from ..systems import Flow


def _paced(field: Callable[..., Any], pace: Any, state: Array, input: Array) -> jax.Array:
    """Return a field whose units have time constants of their own, per unit of the shortest."""
    return jnp.asarray(field(state, input)) * jnp.asarray(pace)


def rate_flow(
    field: Callable[..., Any],
    tau: float | tuple[float, ...],
    size: int,
    input: np.ndarray,
    domain: tuple[Any, Any] | None,
) -> Flow:
    r"""Return the flow $\tau_i \dot x_i = f_i(x, u)$; its time unit is the shortest τ."""
    if not isinstance(tau, tuple):
        return Flow(field, size, tau, input=input, domain=domain)
    paced = eqx.Partial(_paced, field, min(tau) / np.asarray(tau))
    return Flow(paced, size, min(tau), input=input, residual=field, domain=domain)
