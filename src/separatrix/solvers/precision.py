"""The precision in which a function computes what depends on its argument."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from .._double import double_precision
from ..enclosure.jaxprs import bodies_of, walk

_BY_MANTISSA = {23: "float32", 10: "float16", 7: "bfloat16"}


class Precision(NamedTuple):
    """The name of a floating type, and its unit of rounding."""

    name: str
    eps: float


FLOAT64 = Precision("float64", float(np.finfo(np.float64).eps))
FLOAT32 = Precision("float32", float(np.finfo(np.float32).eps))


def coarsest_precision(function: Callable[[Any], Any], size: int) -> Precision:
    """Return the coarsest type in which values that depend on the argument (size,) are rounded.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> coarsest_precision(lambda x: jnp.tanh(x.astype(jnp.bfloat16)).astype(x.dtype), 2).name
    'bfloat16'
    """
    with double_precision():
        closed = jax.make_jaxpr(function)(jax.ShapeDtypeStruct((size,), jnp.float64))
    coarsest = FLOAT64

    def apply(equation: Any, depends: list[bool]) -> list[bool]:
        nonlocal coarsest
        if any(depends):
            coarsest = max([coarsest, *_precisions(equation)], key=lambda found: found.eps)
            for body in bodies_of(equation):  # of loops and choices
                read(body)
        return [any(depends)] * len(equation.outvars)

    def read(jaxpr: Any) -> None:
        arguments, consts = [True] * len(jaxpr.invars), [False] * len(jaxpr.constvars)
        walk(jaxpr, consts, arguments, apply, constant=lambda value: False)

    read(closed.jaxpr)
    return coarsest


def _precisions(equation: Any) -> Iterator[Precision]:
    """Yield the floating types to which an operation rounds."""
    if equation.primitive.name == "reduce_precision":
        bits = int(equation.params["mantissa_bits"])
        yield Precision(_BY_MANTISSA.get(bits, f"{bits} bits"), 2.0**-bits)
    for variable in equation.outvars:
        dtype = getattr(variable.aval, "dtype", None)
        if dtype is not None and jnp.issubdtype(dtype, jnp.floating):
            yield Precision(str(dtype), float(jnp.finfo(dtype).eps))
