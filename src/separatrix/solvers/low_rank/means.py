r"""Latent systems in which a softmax makes states a mean of constant columns, as memories do.

Where :math:`-h(k)/a=\sum_j p_j(k)\,c_j` with shares p that add up to 1, and z is affine,

.. math:: z\Big(\sum_j p_j\,c_j\Big)=\sum_j p_j\,z(c_j) ,

so that intervals need not pass through a state of many units, of which each forgets the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ...enclosure.branch_and_prune.unbounded import uses
from ...enclosure.flat import FlatProgram, needed
from ...enclosure.interval.arithmetic import Interval, divide, negate, point
from ...enclosure.interval.interpreter import part_between, run_program
from ...enclosure.interval.values import Value
from ...enclosure.moves import MOVES

_SUMS = frozenset({"add", "add_any", "sub", "neg", "reduce_sum", "convert_element_type", *MOVES})
_PRODUCTS = frozenset({"mul", "dot_general"})


def mean_of_images(
    size: int, leak: Interval, embed: FlatProgram, project: FlatProgram
) -> FlatProgram | None:
    """Return the program of z(−h(k)/a), flat; None where it is not of this kind."""
    argument, *latent = embed.inputs
    means = [step for step in embed.steps if step.name == "softmax_mean"]
    if len(means) != 1 or len(project.inputs) != 1:
        return None
    ((mean,), (slot,)) = means, means[0].outputs
    try:
        outer = part_between(embed, [argument, slot], embed.outputs)
    except ValueError:  # latent variables enter the states in another way
        return None
    if not _is_affine(outer) or not _is_affine(project):
        return None
    columns = embed.constants[mean.inputs[0]].bounds.map(
        lambda end: np.moveaxis(end[0], mean.params["axis"], 0)
    )
    images = _images(size, leak, (outer, project), columns)
    if images is None:
        return None
    table, (count, rank) = embed.free_slot(), images.shape
    mapped = replace(
        mean, params={"axis": 0}, inputs=(table, *mean.inputs[1:]), outputs=(table + 1,),
        shapes=((rank,),), input_shapes=((count, rank), *mean.input_shapes[1:]),
    )  # fmt: skip
    found = replace(
        embed,
        inputs=tuple(latent),
        steps=tuple(needed([*embed.steps, mapped], mapped.outputs)),
        outputs=mapped.outputs,
        output_shapes=((rank,),),
        constants={**embed.constants, table: Value(images[None])},
    )
    return None if uses(found, argument) else found


def _images(
    size: int, leak: Interval, parts: Sequence[FlatProgram], columns: Interval
) -> Interval | None:
    """Return z(c) of each column (column, rank)."""
    outer, project = parts
    count = columns.shape[0]
    (rest,), first = run_program(
        outer, [Value(point(np.zeros((1, size)))), Value(columns)], count, False
    )
    states = negate(divide(rest.bounds, leak[None]))
    found, second = run_program(project, [Value(states)], count, False)
    if any(first + second):
        return None

    def flat(end: str) -> np.ndarray:
        ends = [getattr(value.bounds, end) for value in found]
        return np.concatenate([np.reshape(array, (count, -1)) for array in ends], axis=1)

    images = Interval(flat("lower"), flat("upper"))
    return images if np.isfinite(images.magnitude()).all() else None


def _is_affine(program: FlatProgram) -> bool:
    """Whether the results are affine in all inputs together."""
    moving = set(program.inputs)
    for step in program.steps:
        if not (count := sum(slot in moving for slot in step.inputs)):
            continue
        quotient = step.name == "div" and step.inputs[1] not in moving and step.plan is None
        product = step.name in _PRODUCTS and count == 1
        moved = step.name not in MOVES or step.plan is not None
        known = step.name in _SUMS or product or quotient
        if not (known and moved) or step.dtypes[0].kind != "f":
            return False
        moving.update(step.outputs)
    return True
