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


def without_sign(program: FlatProgram, slot: int) -> tuple[float, int]:
    """Return 1 and a slot, or −1 and the slot of which it is the negative."""
    made = program.producers.get(slot)
    return (-1.0, made.inputs[0]) if made is not None and made.name == "neg" else (1.0, slot)
