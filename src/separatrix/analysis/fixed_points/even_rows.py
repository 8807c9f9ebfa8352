"""Residuals whose rows differ by many powers of ten, as of a GRU with gates that hardly open.

The residual (1 − z)(c − h) of a unit with z near 1 is small wherever the unit is, and damped steps
leave it for last. Rows are divided by their slopes at the candidates, in powers of two: no number
is rounded by that, and the zeros, and every proof about them, are the same.
"""

from typing import Any

import equinox as eqx
import numpy as np
from jaxtyping import Float

from ..._types import Array
from ...systems import AbstractSystem
from .evaluator import Evaluator

_SPREAD = 2.0**6
"""Of the slopes of rows, up to which they are left as they are."""
_PROBED = 16
"""Candidates at which slopes are measured."""


def _residual(system: AbstractSystem, rows: Any, state: Array, *_: Any) -> Any:
    return system.residual(state) / rows


def _residual_jacobian(system: AbstractSystem, rows: Any, state: Array, *_: Any) -> Any:
    return system.residual_jacobian(state) / rows[:, None]


class _EvenRows(AbstractSystem):
    """A system whose residual has even rows."""

    of_kind: str = eqx.field(static=True)
    of_own_residual: bool = eqx.field(static=True)

    def __init__(self, system: AbstractSystem, rows: Float[np.ndarray, " unit"]):
        self.size, self.time_unit, self.input = system.size, system.time_unit, system.input
        self.function, self.domain, self.translation = (
            system.function, system.domain, system.translation,
        )  # fmt: skip
        self.residual_function = eqx.Partial(_residual, system, rows)
        formula = system.residual_jacobian_function is not None
        divided = eqx.Partial(_residual_jacobian, system, rows)
        self.residual_jacobian_function = divided if formula else None
        self.of_kind, self.of_own_residual = system.kind, system.has_own_residual

    @property
    def kind(self) -> str:
        return self.of_kind

    @property
    def has_own_residual(self) -> bool:
        return self.of_own_residual  # that with even rows is none

    def velocity(self, state: Array) -> Array:
        image = self.evaluate(state)
        return image - state if self.kind == "map" else image


def with_even_rows(
    evaluator: Evaluator, inside: Float[np.ndarray, "candidate unit"]
) -> AbstractSystem:
    """Return the system with even rows of its residual, or as it is where they are even."""
    if evaluator.is_large or not len(inside):
        return evaluator.system
    probed = inside[np.unique(np.linspace(0, len(inside) - 1, _PROBED).astype(int))]
    jacobians = evaluator.residual_and_jacobian(probed[: evaluator.batch_size])[1]
    jacobians = jacobians[np.isfinite(jacobians).all((1, 2))]
    slopes = np.median(np.abs(jacobians), axis=0).max(1) if len(jacobians) else np.ones(1)
    steep = slopes[(slopes > 0) & np.isfinite(slopes)]
    if not len(steep) or steep.max() < _SPREAD * steep.min():
        return evaluator.system
    even = np.where((slopes > 0) & np.isfinite(slopes), slopes, steep.max())
    rows = np.exp2(np.clip(np.round(np.log2(even)), -500, 500))
    return _EvenRows(evaluator.system, rows)
