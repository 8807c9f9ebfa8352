"""Recognizing that all zeros of a residual lie on a surface of few dimensions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from ...enclosure.branch_and_prune.homogeneous import homogenize
from ...enclosure.flat import FlatProgram, trace
from ...enclosure.interval.arithmetic import Interval
from ...enclosure.interval.interpreter import fold, run_program
from ...enclosure.interval.rules.quotients import compares, removable
from ...enclosure.interval.values import Value
from .dataflow import Terms, narrowest_cut, part_between, read_terms, shapes
from .factors import factorize
from .reduction import Reduction, solve_terms

_ROUNDS = 4  # of narrowing the box that holds all zeros


def reduce(
    residual: Callable[[Any], Any],
    size: int,
    domain: Interval | None = None,
    *,
    as_written: bool = False,
) -> Reduction | None:
    r"""Recognize a residual of which all zeros lie on a surface of few dimensions.

    The traced function is cut where its dependence on x is narrowest. A constant matrix of low
    numerical rank is factorized first; what the factors leave over is bounded.

    Parameters
    ----------
    residual
        Any JAX function g from (size,) to (size,).
    size
        The number of components of x.
    domain
        A box (size,) that is known to hold every zero, if there is one.
    as_written
        Whether to look for narrow places in the function as it is written only, not for matrices of
        low numerical rank. The reduction is exact then.

    Returns
    -------
    The reduction to fewer variables, or None if none was recognized.

    Raises
    ------
    EnclosureError
        If the function holds an unknown primitive or computes in less than float64, or a matrix of
        low numerical rank acts on states that nothing bounds.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> m, n = np.ones(50), np.linspace(1.0, 3.0, 50)
    >>> reduce(lambda x: -x + m * (n @ jnp.tanh(x)) / 50, 50).rank
    1
    >>> reduce(lambda x: jnp.tanh(2.0 * x) - x, 50) is None
    True
    """
    program = fold(trace(residual, (size,)))
    if program.output_shapes != ((size,),):
        return None
    everything = Interval(np.full(size, -np.inf), np.full(size, np.inf))
    reduction = _reduce(program, size, domain or everything, as_written=as_written)
    if reduction is None or not reduction.exact:  # from afar nothing bounds what factors leave over
        return reduction
    afar = homogenize(program)
    if np.isfinite(reduction.trap.magnitude()).all() or afar is None:
        return reduction
    return replace(reduction, afar=_reduce(afar, size, everything, reduction.cut))


def _reduce(
    program: FlatProgram,
    size: int,
    domain: Interval,
    cut: tuple[int, ...] | None = None,
    as_written: bool = False,
) -> Reduction | None:
    """Reduce a traced function, along a cut that is given or the narrowest there is."""
    terms = read_terms(program)
    if not np.all((terms.diagonal.lower > 0) | (terms.diagonal.upper < 0)) or not terms.values:
        return None
    rest = program.inputs[1:]

    @cache  # it takes as long as all the rest: only for what looks narrow
    def trap() -> Interval:
        return domain if rest else _trap(program, terms, size, domain)

    targets = [slot for slot, _ in terms.values]
    through = narrowest_cut(program, targets, size) if cut is None else cut
    if _width(program, through, size) > size // 2 and not rest:
        factored = None if as_written else factorize(program, trap, size)
        if factored is None:
            return None
        program, through = factored, narrowest_cut(factored, targets, size)
    rank, known = _width(program, through, size), shapes(program, size)
    if not 0 < rank <= size // 2:
        return None
    lifted = part_between(program, [*through, *rest], targets, size)
    lifted.notes["input_shapes"] = {slot: known[slot] for slot in (*through, *rest)}
    returned = part_between(program, program.inputs, through, size)
    if not rest and _hides_nan(lifted, returned, trap):
        return None
    exact = not program.notes.get("bounds")
    return Reduction(size, rank, trap(), exact, None, terms, lifted, returned)


def _hides_nan(lifted: FlatProgram, returned: FlatProgram, trap: Callable[[], Interval]) -> bool:
    """Tell whether what passes a cut may be NaN, of which the rest might make numbers again.

    Then there may be zeros that no number in the cut belongs to.
    """
    if not any(map(compares, lifted.steps)):
        return False
    if any(step.name == "div" and removable(returned, step) for step in returned.steps):
        return True
    results, _ = run_program(returned, [Value(trap()[None])], 1, False)
    ends = [end for value in results for end in (value.bounds.lower, value.bounds.upper)]
    return any(np.isnan(end).any() for end in ends)


def _width(program: FlatProgram, slots: tuple[int, ...], size: int) -> int:
    """Return how many numbers pass through a cut."""
    known = shapes(program, size)
    return sum(int(np.prod(known[slot])) for slot in slots)


def _trap(program: FlatProgram, terms: Terms, size: int, box: Interval) -> Interval:
    """Narrow a box that holds the zeros, by x = -h(x)/a."""
    targets = [slot for slot, _ in terms.values]
    part = part_between(program, program.inputs, targets, size)
    for _ in range(_ROUNDS):
        results, refusals = run_program(part, [Value(box[None])], 1, False)
        if any(refusals):
            break
        image = solve_terms(terms, results, 1, 0).bounds[0]
        lower, upper = np.fmax(box.lower, image.lower), np.fmin(box.upper, image.upper)
        if np.array_equal(lower, box.lower) and np.array_equal(upper, box.upper):
            break
        box = Interval(lower, upper)
    return box
