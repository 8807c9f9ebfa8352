r"""Mixtures: what a gate takes of one quantity and of another, as PyTorch's GRU has it.

.. math:: (a - b)\,z + b = z\,a + (1 - z)\,b

On the left an interval forgets that b is the same in both places, and a mixture of two bounded
quantities has no bound of theirs.
"""

from __future__ import annotations

import numpy as np

from ...flat import FlatProgram, Step
from ..values import Value, constant
from .rewriting import elementwise


def mixture(
    program: FlatProgram, known: dict[int, Value], step: Step, free: int
) -> list[Step] | None:
    """Write a mixture by a gate as the sum of two products."""
    found = _mixture(program, known, step)
    if found is None:
        return None
    one, other, gate = found
    ones, rest, first, second = range(free, free + 4)
    known[ones] = constant(np.ones(step.shapes[0]))
    return [
        elementwise(step, "sub", (ones, gate), rest),
        elementwise(step, "mul", (gate, one), first),
        elementwise(step, "mul", (rest, other), second),
        elementwise(step, "add", (first, second), step.outputs[0]),
    ]


def _mixture(
    program: FlatProgram, known: dict[int, Value], step: Step
) -> tuple[int, int, int] | None:
    """Return a, b and z, where a step is such a sum and z is no constant."""
    if step.name not in ("add", "add_any") or len({*step.input_shapes, *step.shapes}) > 1:
        return None
    for scaled, other in (step.inputs, step.inputs[::-1]):
        product = _made(program, scaled, "mul", step)
        for difference, gate in _orders(product):
            taken = _made(program, difference, "sub", step)
            if taken is not None and taken.inputs[1] == other and gate not in known:
                return taken.inputs[0], other, gate
    return None


def _orders(product: Step | None) -> tuple[tuple[int, ...], ...]:
    return () if product is None else (product.inputs, product.inputs[::-1])


def _made(program: FlatProgram, slot: int, name: str, like: Step) -> Step | None:
    """Return the step that makes a value, if it is of this name, elementwise and of one shape."""
    step = program.producers.get(slot)
    if step is None or step.name != name or {*step.input_shapes, *step.shapes} != {*like.shapes}:
        return None
    return step
