"""A system as a function of its parameter, in a form that compiles once for every parameter."""

import abc
import dataclasses
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ..._types import InvalidInputError
from ...enclosure.captured import own_arrays
from ...systems import AbstractSystem, in_float64

SystemOf = Callable[[Any], AbstractSystem]

PROBES = (0.0, 0.31, 0.5, 0.77, 1.0)
"""Parts of the range at which a system's arrays are compared."""

DEGREES = (2, 33)
"""Terms of the series that are tried for arrays that depend on the parameter."""


class AbstractModel(eqx.Module):
    """F(x, p) and a residual with the same zeros as F(x, p) − x, or as F for a flow."""

    @abc.abstractmethod
    def evaluate(self, state: Any, parameter: Any) -> Any:
        """Return F(x, p) of a map, f(x, p) of a flow."""

    @abc.abstractmethod
    def residual(self, state: Any, parameter: Any) -> Any:
        """Return the residual that is solved."""

    @property
    @abc.abstractmethod
    def holds_everywhere(self) -> bool:
        """Whether this model may be used at every parameter."""

    @abc.abstractmethod
    def near(self, parameter: float) -> "AbstractModel":
        """Return the model to use at a parameter: this one, where it holds everywhere."""


class TracedModel(AbstractModel):
    """`system_of` was traced with the parameter as an argument; its arrays are arguments too."""

    arrays: tuple[Any, Any]
    programs: tuple[Any, Any] = eqx.field(static=True)

    def evaluate(self, state: Any, parameter: Any) -> Any:
        return jax.core.eval_jaxpr(self.programs[0], self.arrays[0], state, parameter)[0]

    def residual(self, state: Any, parameter: Any) -> Any:
        return jax.core.eval_jaxpr(self.programs[1], self.arrays[1], state, parameter)[0]

    @property
    def holds_everywhere(self) -> bool:
        return True

    def near(self, parameter: float) -> "TracedModel":
        return self


class SampledModel(AbstractModel):
    r"""`system_of` works on numbers only: the arrays of its systems are followed in the parameter.

    An array is $\sum_k c_k T_k((p - p_0) / h)$ with Chebyshev's polynomials. Where such a series
    holds to rounding on the whole range, as for an input that is linear in p, one model serves
    everywhere; where not, the arrays are taken anew at every point, so that the residual is exact.
    """

    center: Any
    half_width: Any
    coefficients: Any  # of every array, stacked along a new first axis
    static: Any
    source: Any = eqx.field(static=True)  # None where this model holds everywhere

    def system(self, parameter: Any) -> AbstractSystem:
        """Return the system at a parameter."""
        x = (parameter - self.center) / self.half_width

        def value(coefficients: Any) -> Any:
            terms = _chebyshev(x, len(coefficients))
            return jnp.tensordot(jnp.stack(terms), coefficients, 1)

        return eqx.combine(jax.tree.map(value, self.coefficients), self.static)

    def evaluate(self, state: Any, parameter: Any) -> Any:
        return self.system(parameter).evaluate(state)

    def residual(self, state: Any, parameter: Any) -> Any:
        return self.system(parameter).residual(state)

    @property
    def holds_everywhere(self) -> bool:
        return self.source is None

    def near(self, parameter: float) -> "SampledModel":
        if self.source is None:
            return self
        return _expanded(self.source, parameter)


def _chebyshev(x: Any, count: int) -> list[Any]:
    """Return the first polynomials at x."""
    terms = [jnp.ones_like(x), x]
    while len(terms) < count:
        terms.append(2 * x * terms[-1] - terms[-2])
    return terms[:count]


@dataclasses.dataclass(frozen=True)
class Source:
    """The source of the arrays of systems, and the step that differentiates them."""

    system_of: SystemOf
    low: float
    high: float

    def arrays(self, parameter: float) -> tuple[Any, Any]:
        """Return the float arrays of the system at a parameter, and all the rest of it."""
        system = without_domain(self.system_of(parameter))
        return eqx.partition(in_float64(system), eqx.is_inexact_array)


