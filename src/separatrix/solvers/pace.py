r"""The pace of each unit: how fast it is driven to a target that its gates do not hide.

A gated unit moves as $v_i = a_i(x)\,(c_i(x) - x_i)$ with a pace $a_i > 0$, as the $1 - z$ of a GRU.
Where a gate saturates $v_i$ vanishes with the pace, though the unit is far from its target c: in
$|v|^2$ that makes false valleys, which $c - x = v/a$ has not.

The pace is read from the function: $-a_i$ is what multiplies $x_i$ when sums and products are
written out and whatever else there is (gates, tanh, products with matrices) is held as it is.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .interval.rules import movement
from .jaxprs import CALLS, Literal, bind, body_of

_LINEAR = frozenset({"add", "add_any", "sub", "neg", "select_n", *movement.RULES})
_WRITTEN_OUT = _LINEAR | {"mul", "div", "convert_element_type"}
_Pair = tuple[Any, Any]
"""A value, and its derivative along (1, …, 1) with all but sums and products held; None for 0."""


def distance_to_target(velocity: Callable[[Any], Any], state: Any) -> Any:
    """Return v/a, the distance of each unit to its target; NaN where its pace is rounded to 0.

    It means something where no other unit's state takes the place of a unit's own: see
    `Attraction.paced` of the analysis.
    """
    closed = jax.make_jaxpr(velocity)(state)
    constants = [(value, None) for value in closed.consts]
    ((moved, slope),) = _follow(closed.jaxpr, constants, [(state, jnp.ones_like(state))])
    return moved / jnp.nan if slope is None else moved / -slope


def _follow(jaxpr: Any, constants: list[_Pair], arguments: list[_Pair]) -> list[_Pair]:
    known = dict(zip(jaxpr.constvars, constants, strict=True))
    known.update(zip(jaxpr.invars, arguments, strict=True))

    def read(atom: Any) -> _Pair:
        return (atom.val, None) if isinstance(atom, Literal) else known[atom]

    for equation in jaxpr.eqns:
        results = _results(equation, [read(atom) for atom in equation.invars])
        known.update(zip(equation.outvars, results, strict=True))
    return [read(atom) for atom in jaxpr.outvars]


def _results(equation: Any, pairs: list[_Pair]) -> list[_Pair]:
    name = equation.primitive.name
    if name in CALLS:
        body, constants = body_of(equation)
        return _follow(body, [(value, None) for value in constants], pairs)
    values = [value for value, _ in pairs]
    slopes = [slope for _, slope in pairs]
    if name == "div":
        slopes[1] = None

    def apply(*moving: Any) -> Any:
        given = iter(moving)
        parts = [v if s is None else next(given) for v, s in zip(values, slopes, strict=True)]
        return bind(equation, parts)

    moving = [v for v, s in zip(values, slopes, strict=True) if s is not None]
    if not moving or name not in _WRITTEN_OUT or not _is_floating(equation):
        return [(value, None) for value in apply(*moving)]
    along = [slope for slope in slopes if slope is not None]
    results, changes = jax.jvp(apply, moving, along)
    return list(zip(results, changes, strict=True))


def _is_floating(equation: Any) -> bool:
    types = [variable.aval.dtype for variable in equation.outvars]
    return all(jnp.issubdtype(np.dtype(kind), jnp.floating) for kind in types)
