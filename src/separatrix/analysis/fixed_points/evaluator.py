"""Evaluating a system on batches of any size with few compiled programs, in float64."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ...systems import AbstractSystem, in_float64

_BYTES = 1 << 26  # of Jacobians in one batch: 64 MiB


class Evaluator:
    """A system's residual and its derivatives, NumPy in and NumPy out.

    Batches are padded to a few sizes, so the number of candidates at work never causes a
    compilation. The system's weights are arguments of the compiled programs.
    """

    def __init__(self, system: AbstractSystem):
        with jax.enable_x64(True):
            self.system = in_float64(system)
            state = jax.ShapeDtypeStruct((system.size,), jnp.float64)
            formula = eqx.filter_eval_shape(lambda s, x: s.residual_jacobian(x), self.system, state)
            self._has_formula = formula is not None
        self.size = system.size
        largest = int(np.clip(_BYTES // (8 * self.size**2), 16, 2048))
        self.batch_size = largest
        self._sizes = sorted({min(s, largest) for s in (16, 64, 256, largest)})

    def residual_and_jacobian(self, states: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return residuals `(batch, unit)` and their Jacobians `(batch, unit, unit)`."""
        if self._has_formula:
            return self._in_batches(_residual_and_formula, states)
        residuals, transposed = self._in_batches(_residual_and_jacobian, states)
        return residuals, transposed.swapaxes(1, 2)

    def speed(self, states: np.ndarray) -> np.ndarray:
        """Return the speeds `(batch,)` of the true map or flow."""
        return self._in_batches(_speed, states)[0]

    def speed_derivatives(self, states: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return ½ speed² `(batch,)`, its gradient and its Hessian."""
        return self._in_batches(_half_square_speed, states)

    def jacobian(self, states: np.ndarray) -> np.ndarray:
        """Return the Jacobians of the true map or field, `(batch, unit, unit)`."""
        return self._in_batches(_jacobian, states)[0]

    def _in_batches(self, program: Callable[..., Any], states: np.ndarray) -> Any:
        """Run a compiled program over batches of the sizes it is compiled for."""
        parts = []
        with jax.enable_x64(True):
            for part in self._split(states):
                size = next(s for s in self._sizes if s >= len(part))
                padded = np.zeros((size, self.size))
                padded[: len(part)] = part
                results = program(self.system, jnp.asarray(padded))
                parts.append([np.array(r, float)[: len(part)] for r in results])
        if len(parts) == 1:
            return tuple(parts[0])
        return tuple(np.concatenate(columns) for columns in zip(*parts, strict=True))

    def _split(self, states: np.ndarray) -> list[np.ndarray]:
        """Cut a batch into parts that fill the sizes that are compiled for, or nearly so."""
        parts: list[np.ndarray] = []
        while len(states) or not parts:
            above = next((s for s in self._sizes if s >= len(states)), None)
            below = max((s for s in self._sizes if s <= len(states)), default=len(states))
            fills = above is not None and (len(states) > 0.7 * above or above == self._sizes[0])
            take = len(states) if fills else below
            parts.append(states[:take])
            states = states[take:]
        return parts


@eqx.filter_jit
def _residual_and_jacobian(system: AbstractSystem, states: Any) -> Any:
    def both(state: Any) -> Any:
        value, push = jax.linearize(system.residual, state)
        # A row for each direction, the transposed Jacobian: XLA writes it several times faster.
        return value, jax.vmap(push)(jnp.eye(system.size, dtype=state.dtype))

    return jax.vmap(both)(states)


@eqx.filter_jit
def _residual_and_formula(system: AbstractSystem, states: Any) -> Any:
    return jax.vmap(lambda x: (system.residual(x), system.residual_jacobian(x)))(states)


@eqx.filter_jit
def _speed(system: AbstractSystem, states: Any) -> Any:
    return (jax.vmap(system.speed)(states),)


@eqx.filter_jit
def _jacobian(system: AbstractSystem, states: Any) -> Any:
    return (jax.vmap(system.jacobian)(states),)


@eqx.filter_jit
def _half_square_speed(system: AbstractSystem, states: Any) -> Any:
    def q(state: Any) -> Any:
        return 0.5 * jnp.sum(jnp.square(system.velocity(state)))

    def derivatives(state: Any) -> Any:
        gradient, push = jax.linearize(jax.grad(q), state)
        return q(state), gradient, jax.vmap(push)(jnp.eye(system.size, dtype=state.dtype))

    return jax.vmap(derivatives)(states)
