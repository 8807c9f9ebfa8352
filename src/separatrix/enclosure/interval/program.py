"""A traced function as a flat list of steps.

Calls (``jit``, ``custom_jvp_call``, ``checkpoint`` …) are written out in place, so that a
comparison and the ``select_n`` that uses it are seen side by side, and so that user-written
derivative rules never enter: only the function itself is kept. What the result does not depend on
is dropped. The bodies of loops and conditionals stay programs of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from ..._double import double_precision
from ..jaxprs import CALLS, LOOPS_AND_CHOICES, Literal, body_of
from .arithmetic import Array
from .errors import NoIntervalRule
from .recognition import is_jax_own, is_log_add_exp

_Result = TypeVar("_Result")


@dataclass(frozen=True, eq=False)
class Step:
    """One primitive operation: the slots it reads and writes, and what those look like."""

    name: str
    primitive: Any
    params: Mapping[str, Any]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    shapes: tuple[tuple[int, ...], ...]
    dtypes: tuple[np.dtype[Any], ...]
    input_dtypes: tuple[np.dtype[Any], ...]
    bodies: tuple[Program, ...] = ()


@dataclass(frozen=True, eq=False)
class Program:
    """Steps over numbered slots, some of which hold constants from the start."""

    steps: tuple[Step, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    constants: Mapping[int, Array]
    output_shapes: tuple[tuple[int, ...], ...]
    producers: Mapping[int, Step]
    notes: dict[Any, Any] = field(
        default_factory=dict
    )  # what rules worked out once and want to keep

    def noted(self, key: Any, work_out: Callable[[], _Result]) -> _Result:
        """Return what was worked out under a key, which is done once."""
        if key not in self.notes:
            self.notes[key] = work_out()
        result: _Result = self.notes[key]
        return result

    @property
    def last_use(self) -> tuple[tuple[int, ...], ...]:
        """For each step, the slots that nothing reads any more once it has run."""
        if "last_use" not in self.notes:
            seen, freed = set(self.outputs) | set(self.constants), []
            for step in reversed(self.steps):
                freed.append(tuple({slot for slot in step.inputs if slot not in seen}))
                seen.update(step.inputs)
            self.notes["last_use"] = tuple(reversed(freed))
        kept: tuple[tuple[int, ...], ...] = self.notes["last_use"]
        return kept


def trace(function: Callable[..., Any], *shapes: tuple[int, ...]) -> Program:
    """Trace ``function`` with float64 arguments of the given shapes and flatten it.

    Raises
    ------
    NoIntervalRule
        If it contains a primitive that is not one of JAX's own.
    """
    with double_precision():
        arguments = [jax.ShapeDtypeStruct(shape, jnp.float64) for shape in shapes]
        closed = jax.make_jaxpr(function)(*arguments)
        return _program(closed)


def _program(closed: Any) -> Program:
    builder = _Builder()
    inputs = [builder.new_slot() for _ in closed.jaxpr.invars]
    outputs = builder.inline(closed.jaxpr, closed.consts, inputs)
    steps = _needed(builder.steps, outputs)
    return Program(
        steps=tuple(steps),
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        constants=builder.constants,
        output_shapes=tuple(tuple(variable.aval.shape) for variable in closed.jaxpr.outvars),
        producers={slot: step for step in steps for slot in step.outputs},
    )


class _Builder:
    """Numbers the variables of nested jaxprs and collects their equations in order."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.constants: dict[int, Array] = {}
        self._seen: dict[Hashable, list[int]] = {}
        self._literals: dict[Hashable, int] = {}
        self._count = 0

    def new_slot(self) -> int:
        self._count += 1
        return self._count - 1

    def constant(self, value: Any) -> int:
        if jnp.issubdtype(getattr(value, "dtype", float), jax.dtypes.prng_key):
            raise NoIntervalRule("a random key")
        array = np.asarray(value)
        key = (array.dtype, array.tobytes()) if array.ndim == 0 else self._count
        if key not in self._literals:
            self._literals[key] = self.new_slot()
            self.constants[self._literals[key]] = _exact(value)
        return self._literals[key]

    def inline(self, jaxpr: Any, constants: Sequence[Any], inputs: Sequence[int]) -> list[int]:
        slots = dict(zip(jaxpr.invars, inputs, strict=True))
        slots.update(
            (variable, self.constant(value))
            for variable, value in zip(jaxpr.constvars, constants, strict=True)
        )

        def read(atom: Any) -> int:
            return self.constant(atom.val) if isinstance(atom, Literal) else slots[atom]

        for equation in jaxpr.eqns:
            arguments = [read(atom) for atom in equation.invars]
            slots.update(zip(equation.outvars, self._equation(equation, arguments), strict=True))
        return [read(atom) for atom in jaxpr.outvars]

    def _equation(self, equation: Any, arguments: list[int]) -> list[int]:
        name, params = equation.primitive.name, equation.params
        if name == "pure_callback" or not is_jax_own(equation.primitive):
            raise NoIntervalRule(name)  # rather than for how its arguments are handed over
        if name == "custom_jvp_call" and is_log_add_exp(equation):
            return self._step("logaddexp", {}, equation, arguments)
        if name in CALLS:
            return self.inline(*body_of(equation), arguments)
        return self._step(name, params, equation, arguments)

    def _step(
        self, name: str, params: Mapping[str, Any], equation: Any, arguments: list[int]
    ) -> list[int]:
        key = _key(name, params, arguments)
        if key is not None and key in self._seen:
            return self._seen[key]
        outputs = [self.new_slot() for _ in equation.outvars]
        bodies = [params[kept] for kept in LOOPS_AND_CHOICES.get(name, ())]
        self.steps.append(
            Step(
                name=name,
                primitive=equation.primitive,
                params=params,
                inputs=tuple(arguments),
                outputs=tuple(outputs),
                shapes=tuple(tuple(variable.aval.shape) for variable in equation.outvars),
                dtypes=tuple(_dtype(variable.aval, name) for variable in equation.outvars),
                input_dtypes=tuple(_dtype(atom.aval, name) for atom in equation.invars),
                bodies=tuple(map(_program, bodies[0] if name == "cond" else bodies)),
            )
        )
        if key is not None:
            self._seen[key] = outputs
        return outputs


