r"""Ramps: the difference of two rectifiers of one quantity, as clipped networks have it.

.. math:: \max(v + h, 0) - \max(v, 0) = s\,\min(\max(v + \max(h, 0), 0), |h|), \qquad
    s = \operatorname{sign} h

Term by term an interval forgets that both rectifiers grow alike, and the difference has no bound.
"""

from __future__ import annotations

import numpy as np

from ...flat import FlatProgram, Step
from ..arithmetic import Array
from ..values import Value, constant
from .rewriting import without_sign


def ramp(program: FlatProgram, known: dict[int, Value], step: Step, free: int) -> list[Step] | None:
    """Write a difference of rectifiers as what is clipped."""
    found = _ramp(program, known, step)
    if found is None:
        return None
    quantity, height = found
    arrays = np.maximum(height, 0.0), np.zeros_like(height), -np.abs(height), -np.sign(height)
    shift, least, most, sign, moved, above, turned, clipped = range(free, free + 8)
    known.update(zip((shift, least, most, sign), map(constant, arrays), strict=True))
    return [
        step.instead("add", (quantity, shift), moved),
        step.instead("max", (moved, least), above),
        step.instead("neg", (above,), turned),
        step.instead("max", (turned, most), clipped),
        step.instead("mul", (clipped, sign), step.outputs[0]),
    ]


def _ramp(program: FlatProgram, known: dict[int, Value], step: Step) -> tuple[int, Array] | None:
    """Return v and h, where a step is such a difference."""
    sign, subtracted = without_sign(program, step.inputs[-1])
    if step.name != "add" or sign > 0:
        return None
    more, less = (_rectified(program, known, slot) for slot in (step.inputs[0], subtracted))
    added = None if more is None or less is None else program.producers.get(more)
    if added is None or added.name != "add" or less not in added.inputs:
        return None
    height = known.get(added.inputs[1 - added.inputs.index(less)])
    shapes = {*step.input_shapes, *step.shapes, added.input_shapes[added.inputs.index(less)]}
    if height is None or not height.bounds.exact or len(shapes) > 1:
        return None
    array = np.broadcast_to(height.bounds.lower[0], step.shapes[0])
    return (less, array) if np.isfinite(array).all() else None


def _rectified(program: FlatProgram, known: dict[int, Value], slot: int) -> int | None:
    """Return the slot of which one is the maximum with 0."""
    step = program.producers.get(slot)
    if step is None or step.name != "max" or step.dtypes[0] != np.float64:
        return None
    for one, other in (step.inputs, step.inputs[::-1]):
        value = known[other].bounds if other in known else None
        if value is not None and value.exact and not np.any(value.lower):
            return one
    return None
