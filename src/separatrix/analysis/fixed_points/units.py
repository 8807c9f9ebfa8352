"""Systems whose units differ by many powers of ten, such as millivolts beside molar concentrations.

With states x = s ∘ y, s the sizes of the candidates, and residual rows divided by what they change
by over such sizes, distances, residuals and speeds of different units are comparable: where slow
points lie does not depend on the units then, either. The factors are powers of two: nothing is
rounded by them, and every proof about y is one about x.
"""

import dataclasses
from typing import Any

import equinox as eqx
import numpy as np
from jaxtyping import Float

from ..._types import Array
from ...systems import AbstractSystem, StateFunction
from .evaluator import Evaluator
from .starts import nearest_in_domain

Factors = Float[np.ndarray, " unit"]

# Of sizes and of columns of the Jacobian, up to which they are borne as they are. Measured on five
# systems with sizes up to 2^24 apart: from 2^6 on zeros are missed that are found in even units,
# and radii shrink with the spread; from 2^10 on candidates are lost, at 2^16 most of them. The
# columns of networks (τ ẋ = −x + …, with rates from 0.01 to 100) are at most 2^4 apart.
_SPREAD = 2.0**6
_PROBED = 16  # states whose Jacobians say how sizes and rows compare


class _Step(eqx.Module):
    """A map or a field, from y to its image in the same units."""

    function: StateFunction
    sizes: Any

    def __call__(self, state: Array, *input: Any) -> Any:
        return self.function(state * self.sizes, *input) / self.sizes


class _Residual(eqx.Module):
    """The residual of a system, from y, with its rows in their own units; or its Jacobian."""

    system: AbstractSystem
    sizes: Any
    rows: Any
    of_jacobian: bool = eqx.field(static=True, default=False)

    def __call__(self, state: Array, *_: Any) -> Any:
        if not self.of_jacobian:
            return self.system.residual(state * self.sizes) / self.rows
        jacobian = self.system.residual_jacobian(state * self.sizes)
        return None if jacobian is None else jacobian * (self.sizes / self.rows[:, None])


class Rescaled(AbstractSystem):
    """A system in other units of its states, and of its speed."""

    sizes: Any
    of_kind: str = eqx.field(static=True)
    of_own_residual: bool = eqx.field(static=True)

    def __init__(self, system: AbstractSystem, sizes: Factors, rows: Factors):
        self.size, self.time_unit, self.input = system.size, system.time_unit, system.input
        self.sizes, self.of_kind = sizes, system.kind
        self.of_own_residual = system.has_own_residual
        self.function = _Step(system.function, sizes)
        self.residual_function = _Residual(system, sizes, rows)
        formula = system.residual_jacobian_function is not None
        self.residual_jacobian_function = (
            _Residual(system, sizes, rows, of_jacobian=True) if formula else None
        )
        self.domain = None
        if system.domain is not None:
            lower, upper = system.domain
            self.domain = (np.asarray(lower, float) / sizes, np.asarray(upper, float) / sizes)

    @property
    def kind(self) -> str:
        return self.of_kind

    @property
    def has_own_residual(self) -> bool:
        return self.of_own_residual  # the rows of the velocity, in their units, are none

    def velocity(self, state: Array) -> Array:
        image = self.evaluate(state)
        return image - state if self.kind == "map" else image


def sizes_of(system: AbstractSystem) -> Factors:
    """Return what the states of a system are multiplied by to be in the units given."""
    if isinstance(system, Rescaled):
        return np.asarray(system.sizes, float)
    return np.ones(system.size)


@dataclasses.dataclass(frozen=True)
class Units:
    """Sizes of the states of each unit, and of each row of the residual: powers of two."""

    sizes: Factors
    rows: Factors

    def of(self, system: AbstractSystem) -> AbstractSystem:
        """Return a system in these units."""
        return Rescaled(system, self.sizes, self.rows)


def fitting_units(evaluator: Evaluator, starts: Float[np.ndarray, "start unit"]) -> Units | None:
    """Return units in which the sizes of states and of residuals are comparable.

    None where they are as they are. Sizes of states that differ, but with no such differences in
    the Jacobian, say where the candidates happen to be and not what the units are.
    """
    finite = nearest_in_domain(evaluator.system, starts[np.isfinite(starts).all(1)])[0]
    if evaluator.is_large or not len(finite):
        return None
    probed = finite[np.unique(np.linspace(0, len(finite) - 1, _PROBED).astype(int))]
    _, jacobians = evaluator.residual_and_jacobian(probed[: evaluator.batch_size])
    jacobians = jacobians[np.isfinite(jacobians).all((1, 2))]
    if not len(jacobians):
        return None
    slopes = np.median(np.abs(jacobians), axis=0)
    ones = np.ones(evaluator.size)
    sizes = _powers_of_two(np.median(np.abs(finite), axis=0))
    uneven = _unevenness(slopes, ones)
    if min(_spread(sizes), uneven) < _SPREAD or _unevenness(slopes, sizes) ** 2 > uneven:
        sizes = ones
    rows = _powers_of_two((slopes * sizes).max(1))
    if (sizes == 1).all() and _spread(rows) < _SPREAD:
        return None
    return Units(sizes, rows)


def _powers_of_two(values: np.ndarray) -> Factors:
    """Return the nearest powers of two; that of the largest where a value is zero or not finite."""
    usable = (values > 0) & np.isfinite(values)
    largest = values[usable].max(initial=0.0) or 1.0
    exponents = np.log2(np.where(usable, values, largest))
    return np.exp2(np.clip(np.round(exponents), -500, 500))


def _unevenness(slopes: np.ndarray, sizes: Factors) -> float:
    """Return how much the columns of a Jacobian differ, once its rows are alike."""
    scaled = slopes * sizes
    rows = scaled.max(1, keepdims=True)
    columns = np.divide(scaled, rows, out=np.zeros_like(scaled), where=rows > 0).max(0)
    return _spread(columns[columns > 0])


def _spread(values: np.ndarray) -> float:
    return float(values.max() / values.min()) if len(values) else 1.0
