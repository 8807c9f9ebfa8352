"""The parts of a traced function that do not depend on its argument, evaluated once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.extend.core as jex
import jax.numpy as jnp
import numpy as np

from .._double import double_precision
from .._types import is_random_key
from .calls import PLAIN_CALLS, body_of


def evaluate_equation(equation: Any, operands: Sequence[Any]) -> list[Any]:
    """Carry out an operation on constants just as JAX would, in the precision written."""
    if equation.primitive.name == "convert_element_type":
        given, dtype = np.asarray(operands[0]), np.dtype(equation.params["new_dtype"])
        # The commonest; spare its compilation. Beyond the integers of a type XLA keeps to the
        # last one, and NumPy wraps around.
        if given.dtype.kind in "biu" or dtype.kind == "f":
            return [given.astype(dtype)]
    return [known(result) for result in bind(equation, operands)]


def known(value: Any) -> Any:
    """Return a constant as NumPy has it; the keys of random numbers are JAX's own."""
    return value if is_random_key(value) else np.asarray(value)


def settle_constants(function: Callable[[Any], Any], size: int) -> Callable[[Any], Any]:
    """Return a function from (size,) with all that does not depend on its argument evaluated.

    An input that a closure holds in single precision, `x @ w` of `lambda h: f(x @ w + h @ v)`, is
    rounded once, as the weights were when they were stored; then the rest can be of double
    precision. So are numbers drawn with a key that is always the same. Derivative rules, loops and
    conditionals are left as they are. Like the function that was traced, what is returned is to be
    called in float64.

    Examples
    --------
    >>> x, w = jnp.ones(3, jnp.float32), jnp.ones((3, 2), jnp.float32)
    >>> settled = settle_constants(lambda h: jnp.tanh(x @ w + 2.0 * h), 2)
    >>> with jax.enable_x64(True):
    ...     print([e.primitive.name for e in jax.make_jaxpr(settled)(jnp.zeros(2)).eqns])
    ['mul', 'add', 'tanh']
    """
    with double_precision():
        closed = jax.make_jaxpr(function)(jax.ShapeDtypeStruct((size,), jnp.float64))
        program = _Settled()
        (result,) = program.read(closed.jaxpr, closed.consts, [program.new_slot()])

    def settled(state: Any) -> Any:
        slots = {0: state}
        for equation, operands, outputs in program.steps:
            values = [slots[o.number] if isinstance(o, _Slot) else o for o in operands]
            slots.update(zip((o.number for o in outputs), bind(equation, values), strict=True))
        return slots[result.number] if isinstance(result, _Slot) else jnp.asarray(result)

    return settled


@dataclass(frozen=True)
class _Slot:
    """A value that depends on the argument."""

    number: int


@dataclass
class _Settled:
    """The operations that are left: each with what it takes, values or slots, and what it fills."""

    steps: list[tuple[Any, list[Any], list[_Slot]]] = field(default_factory=list)
    count: int = 0

    def new_slot(self) -> _Slot:
        self.count += 1
        return _Slot(self.count - 1)

    def read(self, jaxpr: Any, consts: Sequence[Any], arguments: Sequence[Any]) -> list[Any]:
        values: dict[Any, Any] = dict(zip(jaxpr.constvars, consts, strict=True))
        values.update(zip(jaxpr.invars, arguments, strict=True))

        def look_up(atom: Any) -> Any:
            return atom.val if isinstance(atom, jex.Literal) else values[atom]

        for equation in jaxpr.eqns:
            operands = [look_up(atom) for atom in equation.invars]
            values.update(zip(equation.outvars, self._equation(equation, operands), strict=True))
        return [look_up(atom) for atom in jaxpr.outvars]

    def _equation(self, equation: Any, operands: list[Any]) -> list[Any]:
        if not any(isinstance(operand, _Slot) for operand in operands) and not equation.effects:
            return evaluate_equation(equation, operands)
        if equation.primitive.name in PLAIN_CALLS:
            return self.read(*body_of(equation), operands)
        outputs = [self.new_slot() for _ in equation.outvars]
        self.steps.append((equation, operands, outputs))
        return list(outputs)


def bind(equation: Any, operands: Sequence[Any]) -> list[Any]:
    """Carry out an operation on operands, traced or not."""
    bound = equation.primitive.get_bind_params(equation.params)
    functions, params = bound if isinstance(bound, tuple) else ((), bound)  # before JAX 0.10, both
    results = equation.primitive.bind(*functions, *operands, **params)
    return list(results) if equation.primitive.multiple_results else [results]
