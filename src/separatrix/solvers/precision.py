"""The precision in which a function computes what depends on its argument."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from .._double import double_precision
from ..enclosure.jaxprs import LOOPS_AND_CHOICES, Var, bodies_of

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
    reader = _Reader()
    reader.read(closed.jaxpr, [True])
    return reader.coarsest


@dataclass
class _Reader:
    """Follows through a program what depends on its argument."""

    coarsest: Precision = FLOAT64

    def read(self, jaxpr: Any, given: Iterable[bool]) -> None:
        """Note the types of what depends on those inputs that are `given`."""
        depends = {var for var, is_so in zip(jaxpr.invars, given, strict=True) if is_so}
        for equation in jaxpr.eqns:
            inputs = [isinstance(a, Var) and a in depends for a in equation.invars]
            if any(inputs):
                depends.update(equation.outvars)
                self._note(equation)
                for inner in bodies_of(equation):
                    # What goes round in a loop may come to depend on the argument.
                    called = equation.primitive.name not in LOOPS_AND_CHOICES
                    alike = called and len(inputs) == len(inner.invars)
                    self.read(inner, inputs if alike else [True] * len(inner.invars))

    def _note(self, equation: Any) -> None:
        if equation.primitive.name == "reduce_precision":
            bits = int(equation.params["mantissa_bits"])
            self._take(Precision(_BY_MANTISSA.get(bits, f"{bits} bits"), 2.0**-bits))
        for var in equation.outvars:
            dtype = getattr(var.aval, "dtype", None)
            if dtype is not None and jnp.issubdtype(dtype, jnp.floating):
                self._take(Precision(str(dtype), float(jnp.finfo(dtype).eps)))

    def _take(self, precision: Precision) -> None:
        if precision.eps > self.coarsest.eps:
            self.coarsest = precision
