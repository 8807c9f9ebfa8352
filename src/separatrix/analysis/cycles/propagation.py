"""Steps of maps and stretches of flows with their derivatives, over batches of any size."""

from collections.abc import Callable
from functools import partial
from typing import Any

import equinox as eqx
import jax
import numpy as np

from ..._double import double_precision
from ...solvers.runge_kutta import rk4
from ...systems import AbstractSystem, in_float64
from ...systems.motion import Motion
from ..batches import in_batches, up_to

_SIZES = (16, 128, 1024)


class Propagator:
    """One system in float64, NumPy in and NumPy out; the number of rows causes no compilation."""

    def __init__(self, system: AbstractSystem):
        with double_precision():
            self.system = in_float64(system)
        self.size = system.size
        self.largest = int(np.clip((1 << 26) // (8 * self.size**2), 16, _SIZES[-1]))

    def step(self, states: np.ndarray, durations: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return F(x), dF/dx, and zeros for the duration, which a map's step does not have."""
        ends, slopes = self._in_batches(_step, states, durations)
        return ends, slopes, np.zeros_like(ends)

    def stretch(self, substeps: int) -> Callable[[np.ndarray, np.ndarray], tuple[Any, ...]]:
        """Return a function (states, durations) -> ends and derivatives, of a flow."""
        return partial(self._in_batches, partial(_stretch, substeps=np.asarray(substeps)))

    def rates(self, states: np.ndarray) -> np.ndarray:
        """Return the largest |λ| of a flow's Jacobian at states; 0 where it is not finite."""
        slopes = self.step(states, np.ones(len(states)))[1]
        finite = np.isfinite(slopes).all((1, 2))
        values = np.linalg.eigvals(np.where(finite[:, None, None], slopes, 0.0))
        return np.abs(values).max(1)

    def moved(self, states: np.ndarray, duration: float) -> np.ndarray:
        """Return states many steps, or time constants, later; NaN where they are not finite."""
        motion = Motion(self.system, np.where(np.isfinite(states), states, 0.0), ())
        return motion.until(motion.begin(states), duration).states

    def sample(
        self, states: np.ndarray, durations: np.ndarray, count: int, substeps: int
    ) -> np.ndarray:
        """Return `count` states `(row, count, unit)`, equally spaced in time from each on."""
        program = partial(_sample, count=count, substeps=np.asarray(substeps))
        return self._in_batches(program, states, durations)[0]

    def _in_batches(
        self, program: Callable[..., Any], states: np.ndarray, durations: np.ndarray
    ) -> tuple[np.ndarray, ...]:
        of_rows = partial(program, self.system)
        with double_precision():
            return in_batches(of_rows, states, durations, sizes=up_to(self.largest, *_SIZES))


@eqx.filter_jit
def _step(system: AbstractSystem, states: Any, durations: Any) -> Any:
    return jax.vmap(system.evaluate)(states), jax.vmap(system.jacobian)(states)


def _flow(system: AbstractSystem, state: Any, duration: Any, substeps: Any) -> Any:
    """Follow a flow; the number of steps is an argument, so that finer ones compile nothing."""
    return jax.lax.fori_loop(
        0, substeps, lambda _, x: rk4(system.evaluate, x, duration / substeps), state
    )


@eqx.filter_jit
def _stretch(system: AbstractSystem, states: Any, durations: Any, *, substeps: Any) -> Any:
    def both(state: Any, duration: Any) -> Any:
        def end(x: Any, t: Any) -> Any:
            after = _flow(system, x, t, substeps)
            return after, after

        (by_state, by_time), after = jax.jacfwd(end, argnums=(0, 1), has_aux=True)(state, duration)
        return after, by_state, by_time

    return jax.vmap(both)(states, durations)


@eqx.filter_jit
def _sample(
    system: AbstractSystem, states: Any, durations: Any, *, count: int, substeps: Any
) -> Any:
    def trace(state: Any, duration: Any) -> Any:
        def piece(x: Any, _: None) -> tuple[Any, Any]:
            if system.kind == "map":
                return system.evaluate(x), x
            return _flow(system, x, duration / count, substeps), x

        return jax.lax.scan(piece, state, None, length=count)[1]

    return (jax.vmap(trace)(states, durations),)
