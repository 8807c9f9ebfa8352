"""Proof that a piecewise-linear function without constants is zero at 0 and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...enclosure.branch_and_prune import BranchAndPrune
from ...enclosure.branch_and_prune.homogeneous import Homogeneous, HomogeneousProgram, homogenize
from ...enclosure.branch_and_prune.whole_space import only_at_origin
from ...enclosure.errors import EnclosureError
from ...enclosure.krawczyk.context import enclose_residual
from .reading import reduce


def alone_at_origin(
    residual: Callable[[Any], Any],
    size: int,
    *,
    largest: int = 8,
    method: BranchAndPrune = BranchAndPrune(),  # noqa: B008 - frozen
) -> bool:
    """Tell whether it is proved that a piecewise-linear residual is zero at 0 and nowhere else.

    That is tried for functions without constants of at most `largest` variables, or that depend on
    so few. What cannot be enclosed is not proved.

    Examples
    --------
    >>> import jax, numpy as np
    >>> m, n = np.linspace(-1.0, 1.0, 50), np.cos(np.arange(50.0))
    >>> alone_at_origin(lambda x: m * (n @ jax.nn.relu(x)) / 50 - x, 50)
    True
    """
    try:
        found = _without_constants(residual, size, largest)
    except EnclosureError:
        return False
    if found is None:
        return False
    function, variables = found
    return only_at_origin(method, function, variables) is not None


def _without_constants(
    residual: Callable[[Any], Any], size: int, largest: int
) -> tuple[Homogeneous, int] | None:
    """Return the residual as a function of few variables, and how many; None if it has constants.

    With constants 0 is no zero, or not for the reason that the proof uses.
    """
    program = homogenize(enclose_residual(residual, size).program)
    if program is None:
        return None
    whole = HomogeneousProgram(program, size)
    if whole.has_constants:
        return None
    if size <= largest:
        return whole, size
    reduction = reduce(residual, size)
    if reduction is None or not reduction.exact or reduction.rank > largest:
        return None
    return None if reduction.afar is None else (reduction.afar, reduction.rank)
