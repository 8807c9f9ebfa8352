"""Reading a JAX function as a piecewise-linear one, from its jaxpr."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import numpy as np

from ..._double import double_precision
from ...enclosure import flat
from ...enclosure.errors import NoIntervalRule
from ...enclosure.flat import flatten
from ...enclosure.jaxprs import evaluate_equation
from ...enclosure.moves import Move, matrix_of, move_of
from ...enclosure.operations import operation as row_of
from .affine import Affine, Array, GateTable, Operand, StepFunction, UnrecognizedError, as_affine
from .affine_rules import OF_EITHER_SIDE, RULES, STEP_RULES
from .form import PiecewiseLinear

_NO_RULE = "no piecewise-linear rule for the operation {}"


def recognize(function: Callable[[Any], Any], size: int) -> PiecewiseLinear | str:
    """Decide from its jaxpr whether a function from R^n to R^n is piecewise linear.

    The function is traced once, in float64, and its operations are carried out on affine
    expressions ``A (x, g) + c``, where every ``max``, ``min``, ``abs``, ``clamp`` or continuous
    selection on a sign adds a gate ``g = max(z, 0)``.  Nothing is compiled.

    Parameters
    ----------
    function
        Any JAX function of one array of shape ``(n,)``, with an array of that shape as result.
    size
        ``n``.

    Returns
    -------
    The canonical form; or, in words, which operation stood in the way.

    Raises
    ------
    ValueError
        If the function returns something else than an array of shape ``(n,)``.

    Examples
    --------
    >>> import jax
    >>> form = recognize(lambda h: 0.5 * h + jax.nn.relu(1.0 - h), 3)
    >>> form.gate_count
    3
    >>> recognize(jax.numpy.tanh, 3)
    'no piecewise-linear rule for the operation tanh'

    References
    ----------
    Griewank (2013), "On stable piecewise linearization and generalized algorithmic
    differentiation", Optimization Methods and Software 28:1139 (the abs-normal form).
    """
    with double_precision():
        argument = jax.ShapeDtypeStruct((size,), np.float64)
        closed, out = jax.make_jaxpr(function, return_shape=True)(argument)
        if not hasattr(out, "shape") or out.shape != (size,):
            got = getattr(out, "shape", jax.tree.structure(out))
            raise ValueError(
                f"a function of an array of shape ({size},) must return that shape, not {got}; "
                "ravel the state and the result"
            )
        table = GateTable(size)
        state = Affine(np.eye(size), np.zeros(size))
        try:
            program = flatten(closed)
            values: dict[int, Operand] = dict(program.constants)
            values[program.inputs[0]] = state
            with np.errstate(all="ignore"):  # Weights that are not finite are refused below.
                values = program.interpret(partial(_apply, table), values)
            return _form(table, values[program.outputs[0]])
        except UnrecognizedError as error:
            return str(error)
        except NoIntervalRule as error:
            return _NO_RULE.format(error.primitive)


def _form(table: GateTable, result: Operand) -> PiecewiseLinear:
    if isinstance(result, StepFunction):
        result = as_affine(result, table.width)
    if not isinstance(result, Affine):  # A constant function.
        constant = np.asarray(result, dtype=np.float64)
        result = Affine(np.zeros((table.width, table.size)), constant)
    n, m = table.size, len(table.rows)
    rows = np.zeros((m, n + m))
    for gate, row in enumerate(table.rows):
        rows[gate, : len(row)] = row
    out = result.widened(n + m).T
    offsets = np.asarray(table.constants, dtype=np.float64)
    if not all(np.isfinite(part).all() for part in (rows, offsets, out, result.constant)):
        raise UnrecognizedError("its weights are not finite")
    form = PiecewiseLinear(
        linear=out[:, :n].copy(),
        offset=np.array(result.constant),
        gate_weights=rows[:, :n].copy(),
        gate_coupling=rows[:, n:].copy(),
        gate_offset=offsets,
        output_weights=out[:, n:].copy(),
    )
    return form.without_idle_gates()


def _apply(table: GateTable, operation: flat.Step, operands: list[Operand]) -> list[Operand]:
    """Return the results of one operation on constants, affine values and steps."""
    results = _results(table, operation, operands)
    for dtype, result in zip(operation.dtypes, results, strict=True):
        is_coarse = jax.numpy.issubdtype(dtype, np.floating) and dtype.itemsize < 8
        if isinstance(result, Affine) and is_coarse:
            raise UnrecognizedError("it computes in less than float64")
    return results


def _results(table: GateTable, operation: flat.Step, operands: list[Operand]) -> list[Operand]:
    name, kind, places = operation.name, operation.kind, row_of(operation.name).places
    depends = [isinstance(operand, (Affine, StepFunction)) for operand in operands]
    is_simple = kind == "move" and not places and len(operands) == 1
    if not any(depends) and not is_simple:  # what is simple, NumPy does without compiling
        return evaluate_equation(operation, operands)
    if name in OF_EITHER_SIDE and _are_of_one_step(operands):
        return [_of_either_side(operation, operands)]
    known = [None if own else v for own, v in zip(depends, operands, strict=True)]
    if kind == "move":
        move = _known(operation, move_of(operation, known))
        return [_moved(table, move, [operands[place] for place in move.places])]
    if name not in RULES and kind != "weighted":
        raise UnrecognizedError(_NO_RULE.format(name))
    if name not in STEP_RULES:
        operands = [_continuous(table, operand) for operand in operands]
    if kind != "weighted":
        return [RULES[name](table, *operands, **operation.params)]
    matrix = _known(operation, matrix_of(operation, known))
    return [_multiplied(table, operation, matrix, operands, *places)]


def _moved(table: GateTable, move: Move, operands: list[Operand]) -> Operand:
    """Move constants and coefficients alike, or both sides of a step."""
    value = operands[0]
    if len(operands) == 1 and move.fill is None and isinstance(value, StepFunction):
        quantity = _moved(table, move, [value.quantity])
        assert isinstance(quantity, Affine)
        return StepFunction(quantity, *(move.apply([s], 0) for s in (value.above, value.below)))
    if len(operands) == 1 and not isinstance(value, (Affine, StepFunction)):
        return move.apply([np.asarray(value)], 0)
    parts = [as_affine(operand, table.width) for operand in operands]
    width = max(len(part.coefficients) for part in parts)
    if move.fill is not None:  # a constant
        parts.append(Affine(np.zeros((width, 1)), np.full(1, move.fill)))
    coefficients = move.apply([part.widened(width) for part in parts], 1)
    return Affine(coefficients, move.apply([part.constant for part in parts], 0))


def _multiplied(
    table: GateTable, operation: flat.Step, matrix: Array, operands: list[Operand], place: int
) -> Affine:
    width = table.width
    value, shape = as_affine(operands[place], width), operation.shapes[0]
    moved = Affine(
        (value.coefficients.reshape(-1, len(matrix)) @ matrix).reshape(-1, *shape),
        (value.constant.ravel() @ matrix).reshape(shape),
    )
    return moved if place == 0 else moved.plus(as_affine(operands[0], width))


def _known(operation: flat.Step, found: Any) -> Any:
    """Return what is known of an operation beside the values that it moves."""
    if found is None:
        raise UnrecognizedError(f"an index of {operation.name} depends on the state")
    return found


def _are_of_one_step(operands: Sequence[Operand]) -> bool:
    steps = [operand for operand in operands if isinstance(operand, StepFunction)]
    return len(steps) == 1 and not any(isinstance(operand, Affine) for operand in operands)


def _of_either_side(operation: flat.Step, operands: Sequence[Operand]) -> StepFunction:
    """Carry out an operation on either side of a step, just as JAX would: integers wrap around."""
    (step,) = (operand for operand in operands if isinstance(operand, StepFunction))
    sides = []
    for side in (step.above, step.below):
        given = [
            np.asarray(side if operand is step else operand, dtype)
            for operand, dtype in zip(operands, operation.input_dtypes, strict=True)
        ]
        sides += evaluate_equation(operation, given)
    return StepFunction(step.quantity, *sides)


def _continuous(table: GateTable, operand: Operand) -> Operand:
    return as_affine(operand, table.width) if isinstance(operand, StepFunction) else operand
