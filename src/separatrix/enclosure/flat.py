"""A traced function as a flat list of steps, for all who read functions on values of their own.

Calls (``jit``, ``custom_jvp_call``, ``checkpoint`` …), loops of known length and both sides of a
choice are written out in place, so that a comparison and the ``select_n`` that uses it are seen
side by side, and so that user-written derivative rules never enter: only the function itself is
kept. Operations that consist of others are written with those (`operations`). Integers and truth
values that do not depend on the arguments are computed once, here; what the result does not depend
on is dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from hashlib import sha256
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from .._double import double_precision
from .errors import NoIntervalRule
from .jaxprs import (
    Primitive,
    avals_of,
    evaluate_equation,
    is_call,
    is_key,
    primitives,
    selected,
    unrolled,
    walk,
    written_out,
)
from .operations import Kind, Trait, operation, require_known

_Value = TypeVar("_Value")

_LONGEST_LOOP = 500


@dataclass(frozen=True, eq=False)
class Step:
    """One primitive operation: the slots it reads and writes, and what those look like.

    `plan` is what a reader worked out about it before it is carried out.
    """

    name: str
    primitive: Any
    params: Mapping[str, Any]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    shapes: tuple[tuple[int, ...], ...]
    dtypes: tuple[np.dtype[Any], ...]
    input_shapes: tuple[tuple[int, ...], ...]
    input_dtypes: tuple[np.dtype[Any], ...]
    plan: Any = None

    @property
    def kind(self) -> Kind:
        """How the operation acts."""
        return operation(self.name).kind

    def instead(
        self,
        name: str,
        inputs: tuple[int, ...],
        output: int,
        *input_shapes: tuple[int, ...],
        shape: tuple[int, ...] | None = None,
        **params: Any,
    ) -> Step:
        """Return another step of numbers; without shapes, all are that of the result of this one.

        A result is of this step's type, and so are the operands.
        """
        return replace(
            self,
            name=name,
            params=params,
            inputs=inputs,
            outputs=(output,),
            shapes=(self.shapes[0] if shape is None else shape,),
            input_shapes=input_shapes or self.shapes * len(inputs),
            input_dtypes=self.dtypes * len(inputs),
            plan=None,
        )


@dataclass(frozen=True, eq=False)
class FlatProgram:
    """Steps over numbered slots, some of which hold constants from the start.

    `producers` is the step that writes each slot, `last_use` for each step the slots that nothing
    reads any more once it has run.
    """

    steps: tuple[Step, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    constants: Mapping[int, Any]
    output_shapes: tuple[tuple[int, ...], ...]
    producers: Mapping[int, Step] = field(init=False)
    last_use: tuple[tuple[int, ...], ...] = field(init=False)

    def __post_init__(self) -> None:
        producers = {slot: step for step in self.steps for slot in step.outputs}
        object.__setattr__(self, "producers", producers)
        object.__setattr__(self, "last_use", self._last_use())

    def _last_use(self) -> tuple[tuple[int, ...], ...]:
        seen, freed = set(self.outputs) | set(self.constants), []
        for step in reversed(self.steps):
            freed.append(tuple({slot for slot in step.inputs if slot not in seen}))
            seen.update(step.inputs)
        return tuple(reversed(freed))

    def free_slot(self) -> int:
        """Return a number above those of all slots."""
        return 1 + max([*self.producers, *self.constants, *self.inputs], default=0)

    def interpret(
        self,
        apply: Callable[[Step, list[_Value]], Sequence[_Value]],
        values: dict[int, _Value],
        keep: bool = False,
    ) -> dict[int, _Value]:
        """Carry out the steps whose results are not among the values; what is used up goes.

        `apply(step, operands)` gives the results of a step; with `keep` nothing goes.
        """
        for step, unused in zip(self.steps, self.last_use, strict=True):
            if step.outputs[0] in values:
                continue
            results = apply(step, [values[slot] for slot in step.inputs])
            values.update(zip(step.outputs, results, strict=True))
            for slot in () if keep else unused:
                values.pop(slot, None)
        return values


def trace(function: Callable[..., Any], *shapes: tuple[int, ...]) -> FlatProgram:
    """Trace ``function`` with float64 arguments of the given shapes and flatten it.

    Raises
    ------
    NoIntervalRule
        If it contains a primitive that is not one of JAX's own.
    """
    with double_precision():
        arguments = [jax.ShapeDtypeStruct(shape, jnp.float64) for shape in shapes]
        return flatten(jax.make_jaxpr(function)(*arguments))


def flatten(closed: Any) -> FlatProgram:
    """Write a traced function as a flat program; to be called in double precision."""
    builder = _Builder()
    inputs = [builder.new_slot() for _ in closed.jaxpr.invars]
    outputs = builder.inline(closed, inputs)
    return FlatProgram(
        steps=tuple(needed(builder.steps, outputs)),
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        constants=builder.constants,
        output_shapes=tuple(tuple(variable.aval.shape) for variable in closed.jaxpr.outvars),
    )


class _Builder:
    """Numbers the variables of nested jaxprs and collects their equations in order."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.constants: dict[int, Any] = {}
        self._seen: dict[Hashable, list[int]] = {}
        self._literals: dict[Hashable, int] = {}
        self._count = 0

    def new_slot(self) -> int:
        self._count += 1
        return self._count - 1

    def constant(self, value: Any) -> int:
        if is_key(value):
            raise NoIntervalRule("a random key")
        array = np.asarray(value)
        key = (array.dtype, array.shape, sha256(array.tobytes()).digest())
        if key not in self._literals:
            self._literals[key] = self.new_slot()
            self.constants[self._literals[key]] = array
        return self._literals[key]

    def inline(self, closed: Any, inputs: Sequence[int]) -> list[int]:
        where = closed.jaxpr, closed.consts, inputs
        return walk(*where, self._equation, _is_read_in_place, self.constant)

    def _equation(self, equation: Any, arguments: list[int]) -> list[int]:
        name = equation.primitive.name
        if name == "pure_callback" or not _is_jax_own(equation.primitive):
            raise NoIntervalRule(name)  # rather than for how its arguments are handed over
        require_known(name, equation.params)
        if name == "scan" and equation.params["length"] <= _LONGEST_LOOP:
            return self.inline(unrolled(equation), arguments)
        if name == "cond":
            return self._choice(equation, *arguments)
        if operation(name).kind == "same":
            return arguments
        if all(slot in self.constants for slot in arguments) and _is_exact(equation):
            known = [self.constants[slot] for slot in arguments]
            return [self.constant(value) for value in evaluate_equation(equation, known)]
        if _is_written_out(equation):
            params = tuple(sorted(equation.params.items()))
            return self.inline(written_out(name, params, avals_of(equation)), arguments)
        return self._step(name, equation, arguments)

    def _choice(self, equation: Any, index: int, *operands: int) -> list[int]:
        """Write out the branch of a choice, or all of them, and the selection of one."""
        if index not in self.constants:
            return self.inline(selected(equation), (index, *operands))
        branches = equation.params["branches"]
        return self.inline(branches[np.clip(self.constants[index], 0, len(branches) - 1)], operands)

    def _step(self, name: str, equation: Any, arguments: list[int]) -> list[int]:
        key = _key(name, equation.params, arguments)
        if key is not None and key in self._seen:
            return self._seen[key]
        outputs = [self.new_slot() for _ in equation.outvars]
        self.steps.append(
            Step(
                name=name,
                primitive=equation.primitive,
                params=equation.params,
                inputs=tuple(arguments),
                outputs=tuple(outputs),
                shapes=tuple(tuple(variable.aval.shape) for variable in equation.outvars),
                dtypes=tuple(_dtype(variable.aval, name) for variable in equation.outvars),
                input_shapes=tuple(tuple(atom.aval.shape) for atom in equation.invars),
                input_dtypes=tuple(_dtype(atom.aval, name) for atom in equation.invars),
            )
        )
        if key is not None:
            self._seen[key] = outputs
        return outputs


