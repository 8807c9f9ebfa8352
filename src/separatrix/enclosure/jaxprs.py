"""Jaxprs, JAX's programs: their parts, the calls in them, and carrying out one operation.

No other module imports `jax.extend`.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import jax
import numpy as np
from jax.extend.core import (
    ClosedJaxpr,
    Jaxpr,
    Literal,
    Primitive,
    Var,
    primitives,
)
from jax.interpreters.partial_eval import dce_jaxpr

from .operations import operation

__all__ = ["ClosedJaxpr", "Jaxpr", "Literal", "Primitive", "Var", "primitives"]


def sets_values(params: Mapping[str, Any]) -> bool:
    """Return whether a `scatter` puts its updates in place of what was there.

    JAX gives the name to `x.at[…].apply(f)` as well, where f of what was there takes its place.
    """
    update = params.get("update_jaxpr")
    if update is None:
        return True
    update = getattr(update, "jaxpr", update)
    return not update.eqns and update.outvars[0] is update.invars[1]


_PARAMETERS = ("jaxpr", "call_jaxpr", "fun_jaxpr")


def body_of(equation: Any) -> tuple[Any, Any]:
    """Return the jaxpr of a call, to be read in place, and its constants."""
    body = next(equation.params[name] for name in _PARAMETERS if name in equation.params)
    return getattr(body, "jaxpr", body), getattr(body, "consts", ())


def bodies_of(equation: Any) -> list[Any]:
    """Return the jaxprs that an operation runs."""
    values = equation.params.values()
    parts = [p for v in values for p in (v if isinstance(v, (tuple, list)) else (v,))]
    return [getattr(p, "jaxpr", p) for p in parts if isinstance(p, (ClosedJaxpr, Jaxpr))]


def is_call(equation: Any) -> bool:
    """Return whether an operation is a call, with a rule for its derivative or none."""
    return operation(equation.primitive.name).kind in ("call", "ruled call")


def is_plain_call(equation: Any) -> bool:
    """Return whether an operation is a call that means what its body means."""
    return operation(equation.primitive.name).kind == "call"


def walk(
    jaxpr: Any,
    consts: Sequence[Any],
    arguments: Sequence[Any],
    apply: Callable[[Any, list[Any]], Sequence[Any]],
    is_read: Callable[[Any], bool] = is_call,
    constant: Callable[[Any], Any] = lambda value: value,
) -> list[Any]:
    """Carry out a jaxpr on values of any kind: `apply(equation, operands)` gives each result.

    The bodies of calls that `is_read` tells are read in place. What stands in the jaxpr itself
    becomes a value by `constant`.
    """
    values = dict(zip(jaxpr.constvars, map(constant, consts), strict=True))
    values.update(zip(jaxpr.invars, arguments, strict=True))

    def look_up(atom: Any) -> Any:
        return constant(atom.val) if isinstance(atom, Literal) else values[atom]

    for equation in jaxpr.eqns:
        operands = [look_up(atom) for atom in equation.invars]
        if is_read(equation):
            results: Sequence[Any] = walk(*body_of(equation), operands, apply, is_read, constant)
        else:
            results = apply(equation, operands)
        values.update(zip(equation.outvars, results, strict=True))
    return [look_up(atom) for atom in jaxpr.outvars]


def without_unused(jaxpr: Any) -> Any:
    """Return a jaxpr without the operations of which its results are not made."""
    return dce_jaxpr(jaxpr, [True] * len(jaxpr.outvars), instantiate=True)[0]


def _parts_of_scan(params: Mapping[str, Any]) -> tuple[int, int]:
    """Return how many operands of a `scan` are constants, and how many it carries."""
    if "num_consts" in params:  # until JAX 0.10
        return params["num_consts"], params["num_carry"]
    consts, carry, _ = params["ft_in"].unpack()
    return len(consts), len(carry)


def unrolled(equation: Any) -> Any:
    """Return a closed jaxpr that writes out the loop of a `scan`."""
    params, body = equation.params, equation.params["jaxpr"]
    first, count = _parts_of_scan(params)
    order = range(params["length"])

    def loop(*operands: Any) -> list[Any]:
        carry, columns = list(operands[first : first + count]), []
        sequences = operands[first + count :]
        for index in reversed(order) if params["reverse"] else order:
            now = [jax.lax.index_in_dim(part, index, keepdims=False) for part in sequences]
            given = (*operands[:first], *carry, *now)
            results = jax.core.eval_jaxpr(body.jaxpr, body.consts, *given)
            carry = results[:count]
            columns.append(results[count:])
        rows = columns[::-1] if params["reverse"] else columns
        return [*carry, *(jax.numpy.stack(column) for column in zip(*rows, strict=True))]

    return _made_of(loop, avals_of(equation))


@cache
def written_out(name: str, params: tuple[tuple[str, Any], ...], avals: tuple[Any, ...]) -> Any:
    """Return a closed jaxpr that does what an operation does with those that it consists of."""
    meaning = operation(name).meaning
    assert meaning is not None
    return _made_of(lambda *operands: meaning(*operands, **dict(params)), avals)


def selected(equation: Any) -> Any:
    """Return a closed jaxpr that writes out all branches of a `cond` and selects one."""
    branches = equation.params["branches"]

    def select(index: Any, *operands: Any) -> list[Any]:
        results = [jax.core.eval_jaxpr(b.jaxpr, b.consts, *operands) for b in branches]
        return [jax.lax.select_n(index, *cases) for cases in zip(*results, strict=True)]

    return _made_of(select, avals_of(equation))


def avals_of(equation: Any) -> tuple[Any, ...]:
    """Return what the operands of an operation look like."""
    return tuple(atom.aval for atom in equation.invars)


def _made_of(function: Callable[..., Any], avals: Sequence[Any]) -> Any:
    return jax.make_jaxpr(function)(*[jax.ShapeDtypeStruct(a.shape, a.dtype) for a in avals])


def bind(equation: Any, operands: Sequence[Any]) -> list[Any]:
    """Carry out an operation on operands, traced or not."""
    bound = equation.primitive.get_bind_params(equation.params)
    functions, params = bound if isinstance(bound, tuple) else ((), bound)  # before JAX 0.10, both
    results = equation.primitive.bind(*functions, *operands, **params)
    return list(results) if equation.primitive.multiple_results else [results]


def evaluate_equation(equation: Any, operands: Sequence[Any]) -> list[Any]:
    """Carry out an operation on constants just as JAX would, in the precision written."""
    is_known = not any(isinstance(operand, jax.core.Tracer) for operand in operands)
    if equation.primitive.name == "convert_element_type" and is_known:
        given, dtype = np.asarray(operands[0]), np.dtype(equation.params["new_dtype"])
        # The commonest; spare its compilation. Beyond the integers of a type XLA keeps to the
        # last one, and NumPy wraps around.
        if given.dtype.kind in "biu" or dtype.kind == "f":
            return [given.astype(dtype)]
    return [known(result) for result in bind(equation, operands)]


def known(value: Any) -> Any:
    """Return a constant as NumPy has it; keys of random numbers and tracers are JAX's own."""
    return value if isinstance(value, jax.core.Tracer) or is_key(value) else np.asarray(value)


def is_key(value: Any) -> bool:
    """Return whether a value is a random key, or an array of them."""
    return jax.dtypes.issubdtype(getattr(value, "dtype", float), jax.dtypes.prng_key)
