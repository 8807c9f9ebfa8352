r"""Moving states along a map or a flow by numbers of steps: batches of any size, in float64.

A step of a flow $\tau \dot x = f(x)$ is a time $h\tau$ with $h = 0.1/\rho$, where ρ is the largest
|λ| of the Jacobians at the states that matter (the fixed points). `Motion` integrates it, as it
does for verdicts. Where derivatives of the way are wanted, it is made of steps of the classical
Runge–Kutta method of order four, each of which errs by about 1e−7 of the distance still to go.
"""

from dataclasses import replace
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int

from .._double import double_precision
from .._parallel import chunks
from ..systems import AbstractSystem, in_float64
from ..systems.motion import Motion
from .fixed_points.evaluator import Evaluator

_SIZES = (16, 64, 256, 1024)
_FINENESS = 0.1
_LONGEST = 10.0
"""Steps of h: no longer ones, of which modes that decay would not decay to rounding."""
_BLOCK, _MOST_BLOCKS = 16, 4096
"""Steps of the integrator at a time, and how often at most."""


class Stepper:
    """Steps of a map, or of a flow, NumPy in and NumPy out.

    `step_time` is the duration of a step in ms.
    """

    def __init__(
        self,
        system: AbstractSystem,
        states: Float[np.ndarray, "state unit"],
    ):
        with double_precision():
            self.system = in_float64(system)
        self.step = 1.0 if system.kind == "map" else suitable_step(system, states)
        self.places = states
        self.motion: Motion | None = None
        self.step_time = self.step * system.time_unit

    def advance(
        self,
        states: Float[np.ndarray, "state unit"],
        steps: int | Int[np.ndarray, " state"],
    ) -> Float[np.ndarray, "state unit"]:
        """Return the states after a number of steps, one number for all or one for each."""
        counts = np.broadcast_to(np.asarray(steps), (len(states),))
        move = self._integrated if self.system.kind == "flow" else self._stepped
        parts = [move(states[part], counts[part]) for part in chunks(len(states), _SIZES[-1])]
        return np.concatenate([np.zeros((0, self.system.size)), *parts])

    def _stepped(self, states: np.ndarray, counts: np.ndarray) -> np.ndarray:
        rows, padded = _padded(states)
        many = np.zeros(len(padded), int)
        many[:rows] = counts
        with double_precision():
            return np.array(_advance(self.system, padded, many))[:rows]

    def _integrated(self, states: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """Return states of a flow after a time; NaN where the integrator comes to no end."""
        until, fine = counts * self.step, np.isfinite(states).all(1)
        moved, rows = np.full(states.shape, np.nan), np.flatnonzero(fine)
        if not len(rows):
            return moved
        if self.motion is None:  # in the scale of the states that come first
            scale = np.concatenate([self.places, states[rows]])
            self.motion = Motion(self.system, scale, (), longest=_LONGEST * self.step)
        moving = replace(self.motion.begin(states[rows]), lengths=np.full(len(rows), self.step))
        for _ in range(_MOST_BLOCKS):
            there = moving.times >= until[rows] * (1 - 1e-12)
            moved[rows[there]] = moving.states[there]
            goes = np.flatnonzero(~there & ~moving.is_stuck)
            rows, moving = rows[goes], moving.take(goes)
            if not len(rows):
                break
            moving, _ = self.motion.advance(moving, _BLOCK, until[rows])
        return moved

    def path(
        self, states: Float[np.ndarray, "state unit"], steps: int
    ) -> Float[np.ndarray, "time state unit"]:
        """Return the states and where the next steps lead; `steps` rounds up to a power of two."""
        steps = 1 << max(int(steps) - 1, 1).bit_length()
        rows, padded = _padded(states)
        with double_precision():
            visited = _path(self.system, padded, jnp.asarray(self.step), steps)
            return np.array(visited)[:, :rows]

    def pull_back(
        self,
        path: Float[np.ndarray, "time state unit"],
        steps: Int[np.ndarray, " state"],
        normals: Float[np.ndarray, "state unit"],
    ) -> Float[np.ndarray, "state unit"]:
        """Carry unit normals of a surface from `path[steps]` back to where the paths began.

        A normal moves by the transposed Jacobians of the steps, the last one first.
        """
        rows = len(normals)
        _, padded = _padded(normals)
        wide = np.zeros((len(path), *padded.shape))
        wide[:, :rows] = path
        counts = np.zeros(len(padded), int)
        counts[:rows] = steps
        with double_precision():
            pulled = _pull_back(self.system, wide, counts, padded, jnp.asarray(self.step))
            return np.array(pulled)[:rows]


def velocities(
    system: AbstractSystem, states: Float[np.ndarray, "state unit"]
) -> Float[np.ndarray, "state unit"]:
    """Return F(x) − x of a map, f(x) of a flow, in float64; NaN at states that are not finite."""
    parts = [np.zeros((0, system.size))]
    with double_precision():
        system = in_float64(system)
        for part in chunks(len(states), _SIZES[-1]):
            rows, padded = _padded(states[part])
            parts.append(np.array(_velocities(system, padded))[:rows])
    moved = np.concatenate(parts)
    return np.where(np.isfinite(states).all(1)[:, None], moved, np.nan)


def suitable_step(system: AbstractSystem, states: Float[np.ndarray, "state unit"]) -> float:
    """Return a tenth of the shortest time constant of the Jacobians at the states, in tau."""
    jacobians = Evaluator(system).jacobian(states)
    jacobians = jacobians[np.isfinite(jacobians).all((1, 2))]
    if not len(jacobians):
        return _FINENESS
    fastest = float(np.abs(np.linalg.eigvals(jacobians)).max(initial=0.0))
    return _FINENESS / fastest if fastest > 0 else _FINENESS


def _padded(states: np.ndarray) -> tuple[int, np.ndarray]:
    rows = len(states)
    size = next((s for s in _SIZES if s >= rows), -(-rows // _SIZES[-1]) * _SIZES[-1])
    padded = np.zeros((size, states.shape[1]))
    padded[:rows] = states
    return rows, padded


def _step(system: AbstractSystem, x: Any, h: Any) -> Any:
    if system.kind == "map":
        return system.evaluate(x)
    k1 = system.evaluate(x)
    k2 = system.evaluate(x + h / 2 * k1)
    k3 = system.evaluate(x + h / 2 * k2)
    k4 = system.evaluate(x + h * k3)
    return x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


@eqx.filter_jit
def _velocities(system: AbstractSystem, states: Any) -> Any:
    return jax.vmap(system.velocity)(states)


@eqx.filter_jit
def _advance(system: AbstractSystem, states: Any, counts: Any) -> Any:
    """Return the states of a map after so many steps."""
    move = jax.vmap(system.evaluate)

    def once(k: Any, now: Any) -> Any:
        return jnp.where((k < counts)[:, None], move(now), now)

    return jax.lax.fori_loop(0, jnp.max(counts), once, states)


@eqx.filter_jit
def _path(system: AbstractSystem, states: Any, h: Any, steps: int) -> Any:
    move = jax.vmap(lambda x: _step(system, x, h))
    return jax.lax.scan(lambda now, _: (move(now), now), states, None, length=steps + 1)[1]


@eqx.filter_jit
def _pull_back(system: AbstractSystem, path: Any, counts: Any, normals: Any, h: Any) -> Any:
    def back(state: Any, normal: Any) -> Any:
        pulled = jax.vjp(lambda x: _step(system, x, h), state)[1](normal)[0]
        length = jnp.linalg.norm(pulled)
        return pulled / jnp.where(length > 0, length, 1.0)

    def once(normal: Any, at: Any) -> Any:
        k, states = at
        return jnp.where((k < counts)[:, None], jax.vmap(back)(states, normal), normal), None

    order = jnp.arange(len(path))
    return jax.lax.scan(once, normals, (order, path), reverse=True)[0]