def model_of(system_of: SystemOf, sample: AbstractSystem, low: float, high: float) -> AbstractModel:
    """Return a model of `system_of` on a range; call it under `jax.enable_x64(True)`.

    Raises InvalidInputError when a change of the parameter would compile everything anew.
    """
    with own_arrays(system_of):
        try:
            return _traced(system_of, sample, 0.5 * (low + high))
        except Exception as error:
            reason = f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"
            return _sampled(Source(system_of, low, high), reason)


def without_domain(system: AbstractSystem) -> AbstractSystem:
    """Return the system without its domain, which may follow the parameter in any way."""
    return eqx.tree_at(lambda s: s.domain, system, None, is_leaf=lambda leaf: leaf is None)


def _traced(system_of: SystemOf, sample: AbstractSystem, parameter: float) -> TracedModel:
    def evaluate(state: Any, p: Any) -> Any:
        return in_float64(without_domain(system_of(p))).evaluate(state)

    def residual(state: Any, p: Any) -> Any:
        return in_float64(without_domain(system_of(p))).residual(state)

    given = jnp.zeros(sample.size), jnp.asarray(parameter, jnp.float64)
    closed = [jax.make_jaxpr(function)(*given) for function in (evaluate, residual)]
    first, second = (tuple(jnp.asarray(c) for c in each.consts) for each in closed)
    return TracedModel((first, second), (closed[0].jaxpr, closed[1].jaxpr))


def _sampled(source: Source, reason: str) -> SampledModel:
    width = source.high - source.low
    probes = [source.low + part * width for part in PROBES]
    arrays, rests = zip(*(source.arrays(p) for p in probes), strict=True)
    if not all(bool(eqx.tree_equal(rests[0], other)) for other in rests[1:]):
        raise InvalidInputError(
            "system_of gives a different function for every parameter and cannot be traced by JAX "
            f"({reason}). Write it with jax.numpy, so that the parameter may be a tracer, or "
            "return systems that differ only in their arrays, such as network.at_input(...)."
        )
    for count in DEGREES:
        model = _series(source, rests[0], count)
        values = [eqx.partition(model.system(p), eqx.is_inexact_array)[0] for p in probes]
        gaps = jax.tree.map(_gap, values, list(arrays))
        if all(gap <= 1e-13 for gap in jax.tree.leaves(gaps)):
            return model
    return _expanded(source, 0.5 * (source.low + source.high))


def _series(source: Source, rest: Any, count: int) -> SampledModel:
    """Return the model whose arrays are series of `count` terms through Chebyshev's nodes."""
    center, half = 0.5 * (source.low + source.high), 0.5 * (source.high - source.low)
    angles = np.pi * (np.arange(count) + 0.5) / count
    nodes = [source.arrays(center + half * np.cos(angle))[0] for angle in angles]
    weights = 2 / count * np.cos(np.outer(np.arange(count), angles))
    weights[0] /= 2

    def coefficients(*values: Any) -> Any:
        stack = np.stack([np.asarray(value) for value in values])
        # what does not depend on the parameter stays as it is, to the last digit
        constant = bool((stack == stack[0]).all())
        return jnp.asarray(stack[:1] if constant else np.tensordot(weights, stack, 1))

    fitted = jax.tree.map(coefficients, *nodes)
    return SampledModel(jnp.asarray(center), jnp.asarray(half), fitted, rest, None)


def _gap(one: Any, other: Any) -> float:
    size = max(float(np.max(np.abs(other), initial=0.0)), 1e-300)
    return float(np.max(np.abs(np.asarray(one) - np.asarray(other)), initial=0.0)) / size


def _expanded(source: Source, parameter: float) -> SampledModel:
    """Expand the arrays about a parameter; the derivatives are differences."""
    step = 1e-4 * (source.high - source.low)
    middle, rest = source.arrays(parameter)
    before, after = source.arrays(parameter - step)[0], source.arrays(parameter + step)[0]

    def coefficients(a: Any, m: Any, b: Any) -> Any:
        bend = (a - 2 * m + b) / 4
        return jnp.stack([m + bend, (b - a) / 2, bend])

    fitted = jax.tree.map(coefficients, before, middle, after)
    return SampledModel(jnp.asarray(parameter), jnp.asarray(step), fitted, rest, source)
