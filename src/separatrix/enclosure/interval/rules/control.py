"""Loops and branches."""

from __future__ import annotations

import numpy as np

from ..arithmetic import Array, point
from ..errors import NoIntervalRule
from ..program import Program, Step
from ..values import Rule, Run, Value
from .joining import joined
from .selection import select

_LONGEST_LOOP = 10_000
_UNDECIDED = (
    "not shown to be continuous: a loop or a branch depends on a comparison that is undecided "
    "within the box"
)


def _scan(run: Run, program: Program, step: Step, *values: Value) -> list[Value]:
    params, (body,) = step.params, step.bodies
    fixed, carried = params["num_consts"], params["num_carry"]
    constants, carry = list(values[:fixed]), list(values[fixed : fixed + carried])
    sequences = values[fixed + carried :]
    outputs: list[list[Value]] = []
    order = range(params["length"])
    for index in reversed(order) if params["reverse"] else order:
        now = [_element(sequence, index) for sequence in sequences]
        results = run.execute(body, [*constants, *carry, *now])
        carry = results[:carried]
        outputs.append(results[carried:])
    if params["reverse"]:
        outputs.reverse()
    if not outputs and len(step.outputs) > carried:
        raise NoIntervalRule("scan of length zero")
    return [*carry, *(_stacked(column) for column in zip(*outputs, strict=True))]


def _element(sequence: Value, index: int) -> Value:
    slopes, doubt = sequence.slopes, sequence.doubt
    return Value(
        sequence.bounds[:, index],
        None if slopes is None else slopes[:, :, index],
        None if doubt is None else doubt[:, index],
    )


def _stacked(column: tuple[Value, ...]) -> Value:
    return joined(column, lambda parts, lead: np.stack(parts, axis=lead))


def _while(run: Run, program: Program, step: Step, *values: Value) -> list[Value]:
    """Loop while the condition certainly holds; boxes where it is undecided are given up."""
    for_condition, for_body = step.params["cond_nconsts"], step.params["body_nconsts"]
    condition, body = step.bodies
    state = list(values[for_condition + for_body :])
    given_up = np.zeros((1,), dtype=bool)
    for _ in range(_LONGEST_LOOP):
        (holds,) = run.execute(condition, [*values[:for_condition], *state])
        given_up = given_up | (holds.bounds.lower != holds.bounds.upper)
        running = holds.bounds.lower & ~given_up
        if not np.any(running):
            break
        new = run.execute(body, [*values[for_condition : for_condition + for_body], *state])
        state = (
            new
            if np.all(running)
            else [_selected(running, *pair) for pair in zip(state, new, strict=True)]
        )
    else:
        given_up = np.ones((1,), dtype=bool)
    run.refuse(given_up, _UNDECIDED)
    return state


def _selected(running: Array, old: Value, new: Value) -> Value:
    return select(Value(point(running)), old, new)


def _cond(run: Run, program: Program, step: Step, index: Value, *operands: Value) -> list[Value]:
    """Run the branch that is taken, where that is decided, and no other."""
    undecided = index.bounds.lower != index.bounds.upper
    run.refuse(undecided, _UNDECIDED)
    chosen = np.clip(index.bounds.lower.astype(np.int64), 0, len(step.bodies) - 1)
    results: list[Value] | None = None
    for number in np.unique(chosen):
        branch = run.execute(step.bodies[number], list(operands))
        if results is None:
            results = branch
        else:
            taken = Value(point(chosen == number))
            results = [select(taken, old, new) for old, new in zip(results, branch, strict=True)]
    assert results is not None
    return results


RULES: dict[str, Rule] = {"scan": _scan, "while": _while, "cond": _cond}
