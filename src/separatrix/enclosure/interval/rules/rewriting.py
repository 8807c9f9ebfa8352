"""Several operations that are one function, put in its words before bounds are taken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ...flat import FlatProgram, Step, needed
from ..values import Value

Rewrite = Callable[[FlatProgram, dict[int, Value], Step, int], Sequence[Step] | None]
"""Gives what a step of a program is in other words, or None.

New values have slots from the given number on; constants among them go into the known values.
"""


def rewritten(program: FlatProgram, known: dict[int, Value], rewrite: Rewrite) -> FlatProgram:
    """Put all steps of a program in the words of a rewrite, where it has some."""
    steps, free = list[Step](), max([program.free_slot(), *(1 + slot for slot in known)])
    for step in program.steps:
        found = rewrite(program, known, step, free)
        steps += [step] if found is None else found
        free = max([free, *(1 + s for new in found or () for s in (*new.inputs, *new.outputs))])
    if steps == [*program.steps]:
        return program
    return replace(program, steps=tuple(needed(steps, program.outputs)))


def elementwise(step: Step, name: str, inputs: tuple[int, ...], output: int) -> Step:
    """Return a step on values of the shape of another step's result."""
    count = len(inputs)
    return replace(
        step, name=name, params={}, inputs=inputs, outputs=(output,),
        input_shapes=step.shapes * count, input_dtypes=step.dtypes * count,
    )  # fmt: skip
