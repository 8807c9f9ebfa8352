"""What maps and flows have in common: functions of a state, at an input that is held constant."""

import abc
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from .._double import double_precision
from .._types import Array, InvalidInputError, is_traced, require_finite
from ..solvers.jacobian import value_and_transposed_jacobian

StateFunction = Callable[..., Any]


class Translation(eqx.Module):
    """How a system was made from a function of another library, and how exactly they agree."""

    precision: str = eqx.field(static=True)
    """The precision in which the original computes. The system computes in float64."""
    difference: np.ndarray
    """The largest difference between a step of the original and a step of the system, relative to
    the largest entry of the step or of the state."""
    sizes: tuple[int, ...] = eqx.field(static=True)
    """The number of units in each part of the state, such as h and c."""
    reason: str | None = eqx.field(static=True)
    """Why the original is called instead of translated, so that nothing is proved. None if it was
    translated."""

    @property
    def named_sizes(self) -> dict[str, int]:
        """The name of each part of the state (h and c if there are two) and its number of units."""
        parts = range(len(self.sizes))
        names = ["h", "c"] if len(self.sizes) == 2 else [f"part {k}" for k in parts]
        return dict(zip(names, self.sizes, strict=True))

    def __repr__(self) -> str:
        if self.reason is not None:
            return f"called in PyTorch, without proofs: {self.reason}"
        own = "" if self.precision == "float64" else f", the original in {self.precision}"
        parts = " and ".join(f"{name} ({n})" for name, n in self.named_sizes.items())
        row = "" if len(self.sizes) == 1 else f"; a state is {parts}, in a row"
        return (
            f"translated from PyTorch in float64{own}: one step differs by at most "
            f"{float(self.difference):.1g} of its largest entry{row}"
        )


class AbstractSystem(eqx.Module):
    """A map or a flow on states of shape `(size,)`, whose input, if any, is frozen.

    To compile a method, use `eqx.filter_jit(system.evaluate)`: it passes the system's arrays as
    arguments.
    """

    function: StateFunction
    size: int = eqx.field(static=True)
    time_unit: float = eqx.field(static=True)
    input: Any
    residual_function: StateFunction | None
    residual_jacobian_function: StateFunction | None
    domain: Any
    translation: Translation | None
    """How the system was made from a PyTorch function (`sx.torch_map`), or None."""

    @property
    @abc.abstractmethod
    def kind(self) -> str:
        """Either "map" (a point is stable if all |μ| < 1) or "flow" (stable if all Re λ < 0)."""

    @abc.abstractmethod
    def velocity(self, state: Array) -> Array:
        """Return the velocity: F(x) − x of a map (one step), or f(x) = τ dx/dt of a flow."""

    def evaluate(self, state: Array, input: Any = None) -> Array:
        """Return F(x) for a map, f(x) for a flow, at the frozen input or at the `input` given."""
        if input is not None and jnp.shape(input) != jnp.shape(self.input):
            raise InvalidInputError(
                f"input must have shape {jnp.shape(self.input)}, that of the input that was frozen "
                f"in, got {jnp.shape(input)}. For many at once there is jax.vmap."
            )
        return self._apply(self.function, state, self.input if input is None else input)

    def at_input(self, input: Any) -> "AbstractSystem":
        """Return the system at another frozen input `(channel,)`, and without a `domain`.

        A `domain` is a box that holds every fixed point. It is left out, because the box may be a
        different one at the new input. Raises InvalidInputError if the system has no input, if the
        shape is not that of the system's input, or if the input is not finite.
        """
        given = checked_input(input)
        if given is None or np.shape(self.input) != given.shape or self.input is None:
            raise InvalidInputError(
                f"input must have shape {np.shape(self.input)}, that of the input that was frozen "
                f"in, got {np.shape(input)}."
                if self.input is not None
                else "the system has no input: give one when it is made, input=…"
            )
        place = lambda s: (s.input, s.domain)  # noqa: E731
        return eqx.tree_at(place, self, (given, None), is_leaf=lambda leaf: leaf is None)

    def residual(self, state: Array) -> Array:
        """Return the residual: the velocity, or another function with the same zeros."""
        if self.residual_function is None:
            return self.velocity(state)
        return self._apply(self.residual_function, state, self.input)

    @property
    def has_own_residual(self) -> bool:
        """Whether the residual is a different function from the velocity."""
        return self.residual_function is not None

    def residual_jacobian(self, state: Array) -> Array | None:
        """Return the residual's Jacobian by the system's formula; None if there is no formula."""
        if self.residual_jacobian_function is None:
            return None
        return self._apply(self.residual_jacobian_function, state, self.input)

    def jacobian(self, state: Array) -> Array:
        """Return the Jacobian `(size, size)`: dF/dx of a map, or df/dx of a flow."""
        with double_precision():
            exact = jnp.asarray(state, jnp.float64)
            jacobian = value_and_transposed_jacobian(self.evaluate, exact)[1].T
        return jacobian.astype(jnp.result_type(state, float))

    def input_jacobian(self, state: Array) -> Array:
        """Return dF/du (map) or df/du (flow), `(size, channel)`; the system needs an input."""
        with double_precision():
            given = jnp.asarray(state, jnp.float64), jnp.asarray(self.input, jnp.float64)
            jacobian = jax.jacfwd(self.evaluate, argnums=1)(*given)
        return jacobian.astype(jnp.result_type(state, float))

    def speed(self, state: Array) -> Array:
        """Return the Euclidean norm of the velocity: zero at fixed points only."""
        return jnp.linalg.norm(self.velocity(state))

    def _apply(self, function: StateFunction, state: Array, input: Any) -> Any:
        if jnp.shape(state) != (self.size,):
            raise InvalidInputError(
                f"state must have shape ({self.size},), one number for each unit of the system, "
                f"got {jnp.shape(state)}. For many states at once there is jax.vmap, such as "
                "jax.vmap(system.speed)(states)."
            )
        return function(state) if input is None else function(state, input)


def checked_input(input: Any) -> Any:
    """Return the input as NumPy, where float64 keeps its digits outside `jax.enable_x64`.

    A tracer stays one.
    """
    if input is None:
        return None
    if is_traced(input):
        return jnp.asarray(input)
    values = np.asarray(input)
    if values.dtype.kind not in "biuf" and not jnp.issubdtype(values.dtype, jnp.inexact):
        raise InvalidInputError(f"the input to freeze in must be numbers, got {input!r:.60}.")
    require_finite(values, "the input to freeze in")
    return values
