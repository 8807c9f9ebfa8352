"""Systems that are written as ones of few variables, as networks of low rank are."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ...enclosure.interval import EnclosureError
from ...solvers.low_rank import Reduction, reduce
from ...systems import AbstractSystem

FEW_FROM = 256
"""Units from which proofs in few variables are a large part of the work less."""
_FEWER = 8  # times as few: more have no advantage


@dataclass(frozen=True)
class FewVariables:
    """The reductions of a system's residual and velocity; None where there is none.

    They are those of the functions as they are written, so they are exact.
    """

    residual: Reduction | None = None
    velocity: Reduction | None = None

    @classmethod
    def of(cls, system: AbstractSystem) -> "FewVariables":
        """Read a system that computes in float64; one that is small is not read."""
        if system.size < FEW_FROM:
            return cls()
        residual = _reduced(system.residual, system.size)
        if system.residual_function is None:
            return cls(residual, residual)
        return cls(residual, _reduced(system.velocity, system.size))


def _reduced(function: Callable[[Any], Any], size: int) -> Reduction | None:
    try:
        found = reduce(function, size, as_written=True)
    except EnclosureError:
        return None
    return found if found is not None and found.rank * _FEWER <= size else None