def _is_read_in_place(equation: Any) -> bool:
    if is_call(equation):
        require_known(equation.primitive.name, equation.params)
    return is_call(equation)


def _is_written_out(equation: Any) -> bool:
    """Return whether an operation is written with others; arithmetic only if it is of reals."""
    row = operation(equation.primitive.name)
    return row.meaning is not None and (
        row.results in ("b", "fbiu") or jnp.issubdtype(equation.invars[0].aval.dtype, jnp.floating)
    )


def _is_exact(equation: Any) -> bool:
    """Whether a step on constants makes no real numbers, or rounds none: it is done at once."""
    name = equation.primitive.name
    dtypes = [_dtype(variable.aval, name) for variable in equation.outvars]
    is_whole = all(dtype.kind in "biu" for dtype in dtypes)
    is_exact = Trait.EXACT in operation(name).traits and all(d.itemsize < 8 for d in dtypes)
    return not equation.effects and (is_whole or is_exact or name == "iota")


def _key(name: str, params: Mapping[str, Any], arguments: list[int]) -> Hashable | None:
    """Return a key that is equal for the same operation on the same slots, done only once.

    So a quantity is recognized where it is written twice, as in ``where(x > x[::-1], x, x[::-1])``.
    """
    key = (name, tuple(arguments), tuple(sorted(params.items(), key=lambda item: item[0])))
    try:
        hash(key)
    except TypeError:
        return None
    return key


def needed(steps: list[Step], outputs: Sequence[int]) -> list[Step]:
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


def _is_jax_own(primitive: Any) -> bool:
    """Whether a primitive is JAX's, so that its name means what JAX means by it."""
    return id(primitive) in _jax_primitives()