def _key(name: str, params: Mapping[str, Any], arguments: list[int]) -> Hashable | None:
    """Tell one step from another: the same operation on the same slots is done once.

    So a quantity is recognized where it is written twice, as in ``where(x > x[::-1], x, x[::-1])``.
    """
    key = (name, tuple(arguments), tuple(sorted(params.items(), key=lambda item: item[0])))
    try:
        hash(key)
    except TypeError:
        return None
    return key


def _needed(steps: list[Step], outputs: Sequence[int]) -> list[Step]:
    """Keep the steps that the outputs depend on, in order."""
    wanted, kept = set(outputs), []
    for step in reversed(steps):
        if wanted.intersection(step.outputs):
            wanted.update(step.inputs)
            kept.append(step)
    return kept[::-1]


def _dtype(aval: Any, name: str) -> np.dtype[Any]:
    try:
        dtype = np.dtype(aval.dtype)
    except (TypeError, AttributeError) as error:  # keys, tokens, references
        raise NoIntervalRule(name) from error
    if dtype.kind not in "biufc" and not jnp.issubdtype(dtype, jnp.floating):
        raise NoIntervalRule(f"{name} on {dtype}")  # int4, which NumPy does not know as an integer
    return dtype


def _exact(value: Any) -> Array:
    """Take a captured array as it is: float32 weights are real numbers like any others."""
    array = np.asarray(value)
    if array.dtype.kind not in "biuf" and not jnp.issubdtype(array.dtype, jnp.floating):
        raise NoIntervalRule(f"a constant of type {array.dtype}")
    if array.dtype.kind not in "biu":
        array = array.astype(np.float64)
    return array
