r"""Following states among fixed points that are known, to the one at which each settles.

States end as they do in a verdict (`analysis/following`), or sooner: a state has settled when it is
within a thousandth of the distance from a stable point to the nearest other one, and comes nearer.

Where the derivative of the motion of a flow is asked for, its steps are those of the classical
Runge–Kutta method of order four. A step takes $h\tau$ with $h = 0.1/\rho$, where ρ is the largest
|λ| of the Jacobians at the points, and errs by about 1e−7 of the distance still to go.
"""

from dataclasses import replace
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int, Shaped

from ..._double import double_precision
from ..._parallel import chunks
from ..._watch import is_over
from ...solvers.endings import Ending
from ...solvers.runge_kutta import rk4
from ...systems import AbstractSystem
from ...systems.motion import Motion, padded
from ..cycles.propagation import Propagator
from ..fixed_points.evaluator import Evaluator
from ..following.end import What
from ..following.follower import follow
from ..following.pool import Pool, decay
from .landscape import Landscape

_MOST_STEPS, _AT_ONCE = 20_000, 1024
_CAPTURE = 1e-3
"""Radius of capture of a point, as a part of the distance to the nearest other point."""
_FINENESS = 0.1
_LONGEST = 10.0
"""Steps of h: no longer ones, of which modes that decay would not decay to rounding."""


class Settled(NamedTuple):
    """The ends of states: rows of the landscape, −1 for none.

    `reached` are attractors, or points on a kink; at `resting`, other points, states came to rest.
    `times` are those until the end was seen, in units of the system.
    """

    reached: Int[np.ndarray, " state"]
    resting: Int[np.ndarray, " state"]
    times: Float[np.ndarray, " state"]
    reasons: Shaped[np.ndarray, " state"]


class Follower:
    """Follows states of one system among its fixed points.

    `step` is that of a map, or h of a flow, in units of the system.
    """

    def __init__(self, system: AbstractSystem, landscape: Landscape):
        self.landscape, is_map = landscape, system.kind == "map"
        self.step = 1.0 if is_map else _suitable_step(system, landscape.states)
        longest = np.inf if is_map else _LONGEST * self.step
        self.propagator = Propagator(system)
        self.motion = Motion(system, landscape.states, (), longest)
        self.as_in_verdicts = Motion(system, landscape.states, ())  # implicit where it is stiff
        rate, turn = decay(landscape.values, system.kind)
        self.pool = Pool(
            states=landscape.states,
            stability=landscape.stability.astype(object),
            rate=rate,
            turn=turn,
            left=landscape.left,
            label=landscape.label,
            is_proved=np.ones(len(landscape.states), bool),  # are not asked for
            scale=landscape.extent,
            reach=_CAPTURE * landscape.separation,
        )

    def follow(
        self,
        starts: Float[np.ndarray, "state unit"],
        *,
        anyway: bool = False,
        quickly: bool = False,
    ) -> Settled:
        """Follow states until each has settled, left, or run out of steps or time.

        `anyway`: also where no attractor is known, to see whether they cycle or leave. `quickly`:
        no other ends are looked for than the points of the landscape.
        """
        count = len(starts)
        reached, resting = np.full((2, count), -1)
        times, reasons = np.zeros(count), np.full(count, Ending.NOT_FINITE.text, object)
        rows = np.flatnonzero(np.isfinite(starts).all(1))
        if not (anyway or self.landscape.attractors.any()):  # nowhere to go: spare the way
            reasons[rows], rows = Ending.NO_ATTRACTOR.text, rows[:0]
        largest = float(np.abs(starts[rows]).max(initial=0.0))
        pool = replace(self.pool, scale=max(self.pool.scale, largest))
        for part in chunks(len(rows), _AT_ONCE):
            some = rows[part]
            ends = follow(
                self.motion.system,
                starts[some],
                pool=pool,
                motion=self.motion if quickly else self.as_in_verdicts,
                most=_MOST_STEPS,
                share=1.0,
                is_quick=quickly,
            )
            is_known = (ends.which >= 0) & (ends.which < len(self.landscape.states))
            reached[some] = np.where(ends.are(What.POINT) & is_known, ends.which, -1)
            resting[some] = np.where(ends.are(What.UNSTABLE) & is_known, ends.which, -1)
            times[some] = ends.times
            for k, row in enumerate(some):
                what, which = What(ends.what[k]), int(ends.which[k])
                steps = round(float(ends.times[k]) / self.step)
                reasons[row] = (
                    Ending.RUNNING.text
                    if what == What.UNKNOWN and is_over()
                    else what.describe(steps, int(self.pool.label[which]) if is_known[k] else -1)
                )
        return Settled(reached, resting, times, reasons.astype(str))

    def steps(self, starts: Float[np.ndarray, "state unit"]) -> int:
        """Return how many steps the last of some states takes to its end."""
        times = self.follow(starts, quickly=True).times
        return int(np.ceil(times.max(initial=0.0) / self.step))

    def path(
        self, states: Float[np.ndarray, "state unit"], steps: int
    ) -> Float[np.ndarray, "time state unit"]:
        """Return the states and where the next steps lead; `steps` rounds up to a power of two."""
        count = 1 + (1 << max(int(steps) - 1, 1).bit_length())
        durations = np.full(len(states), count * self.step)
        return np.moveaxis(self.propagator.sample(states, durations, count, 1), 1, 0)

    def pull_back(
        self,
        path: Float[np.ndarray, "time state unit"],
        steps: Int[np.ndarray, " state"],
        normals: Float[np.ndarray, "state unit"],
    ) -> Float[np.ndarray, "state unit"]:
        """Carry unit normals of a surface from `path[steps]` back to where the paths began.

        A normal moves by the transposed Jacobians of the steps, the last one first.
        """
        rows, filled = len(normals), padded(normals)
        wide = np.zeros((len(path), *filled.shape))
        wide[:, :rows] = path
        counts = np.zeros(len(filled), int)
        counts[:rows] = steps
        with double_precision():
            step = np.asarray(self.step)
            return np.array(_pull_back(self.motion.system, wide, counts, filled, step))[:rows]


def _suitable_step(system: AbstractSystem, states: Float[np.ndarray, "state unit"]) -> float:
    """Return a tenth of the shortest time constant of the Jacobians at the states, in tau."""
    jacobians = Evaluator(system).jacobian(states)
    jacobians = jacobians[np.isfinite(jacobians).all((1, 2))]
    fastest = float(np.abs(np.linalg.eigvals(jacobians)).max(initial=0.0))
    return _FINENESS / fastest if fastest > 0 else _FINENESS


def _step(system: AbstractSystem, x: Any, h: Any) -> Any:
    return system.evaluate(x) if system.kind == "map" else rk4(system.evaluate, x, h)


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
