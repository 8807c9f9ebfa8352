"""A system as a function of its parameter, in a form that compiles once for every parameter."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from ..._types import InvalidInputError, first_line
from ...systems import AbstractSystem, in_float64
from ...systems.captured import own_arrays

SystemOf = Callable[[Any], AbstractSystem]


class Model(eqx.Module):
    """F(x, p) and a residual with the same zeros as F(x, p) − x, or as F for a flow.

    `system_of` was traced with the parameter as an argument; its arrays are arguments too.
    """

    arrays: tuple[Any, Any]
    programs: tuple[Any, Any] = eqx.field(static=True)

    def evaluate(self, state: Any, parameter: Any) -> Any:
        """Return F(x, p) of a map, f(x, p) of a flow."""
        return jax.core.eval_jaxpr(self.programs[0], self.arrays[0], state, parameter)[0]

    def residual(self, state: Any, parameter: Any) -> Any:
        """Return the residual that is solved."""
        return jax.core.eval_jaxpr(self.programs[1], self.arrays[1], state, parameter)[0]


def model_of(system_of: SystemOf, sample: AbstractSystem, parameter: float) -> Model:
    """Return a model of `system_of`; call it under `jax.enable_x64(True)`.

    Raises InvalidInputError if `system_of` cannot be traced with its parameter as an argument.
    """
    with own_arrays(system_of):
        try:
            return _traced(system_of, sample, parameter)
        except Exception as error:
            raise InvalidInputError(
                "system_of cannot be traced by JAX with its parameter as an argument "
                f"({first_line(error)}). Write what depends on the parameter p with "
                "jax.numpy, not with NumPy, PyTorch or float(p). An input may be a list, such as "
                "[p, 0.0]: where only the input depends on p, make the network or system once, and "
                "return its at_input([p, 0.0])."
            ) from error


def _traced(system_of: SystemOf, sample: AbstractSystem, parameter: float) -> Model:
    def evaluate(state: Any, p: Any) -> Any:
        return _double(system_of(p)).evaluate(state)

    def residual(state: Any, p: Any) -> Any:
        return _double(system_of(p)).residual(state)

    given = jnp.zeros(sample.size), jnp.asarray(parameter, jnp.float64)
    closed = [jax.make_jaxpr(function)(*given) for function in (evaluate, residual)]
    first, second = (tuple(jnp.asarray(c) for c in each.consts) for each in closed)
    return Model((first, second), (closed[0].jaxpr, closed[1].jaxpr))


def _double(system: AbstractSystem) -> AbstractSystem:
    """Return the system in float64, without its domain, which may follow the parameter anyhow."""
    bare = eqx.tree_at(lambda s: s.domain, system, None, is_leaf=lambda leaf: leaf is None)
    return in_float64(bare)
