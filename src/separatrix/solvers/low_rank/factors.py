"""Matrices of low numerical rank, written as two factors and a bound on what is left over."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

import numpy as np

from ...enclosure.errors import EnclosureError
from ...enclosure.flat import FlatProgram, Step
from ...enclosure.interval.arithmetic import Array, Interval, point, subtract, up
from ...enclosure.interval.interpreter import part_between, run_program
from ...enclosure.interval.products import matmul, row_sums
from ...enclosure.interval.values import Value, constant

_LARGEST_RANK = 12  # more variables are beyond an exhaustive search anyway
_NOISE = 1e-6  # singular values below this part of the largest are what float32 leaves over
_TIMES: dict[str, Any] = {"dimension_numbers": (((1,), (0,)), ((), ()))}  # a matrix times a vector


class UnboundedRemainderError(EnclosureError):
    """A matrix has a low rank within rounding, but the states that it acts on have no bound."""

    def __init__(self, rank: int) -> None:
        super().__init__(
            f"a matrix has rank {rank} within rounding, but no box bounds what rounding leaves "
            "over: write it as its two factors, U @ (V @ x)"
        )


def factorize(program: FlatProgram, domain: Interval) -> FlatProgram | None:
    """Replace products with matrices of low numerical rank; None if there are none.

    The bounds on what is left over, which are constants of the program, hold in the domain.
    Raises UnboundedRemainderError where a domain is infinite, and nothing else bounds them.
    """
    free = count(program.free_slot())
    steps: list[Step] = []
    added: dict[int, Array] = {}
    rest: dict[int, Value] = {}
    for step in program.steps:
        product = _matrix_product(program, step)
        factors = None if product is None else _low_rank_factors(product[0])
        if product is None or factors is None:
            steps.append(step)
            continue
        (matrix, vector), (left, right) = product, factors
        bound = _remainder(program, matrix, vector, left, right, domain)
        slots = [next(free) for _ in range(5)]
        added.update({slots[0]: left, slots[1]: right})
        rest[slots[2]] = Value(Interval(-bound[None], bound[None]))
        steps.extend(_written_out(step, vector, slots, right.shape))
    if not rest:
        return None
    constants = {slot: constant(array) for slot, array in added.items()}
    return replace(
        program, steps=tuple(steps), constants={**program.constants, **constants, **rest}
    )


def _matrix_product(program: FlatProgram, step: Step) -> tuple[Interval, int] | None:
    """Return (matrix, slot of the vector) if the step multiplies a constant with a vector."""
    if step.name != "dot_general" or len(step.shapes[0]) != 1:
        return None
    (over_first, over_second), batch = step.params["dimension_numbers"]
    first, second = step.inputs
    known = program.constants
    if any(batch[0]) or len(over_first) != 1 or (first in known) == (second in known):
        return None
    fixed, moving, axis = (
        (first, second, over_first[0]) if first in known else (second, first, over_second[0])
    )
    matrix = known[fixed].bounds[0]
    if matrix.ndim != 2:
        return None
    return (matrix if axis == 1 else matrix.map(lambda array: array.T)), moving


def _low_rank_factors(matrix: Interval) -> tuple[Array, Array] | None:
    """Return (n, r) and (r, m) factors, if r is small."""
    middle = 0.5 * matrix.lower + 0.5 * matrix.upper
    if min(middle.shape) < 4 or not np.isfinite(middle).all():
        return None
    largest = min(min(middle.shape) // 4, _LARGEST_RANK)
    # the range of the matrix, from what it does to random vectors (Halko et al. 2011)
    sample = middle @ np.random.default_rng(0).standard_normal((middle.shape[1], largest + 2))
    basis, _ = np.linalg.qr(sample)
    inner, values, right = np.linalg.svd(basis.T @ middle, full_matrices=False)
    rank = int(np.sum(values > _NOISE * values[0]))
    left = basis @ inner[:, :rank] * values[:rank]
    if not 0 < rank <= largest:
        return None
    noise = np.linalg.norm(middle - left @ right[:rank])
    return (left, right[:rank]) if noise <= 10.0 * _NOISE * np.linalg.norm(middle) else None


def _remainder(
    program: FlatProgram, matrix: Interval, vector: int, left: Array, right: Array, domain: Interval
) -> Array:
    """Bound what the factors leave over of a product, in the domain."""
    values = Value(domain[None])
    if vector not in program.inputs:
        part = part_between(program, program.inputs, [vector])
        (values,), _ = run_program(part, [values], 1)
    rest = subtract(matrix, matmul(point(left), point(right))).magnitude()
    bound = row_sums(up(rest * values.bounds.magnitude()[0]))
    if not np.isfinite(bound).all():
        raise UnboundedRemainderError(len(right))
    return bound


def _written_out(step: Step, vector: int, slots: list[int], shape: tuple[int, int]) -> list[Step]:
    """Return the steps of ``left @ (right @ vector) + rest``."""
    left, right, rest, inner, outer = slots
    (size,), (rank, columns) = step.shapes[0], shape
    return [
        step.instead(
            "dot_general", (right, vector), inner, shape, (columns,), shape=(rank,), **_TIMES
        ),
        step.instead("dot_general", (left, inner), outer, (size, rank), (rank,), **_TIMES),
        step.instead("add", (outer, rest), step.outputs[0]),
    ]
