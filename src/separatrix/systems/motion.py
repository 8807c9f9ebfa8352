r"""Steps of a batch of states: those of a map, or those of an integrator that chooses them.

A flow $\tau\dot x = f(x)$ is integrated state by state with an error of 1e−7 a step: by Tsitouras'
explicit method of order five, or, where that would take twenty times as many steps, by Kværnø's
implicit one. Every state has its own time and its own step.

Tsitouras (2011) Comput. Math. Appl. 62:770; Kværnø (2004) BIT 44:489; both from diffrax, Kidger
(2021) arXiv:2202.02435.
"""

import copy
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, Int

from .._double import double_precision
from .abstract import AbstractSystem
from .functions import in_float64

_BATCHES = (16, 64, 128, 256, 512)
_TOLERANCE = 1e-7
_FEWER = 20.0
"""Times as many explicit steps as implicit ones from which on these are taken."""
_MANY = 4000.0
"""Explicit steps that would be left, from which on the implicit ones are tried."""
_TRIAL = 32
_IMPLICIT_UNITS = 512
_BLOCK, _MOST_BLOCKS = 16, 4096
"""Steps of the integrator at a time, and how often at most until a time."""
_SMALLEST = 1e-14
"""Of the time that is to be followed: a step that is smaller has shrunk to nothing."""


class Block(NamedTuple):
    """Consecutive steps of a batch, its first row where the states were before.

    `times` are in steps of a map, in units of tau of a flow.
    """

    times: Float[np.ndarray, "step state"]
    states: Float[np.ndarray, "step state unit"]


