"""How the result of a traced function depends on its argument: terms, cuts, and the parts between.

A *cut* is a set of intermediate values through which all of the dependence passes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from ...enclosure.flat import FlatProgram, Step
from ...enclosure.interval import arithmetic
from ...enclosure.interval.arithmetic import Interval, point
from ...enclosure.interval.interpreter import fold
from ...enclosure.interval.values import Value

_UNBOUNDED = 2**30  # a capacity that no cut reaches


class Terms(NamedTuple):
    """The result as ``diagonal * x + sum of coefficient * value + offset``, elementwise.

    A value has as many components as the result, or is one number for all of them.
    """

    diagonal: Interval  # (n,)
    values: tuple[tuple[int, Interval], ...]  # slots that depend on x, with coefficients (n,)
    offset: Interval  # (n,)


def dependent(program: FlatProgram, inputs: Sequence[int] | None = None) -> frozenset[int]:
    """Return the slots whose values depend on the first argument, or on those named."""
    reached = set(program.inputs[:1] if inputs is None else inputs)
    for step in program.steps:
        if reached.intersection(step.inputs):
            reached.update(step.outputs)
    return frozenset(reached)


def read_terms(program: FlatProgram) -> Terms:
    """Read the sum that the result is, as far as it is written as one.

    A program may have a second input, a number: what depends on it is no constant.
    """
    (size,) = program.output_shapes[0]
    varying, argument = dependent(program, program.inputs), program.inputs[0]
    constants: dict[int, Value] = program.notes["folded"]
    zero, known = point(np.zeros(size)), shapes(program, size)

    def constant(slot: int) -> Interval:
        return constants[slot].bounds[0].map(lambda array: np.broadcast_to(array, (size,)))

    factors = {program.outputs[0]: point(np.ones(size))}
    # Last steps first: whatever a value enters, and however often, it is looked into once.
    for step in reversed(program.steps):
        for slot in varying.intersection(factors, step.outputs):
            parts = _parts(step, factors[slot], varying, constant)
            if parts is None or any(
                part in varying and known[part] not in ((size,), ()) for part, _ in parts
            ):
                continue
            del factors[slot]
            for part, factor in parts:
                factors[part] = _sum(factors.get(part, zero), factor)
    offset = zero
    for slot in factors.keys() - varying:
        offset = _sum(offset, _product(factors.pop(slot), constant(slot)))
    diagonal = factors.pop(argument, zero)
    return Terms(diagonal, tuple(factors.items()), offset)


def _sum(a: Interval, b: Interval) -> Interval:
    """Add, without widening what is added to zero."""
    if a.exact and not np.any(a.lower):
        return b
    return arithmetic.add(a, b)


def _product(a: Interval, b: Interval) -> Interval:
    if a.exact and np.all(np.abs(a.lower) == 1.0) and b.exact:
        return point(a.lower * b.lower)
    if b.exact and np.all(np.abs(b.lower) == 1.0) and a.exact:
        return point(a.lower * b.lower)
    return arithmetic.multiply(a, b)


def _parts(
    step: Step, factor: Interval, varying: frozenset[int], constant: Callable[[int], Interval]
) -> list[tuple[int, Interval]] | None:
    """Write a multiple of a step's result as multiples of its operands; None if it is no sum."""
    if step.name in ("add", "add_any", "sub"):
        first, second = step.inputs
        sign = arithmetic.negate(factor) if step.name == "sub" else factor
        return [(first, factor), (second, sign)]
    if step.name == "neg":
        return [(step.inputs[0], arithmetic.negate(factor))]
    if step.name == "mul":
        first, second = step.inputs
        if first in varying and second in varying:
            return None
        moving, fixed = (first, second) if first in varying else (second, first)
        return [(moving, _product(factor, constant(fixed)))]
    if step.name == "div" and step.inputs[1] not in varying:
        return [(step.inputs[0], arithmetic.divide(factor, constant(step.inputs[1])))]
    return None


def shapes(program: FlatProgram, size: int) -> dict[int, tuple[int, ...]]:
    """Return the shape of every slot that a step writes, and of the argument."""
    found: dict[int, tuple[int, ...]] = dict.fromkeys(program.inputs, ())
    found[program.inputs[0]] = (size,)
    for step in program.steps:
        found.update(zip(step.outputs, step.shapes, strict=True))
    return found


def narrowest_cut(program: FlatProgram, targets: Iterable[int], size: int) -> tuple[int, ...]:
    """Return the slots of least total size that separate the argument from the targets.

    The largest flow through a graph in which every value lets through as much as it has elements
    (Ford & Fulkerson 1956).
    """
    # SciPy's graphs take a tenth of a second to load, and few residuals need them.
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_flow

    varying = sorted(dependent(program))
    place = {slot: 2 * index for index, slot in enumerate(varying)}
    known, sink = shapes(program, size), 2 * len(varying)
    edges: dict[tuple[int, int], int] = {}
    integral = {
        slot
        for step in program.steps
        for slot, dtype in zip(step.outputs, step.dtypes, strict=True)
        if dtype.kind != "f"
    }
    for slot in varying:
        free = slot == program.inputs[0] or slot in integral
        width = max(1, int(np.prod(known[slot])))
        edges[place[slot], place[slot] + 1] = _UNBOUNDED if free else width
    for step in program.steps:
        for first in place.keys() & set(step.inputs):
            edges.update({(place[first] + 1, place[second]): _UNBOUNDED for second in step.outputs})
    edges.update({(place[slot] + 1, sink): _UNBOUNDED for slot in targets if slot in place})
    rows, columns = np.array(list(edges)).T
    capacity = np.array(list(edges.values()), dtype=np.int32)
    graph = csr_array((capacity, (rows, columns)), shape=(sink + 1, sink + 1))
    flow = maximum_flow(graph, place[program.inputs[0]], sink).flow
    left = graph - flow
    reached = _reachable(left, place[program.inputs[0]])
    return tuple(
        slot for slot in varying if place[slot] in reached and place[slot] + 1 not in reached
    )


def _reachable(capacities: Any, source: int) -> set[int]:
    """Return the nodes to which something may still flow."""
    reached, pending = {source}, [source]
    while pending:
        node = pending.pop()
        ends = slice(capacities.indptr[node], capacities.indptr[node + 1])
        for target, room in zip(capacities.indices[ends], capacities.data[ends], strict=True):
            if room > 0 and target not in reached:
                reached.add(int(target))
                pending.append(int(target))
    return reached


def part_between(
    program: FlatProgram, inputs: Sequence[int], outputs: Sequence[int], size: int
) -> FlatProgram:
    """Return the program that computes some slots from others; constants are folded anew.

    Raises
    ------
    ValueError
        If the outputs depend on the argument in another way too.
    """
    wanted, kept, stops = set(outputs) - set(inputs), [], set(inputs)
    for step in reversed(program.steps):
        if wanted.intersection(step.outputs):
            kept.append(step)
            wanted.update(slot for slot in step.inputs if slot not in stops)
    if wanted & (set(program.inputs) - stops):
        raise ValueError("the values do not separate the argument from the result")
    known = shapes(program, size)
    part = replace(
        program,
        steps=tuple(reversed(kept)),
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        output_shapes=tuple(known[slot] for slot in outputs),
        notes={},
    )
    part = fold(part)
    # Bounds that are constant but not points: what a factorization leaves over.
    part.notes["folded"].update(program.notes.get("bounds", {}))
    return part
