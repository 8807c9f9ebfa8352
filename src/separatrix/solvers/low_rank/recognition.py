r"""Recognizing that all zeros of a residual lie on a surface of few dimensions.

The state may enter the result in two ways: as a leak, :math:`a\circ x`, and through a *cut*, a few
intermediate values through which all the rest of its influence passes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from ...enclosure.branch_and_prune.unbounded import homogenize
from ...enclosure.flat import FlatProgram, Step, trace
from ...enclosure.interval.arithmetic import Interval, add, divide, multiply, negate, point
from ...enclosure.interval.interpreter import fold, part_between, run_program
from ...enclosure.interval.rules.quotients import compares
from ...enclosure.interval.values import Value
from .factors import factorize
from .latent import LatentSystem

MOST_LATENT = 8
"""How many latent variables there may be for a search of all of them to be worth a try."""


def latent_system(residual: Callable[[Any], Any], size: int) -> LatentSystem | None:
    """Recognize a residual that is written with few latent variables between, as in U @ (V @ x).

    Parameters
    ----------
    residual
        Any JAX function g from (size,) to (size,).
    size
        The number of components of x.

    Returns
    -------
    The latent system, of which the zeros are those of g; None if none was recognized.

    Raises
    ------
    EnclosureError
        If the function holds an unknown primitive or computes in less than float64.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> m, n = np.ones(50), np.linspace(1.0, 3.0, 50)
    >>> latent_system(lambda x: -x + m * (n @ jnp.tanh(x)) / 50, 50).rank
    1
    >>> latent_system(lambda x: jnp.tanh(2.0 * x) - x, 50) is None
    True
    """
    program = fold(trace(residual, (size,)))
    if program.output_shapes != ((size,),):
        return None
    cut = _cut(program, size)
    found = _between(program, cut, everywhere(size))
    afar = None if found is None or found.bounded else homogenize(program)
    if found is None or afar is None:
        return found
    return replace(found, afar=_between(afar, cut, everywhere(size)))


def low_rank_enclosure(
    residual: Callable[[Any], Any], size: int, domain: Interval
) -> LatentSystem | None:
    """Recognize a residual that is so but for what rounding leaves over of its matrices.

    Constant matrices of low numerical rank are replaced by two factors, and bounds on the rest that
    hold in the domain, a box (size,) that holds every zero. So the latent system encloses a family
    of functions: where none of them is zero, the residual is not.

    Raises
    ------
    EnclosureError
        As `latent_system`; and where a matrix of low rank acts on states that nothing bounds.
    """
    program = fold(trace(residual, (size,)))
    factored = factorize(program, domain)
    if factored is None or program.output_shapes != ((size,),):
        return None
    return _between(factored, _cut(factored, size), domain)


def everywhere(size: int) -> Interval:
    """Return all of space."""
    return Interval(np.full(size, -np.inf), np.full(size, np.inf))


def _between(program: FlatProgram, cut: Sequence[int], domain: Interval) -> LatentSystem | None:
    """Return the latent system of a program, in which the cut is the latent state."""
    (argument, *scale), (size,) = program.inputs, program.output_shapes[0]
    if not cut:
        return None
    embed = part_between(program, [argument, *cut, *scale], program.outputs)
    project = part_between(program, program.inputs, cut)
    result = _read(embed)
    if result.terms or result.leak is None:
        return None
    leak = result.leak
    if not np.all((leak.lower > 0) | (leak.upper < 0)) or not np.isfinite(leak.magnitude()).all():
        return None
    if not scale and _hides_nan(embed, project, domain):
        return None
    return LatentSystem(size, project.output_shapes, leak, embed, project)


def _hides_nan(embed: FlatProgram, project: FlatProgram, domain: Interval) -> bool:
    """Return whether a NaN in the latent state could be masked downstream.

    Then there may be zeros that no latent state belongs to.
    """
    if not any(map(compares, embed.steps)):
        return False
    if any(step.name == "div" and step.plan for step in project.steps):
        return True
    results, _ = run_program(project, [Value(domain[None])], 1)
    ends = [end for value in results for end in (value.bounds.lower, value.bounds.upper)]
    return any(np.isnan(end).any() for end in ends)


class _Sum(NamedTuple):
    """A value as ``leak * x`` plus a function of some slots, `terms`, that are made of x."""

    leak: Interval | None = None
    terms: frozenset[int] = frozenset()


_CONSTANT = _Sum()
_Operand = _Sum | Value


def _read(program: FlatProgram) -> _Sum:
    """Read the result as a sum, as far as it is written as one; further inputs are constants."""
    argument, *rest = program.inputs
    values: dict[int, _Operand] = {**program.constants, **dict.fromkeys(rest, _CONSTANT)}
    values[argument] = _Sum(point(np.array(1.0)))
    result = program.interpret(_apply, values)[program.outputs[0]]
    return result if isinstance(result, _Sum) else _CONSTANT


def _apply(step: Step, operands: list[_Operand]) -> list[_Operand]:
    sums = [operand for operand in operands if isinstance(operand, _Sum)]
    if not any(operand.leak is not None or operand.terms for operand in sums):
        return [_CONSTANT] * len(step.outputs)
    rule = _RULES.get(step.name)
    result = None if rule is None else rule(*operands)
    return [result or _Sum(None, frozenset([slot])) for slot in step.outputs]


def _plus(first: _Operand, second: _Operand) -> _Sum:
    first, second = (s if isinstance(s, _Sum) else _CONSTANT for s in (first, second))
    leaks = [s.leak for s in (first, second) if s.leak is not None]
    leak = add(*leaks) if len(leaks) == 2 else next(iter(leaks), None)
    return _Sum(leak, first.terms | second.terms)


def _negative(operand: _Operand) -> _Sum:
    return _scaled(operand, negate) if isinstance(operand, _Sum) else _CONSTANT


def _times(first: _Operand, second: _Operand) -> _Sum | None:
    """Multiply by a constant."""
    if isinstance(first, Value):
        first, second = second, first
    if not isinstance(first, _Sum) or not isinstance(second, Value):
        return None
    factor = _one_for_all(second.bounds[0])
    return _scaled(first, lambda leak: multiply(leak, factor))


def _over(first: _Operand, second: _Operand) -> _Sum | None:
    """Divide by a constant."""
    if not isinstance(first, _Sum) or not isinstance(second, Value):
        return None
    divisor = _one_for_all(second.bounds[0])
    return _scaled(first, lambda leak: divide(leak, divisor))


def _scaled(operand: _Sum, rule: Callable[[Interval], Interval]) -> _Sum:
    return operand._replace(leak=None if operand.leak is None else rule(operand.leak))


def _one_for_all(bounds: Interval) -> Interval:
    """Return a constant that is the same number for all units as one number."""
    same = bounds.exact and bounds.lower.size and np.all(bounds.lower == bounds.lower.flat[0])
    return bounds.map(lambda array: array.flat[0].reshape(())) if same else bounds


_RULES: dict[str, Callable[..., _Sum | None]] = {
    "add": _plus, "neg": _negative, "mul": _times, "div": _over,
}  # fmt: skip


def _cut(program: FlatProgram, size: int) -> tuple[int, ...]:
    """Return slots of few numbers that separate the argument from the result but for its leak.

    From the result towards the argument, what is wide, or no wider than a value that is replaced by
    it, is replaced by what it is made of. No slots are returned where that leads to the argument.
    """
    widths, dependent = {program.inputs[0]: size}, {program.inputs[0]}
    for step in program.steps:
        if dependent.intersection(step.inputs):
            dependent.update(step.outputs)
            widths.update(zip(step.outputs, map(math.prod, step.shapes), strict=True))

    def width(slots: Iterable[int]) -> int:
        return sum(widths[slot] for slot in slots)

    most, cut = min(MOST_LATENT, size - 1), set(_read(program).terms)
    for step in reversed(program.steps):
        here = cut.intersection(step.outputs)
        if not here:
            continue
        deeper = (cut - here) | dependent.intersection(step.inputs)
        is_real = all(dtype.kind == "f" for dtype in step.dtypes)
        if not is_real or width(here) > most or width(deeper) <= width(cut):
            cut = deeper
    return tuple(sorted(cut)) if width(cut) <= most else ()