@dataclass(frozen=True)
class Moving:
    """Batch of states in motion, as `Motion.advance` takes and returns it."""

    states: Float[np.ndarray, "state unit"]
    times: Float[np.ndarray, " state"]
    lengths: Float[np.ndarray, " state"]
    """Of the next step of the integrator, in units of tau; 1 of a map."""
    steps: Int[np.ndarray, " state"]
    is_stuck: Bool[np.ndarray, " state"]
    """Whether the step of the integrator has shrunk to nothing."""
    is_implicit: Bool[np.ndarray, " state"]

    def take(self, rows: np.ndarray) -> "Moving":
        """Return some of the states."""
        return Moving(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


class Motion:
    """The steps of one system.

    `stops` are times at which every state is looked at, `(first, second, …)` in increasing order;
    no step goes past one, nor past the last. Where no step of a flow may be longer than `longest`,
    all are explicit.
    """

    def __init__(
        self,
        system: AbstractSystem,
        starts: Float[np.ndarray, "state unit"],
        stops: tuple[float, ...],
        longest: float = np.inf,
    ):
        with double_precision():
            self.system = in_float64(system)
        self.is_map, self.longest = system.kind == "map", longest
        self.stops = np.asarray(stops, float)
        size = np.abs(starts).max(0, initial=0.0)
        largest = float(size.max(initial=0.0)) or 1.0
        self.scale = np.maximum(size, 1e-3 * largest)

    def at_input(self, input: Float[np.ndarray, "..."]) -> "Motion":
        """Return the motion with another input frozen in."""
        other = copy.copy(self)
        with double_precision():
            u = jnp.asarray(input, self.system.input.dtype)
            other.system = eqx.tree_at(lambda system: system.input, self.system, u)
        return other

    def begin(self, states: Float[np.ndarray, "state unit"]) -> Moving:
        """Return states at time 0."""
        count = len(states)
        lengths = np.ones(count) if self.is_map else self._first_lengths(states)
        zero, no = np.zeros(count), np.zeros(count, bool)
        return Moving(np.array(states, float), zero, lengths, zero.astype(int), no, no)

    def advance(self, moving: Moving, count: int, last: float | np.ndarray) -> tuple[Moving, Block]:
        """Take `count` steps, none past the time `last` `(state,)`; states that are there wait."""
        if self.is_map:
            return self._advance_map(moving, count)
        until = np.broadcast_to(np.asarray(last, float), moving.times.shape)
        if self.system.size <= _IMPLICIT_UNITS and self.longest == np.inf:
            moving = self._choose(moving, until)
        return self._advance_flow(moving, count, until)

    def until(
        self,
        moving: Moving,
        times: float | Float[np.ndarray, " state"],
        look: Callable[[Block], None] = lambda block: None,
        most: int = _MOST_BLOCKS,
    ) -> Moving:
        """Move every state on to a time of its own: NaN where the integrator comes to no end.

        `look` sees the steps of a flow, of which there are at most so many blocks.
        """
        until = np.broadcast_to(np.asarray(times, float), moving.times.shape)
        if self.is_map:
            counts, filled = (until - moving.times).astype(int), padded(moving.states)
            with double_precision():
                states = np.asarray(_moved(self.system, filled, np.resize(counts, len(filled))))
            states, taken = states[: len(counts)].copy(), moving.steps + counts
            return replace(moving, states=states, times=moving.times + counts, steps=taken)
        for _ in range(most):
            if ((moving.times >= until * (1 - 1e-12)) | moving.is_stuck).all():
                break
            moving, block = self.advance(moving, _BLOCK, until)
            look(block)
        is_there = moving.times >= until * (1 - 1e-12)
        return replace(moving, states=np.where(is_there[:, None], moving.states, np.nan))

    def at(
        self, starts: Float[np.ndarray, "state unit"], times: Float[np.ndarray, "time ..."]
    ) -> Iterator[Float[np.ndarray, "state unit"]]:
        """Move states on from time 0, and yield where they are at each of some times."""
        moving = self.begin(starts)
        for time in times:
            moving = self.until(moving, time)
            yield moving.states

    def velocities(self, states: Float[np.ndarray, "... unit"]) -> np.ndarray:
        """Return F(x) − x of a map, f(x) of a flow `(…, unit)`."""
        flat = states.reshape(-1, states.shape[-1])
        size = 1 << max(len(flat) - 1, 15).bit_length()
        with double_precision():
            found = np.asarray(_velocities(self.system, padded(flat, size)))
        return found[: len(flat)].reshape(states.shape)

    def _advance_map(self, moving: Moving, count: int) -> tuple[Moving, Block]:
        rows = len(moving.states)
        with double_precision():
            states = np.asarray(_map_steps(self.system, padded(moving.states), count))[:, :rows]
        times = moving.times + np.arange(count + 1.0)[:, None]
        after = replace(  # copies, or whoever keeps them would keep the whole block
            moving, states=states[-1].copy(), times=times[-1].copy(), steps=moving.steps + count
        )
        return after, Block(times, states)

    def _advance_flow(self, moving: Moving, count: int, last: np.ndarray) -> tuple[Moving, Block]:
        times = np.repeat(moving.times[None], count + 1, 0)
        states = np.repeat(moving.states[None], count + 1, 0)
        lengths, steps = moving.lengths.copy(), moving.steps.copy()
        for implicit in (False, True):
            rows = np.flatnonzero(moving.is_implicit == implicit)
            if not len(rows):
                continue
            seen, path, following, taken = self._integrated(moving.take(rows), count, last[rows])
            times[1:, rows], states[1:, rows] = seen, path
            lengths[rows], steps[rows] = following, steps[rows] + taken
        span = float(self.stops[-1]) if len(self.stops) else float(times[-1].max())
        stuck = (lengths <= _SMALLEST * span) & (times[-1] < last)
        now = states[-1].copy(), times[-1].copy()
        after = Moving(*now, lengths, steps, stuck, moving.is_implicit)
        return after, Block(times, states)

    def _integrated(self, moving: Moving, count: int, last: np.ndarray) -> tuple[np.ndarray, ...]:
        """Take steps of states that all move implicitly, or all explicitly."""
        rows, size = len(moving.states), padded(moving.states).shape[0]
        with double_precision():
            found = _flow_steps(
                self.system,
                padded(moving.states),
                np.resize(moving.times, size),
                np.resize(moving.lengths, size),
                self.scale,
                self.stops,
                np.resize(last, size),
                np.asarray(np.inf if moving.is_implicit[0] else self.longest),
                bool(moving.is_implicit[0]),
                count,
            )
        times, states, lengths, taken = (np.asarray(value) for value in found)
        return times[:, :rows], states[:, :rows], lengths[:rows], taken[:rows]

    def _choose(self, moving: Moving, last: np.ndarray) -> Moving:
        """Go on implicitly with states for which the explicit steps left would be too many."""
        near = float(self.stops[-1]) if len(self.stops) else np.inf
        left = np.minimum(last, near) - moving.times
        many = ~moving.is_implicit & (left > _MANY * moving.lengths) & (moving.steps > 0)
        rows = np.flatnonzero(many)
        if not len(rows):
            return moving
        tried = moving.take(rows)
        tried = replace(tried, is_implicit=np.ones(len(rows), bool))
        times, states, _, _ = self._integrated(tried, _TRIAL, last[rows])
        with np.errstate(all="ignore"):
            gained = (times[-1] - tried.times) / _TRIAL
            faster = (gained > _FEWER * tried.lengths) & np.isfinite(states[-1]).all(1)
        implicit = moving.is_implicit.copy()
        implicit[rows[faster]] = True
        return replace(moving, is_implicit=implicit)

    def _first_lengths(self, states: np.ndarray) -> np.ndarray:
        """Return first steps, a hundredth of the time in which a state would move by its scale."""
        with np.errstate(all="ignore"):
            speed = np.abs(self.velocities(states) / self.scale).max(1, initial=0.0)
            lengths = 0.01 / speed
        longest = 0.01 * float(self.stops[-1] if len(self.stops) else 1.0)
        return np.where(np.isfinite(lengths), np.minimum(lengths, longest), longest)


def padded(states: np.ndarray, size: int | None = None) -> np.ndarray:
    """Repeat rows until there are as many as one of a few sizes of batches."""
    if size is None:
        size = next((s for s in _BATCHES if s >= len(states)), -(-len(states) // 512) * 512)
    return np.resize(states, (size, states.shape[1]))


@eqx.filter_jit
def _velocities(system: AbstractSystem, states: Any) -> Any:
    return jax.vmap(system.velocity)(states)


@eqx.filter_jit
def _map_steps(system: AbstractSystem, states: Any, count: int) -> Any:
    """Return states before the first step, and after each of `count`."""

    def step(now: Any, _: None) -> tuple[Any, Any]:
        return jax.vmap(system.evaluate)(now), now

    return jax.lax.scan(step, states, None, length=count + 1)[1]


@eqx.filter_jit
def _moved(system: AbstractSystem, states: Any, counts: Any) -> Any:
    """Return the states after so many steps each."""

    def once(k: Any, now: Any) -> Any:
        return jnp.where((k < counts)[:, None], jax.vmap(system.evaluate)(now), now)

    return jax.lax.fori_loop(0, jnp.max(counts), once, states)


@eqx.filter_jit
def _flow_steps(
    system: AbstractSystem,
    states: Any,
    times: Any,
    lengths: Any,
    scale: Any,
    stops: Any,
    last: Any,
    longest: Any,
    is_implicit: bool,
    count: int,
) -> Any:
    """Integrate each state by itself, in units of `scale`; a rejected step leaves it in place."""
    import diffrax

    solver: Any = diffrax.Tsit5()
    if is_implicit:
        chord = diffrax.VeryChord(rtol=_TOLERANCE, atol=_TOLERANCE)
        solver = diffrax.Kvaerno5(root_finder=chord)
    order = 5
    term = diffrax.ODETerm(lambda t, z, args: system.evaluate(z * scale) / scale)

    def step(carry: Any, _: None, last: Any) -> Any:
        t, z, h, taken = carry
        ahead = jnp.where(stops > t * (1 + 1e-14), stops, jnp.inf).min(initial=jnp.inf)
        end = jnp.minimum(ahead, last)
        hits = t + h * (1 + 1e-9) >= end
        until = jnp.where(hits, end, t + h)
        waits = t >= last
        until = jnp.where(waits, t + h, until)
        state = solver.init(term, t, until, z, None)
        after, error, *_, result = solver.step(term, t, until, z, None, state, made_jump=False)
        bound = _TOLERANCE * (1 + jnp.maximum(jnp.abs(z), jnp.abs(after)))
        size = jnp.sqrt(jnp.mean((error / bound) ** 2))
        fine = jnp.isfinite(size) & jnp.isfinite(after).all()
        fine &= result == diffrax.RESULTS.successful
        kept = fine & (size <= 1) & ~waits
        factor = jnp.where(fine, jnp.clip(0.9 * size ** (-1 / order), 0.2, 5.0), 0.1)
        tried = until - t
        follows = jnp.where(hits & kept, jnp.maximum(h, tried * factor), tried * factor)
        follows = jnp.minimum(follows, longest)
        new = (
            jnp.where(kept, until, t),
            jnp.where(kept, after, z),
            jnp.where(waits, h, follows),
            taken + ~waits,
        )
        return new, (new[0], new[1])

    def follow(t: Any, z: Any, h: Any, last: Any) -> Any:
        once = functools.partial(step, last=last)
        (_, _, h, taken), path = jax.lax.scan(once, (t, z, h, 0), None, length=count)
        return *path, h, taken

    seen, path, lengths, taken = jax.vmap(follow, out_axes=(1, 1, 0, 0))(
        times, states / scale, lengths, last
    )
    return seen, path * scale, lengths, taken
