"""Errors about systems that JAX cannot differentiate, for every analysis that needs it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from .._double import double_precision
from .._types import InvalidInputError
from ..systems import AbstractSystem, in_float64


def require_derivatives(system: AbstractSystem) -> None:
    """Differentiate residual and map or field abstractly, as programs do; raise where that fails.

    A rule for reverse mode alone fails only under `vmap`.
    """

    def along(system: AbstractSystem, state: Any) -> list[Any]:
        functions: list[Callable[..., Any]] = [system.evaluate]
        if system.residual_function is not None:
            functions.append(system.residual)
        pushes = [jax.linearize(function, state)[1] for function in functions]
        return [jax.vmap(push)(state[None]) for push in pushes]

    with double_precision():
        state = jax.ShapeDtypeStruct((system.size,), jnp.float64)
        try:
            eqx.filter_eval_shape(along, in_float64(system), state)
        except Exception as error:  # whatever JAX, or the user's own rule, finds wrong
            raise InvalidInputError(
                f"the system cannot be differentiated: {type(error).__name__}: "
                f"{str(error).splitlines()[0] if str(error) else 'no reason given'} This analysis "
                "needs its forward-mode Jacobian. Use operations that have one, or give them a "
                "rule with jax.custom_jvp, which serves reverse mode as well (jax.custom_vjp does "
                "not serve forward mode)."
            ) from error


@contextmanager
def derivatives_of(system: AbstractSystem) -> Iterator[None]:
    """Raise the error about a system's derivatives if they are why the block inside fails.

    Asked only then, this costs nothing where all is well.
    """
    try:
        yield
    except InvalidInputError:
        raise
    except Exception:
        require_derivatives(system)
        raise
