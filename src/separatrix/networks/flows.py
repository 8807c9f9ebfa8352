"""The differential equation that a rate network discretizes, as a system."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from .._types import Array
from ..systems import Flow


class PacedField(eqx.Module):
    """A field whose units have time constants of their own, per unit of the shortest one."""

    field: Callable[..., Any]
    pace: Float[Array, " unit"]

    def __call__(self, state: Array, input: Array) -> jax.Array:
        return jnp.asarray(self.field(state, input)) * jnp.asarray(self.pace)


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
    paced = PacedField(field, min(tau) / np.asarray(tau))
    return Flow(paced, size, min(tau), input=input, residual=field, domain=domain)
