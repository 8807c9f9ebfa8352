"""Which operations can be trusted to be what their name says."""

from __future__ import annotations

from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .._double import double_precision
from .jaxprs import Primitive, bodies_of, primitives


@cache
def _jax_primitives() -> frozenset[int]:
    """Collect the primitives that JAX itself defines: a stranger may carry a familiar name."""
    modules = (primitives, jax.lax)
    found = [
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, Primitive)
    ]
    return frozenset(id(value) for value in found)


def is_jax_own(primitive: Any) -> bool:
    """Whether a primitive is JAX's, so that its name means what JAX means by it."""
    return id(primitive) in _jax_primitives()


def _equations(jaxpr: Any) -> list[Any]:
    found = []
    for equation in jaxpr.eqns:
        found.append(equation)
        for body in bodies_of(equation):
            found.extend(_equations(body))
    return found


def is_log_add_exp(equation: Any) -> bool:
    """Whether this is the very computation of ``jnp.logaddexp``, by its text, not by its name.

    Term by term its slope is enclosed by [-1/2, 3/2] at a tie; knowing it as one function keeps
    softplus tight.
    """
    shapes = [atom.aval for atom in equation.invars]
    if len(shapes) != 2 or any(aval.dtype != np.float64 for aval in shapes):
        return False
    body = equation.params["call_jaxpr"]
    if not all(is_jax_own(inner.primitive) for inner in _equations(body.jaxpr)):
        return False
    return not body.consts and str(body.jaxpr) == _log_add_exp_text(
        *(aval.shape for aval in shapes)
    )


@cache
def _log_add_exp_text(*shapes: tuple[int, ...]) -> str:
    with double_precision():
        arguments = [jax.ShapeDtypeStruct(shape, jnp.float64) for shape in shapes]
        for equation in _equations(jax.make_jaxpr(jnp.logaddexp)(*arguments).jaxpr):
            if equation.primitive.name == "custom_jvp_call":
                return str(equation.params["call_jaxpr"].jaxpr)
    return "not found"
