"""Products of Jacobians along trajectories, kept apart by QR."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from .._checked import Count, Milliseconds, Natural, checked
from .._double import double_precision
from .._watch import Stage, is_over, report_progress

_PARTS = 5  # of a block
_PIECE = 10_000_000_000  # multiplications between two looks at the clock
_FINER = 4  # the part of the time that is followed in finer steps, too
_APART = 1e-3  # of the state's size: beyond, a trajectory in finer steps is another one

Advance = Callable[[Any, Any], Any]
"""A state `(unit,)` and an input or None -> the next state; a pytree, so weights are arguments."""


class Growth(NamedTuple):
    """Growth of the tangent vectors."""

    logs: np.ndarray  # (part, trajectory, exponent): mean of log|R_ii| over a part, per step
    edges: np.ndarray  # (part + 1,): the steps at which parts begin and end
    states: np.ndarray  # (trajectory, unit), the last ones
    parts: int  # of each block
    inexact: np.ndarray  # (trajectory, exponent): how far finer steps differ, per step


class _Finer:
    """The same trajectories in finer steps: what the integrator does to the growth.

    They are followed for a part of the time, and in chaos until they are another trajectory.
    """

    def __init__(self, advance: Advance | None, x: Any, Q: Any, edges: np.ndarray):
        self.advance, self.x, self.Q = advance, x, Q
        self.last = 0 if advance is None else edges[-1] / _FINER
        self.together = np.ones(len(x), bool)
        self.apart, self.steps = np.zeros((len(x), Q.shape[2])), np.zeros(len(x))

    def follow(
        self, given: Any, begin: Any, first: Any, steps: Any, every: Any, x: Any, sums: Any
    ) -> None:
        """Compare what the steps of a part have come to; the first part counts in any case."""
        if begin >= self.last or not self.together.any():
            return
        begun, advance = self.steps.any(), self.advance
        assert advance is not None
        self.x, self.Q, finer, going = _advanced(
            advance, self.x, self.Q, given, first, steps, every
        )
        if not going:
            return
        there, here = np.asarray(self.x), np.asarray(x)
        reach = _APART * np.abs(here).max(1, initial=0)
        self.together &= ~(np.abs(there - here).max(1, initial=0) > reach)
        rows = self.together if begun else np.ones_like(self.together)
        off = np.nan_to_num(np.abs(np.asarray(finer) - np.asarray(sums)), nan=0.0)  # both are −∞
        self.apart[rows] += off[rows]
        self.steps[rows] += steps

    @property
    def per_step(self) -> np.ndarray:
        return self.apart / np.maximum(self.steps, 1)[:, None]


@checked
@dataclass(frozen=True)
class TangentQR:
    r"""Compute Lyapunov exponents by QR decompositions of the tangent map (Benettin et al. 1980).

    The Jacobian $J_t$ of step t moves orthonormal vectors, the columns of $Q_{t-1}$. The result is
    decomposed into $J_t Q_{t-1} = Q_t R_t$, and the exponents are the means of $\ln|R_{ii}|$ over
    time. If a direction shrinks to rounding level between two decompositions, its exponent is −∞.

    Attributes
    ----------
    steps
        The number of steps, of a map or of a flow's integrator, over which the average is taken.
        None means all steps for which there are inputs after the transient, or 10,000 steps if
        there are no inputs.
    transient
        The number of steps before the averaging, in which the state approaches its attractor and
        the tangent vectors align.
    every
        The number of steps between decompositions. A larger number is faster, but a direction is
        lost if it shrinks by a factor of 1e-16 relative to the others between two decompositions.
    num_exponents
        The number of exponents, the largest first. None means all.
    dt
        The step of the fourth-order Runge–Kutta integrator in ms, for flows only. None means a
        hundredth of tau. Take a smaller step to see whether the exponents depend on it.
    blocks
        The number of blocks into which the steps are divided. `history` of the result holds the
        estimates of the exponents at the end of each block. If there are enough steps, each block
        is divided into five parts, and the standard error is computed from these parts.

    Examples
    --------
    >>> import separatrix as sx
    >>> sx.solvers.TangentQR(steps=5000, num_exponents=2).every
    1
    """

    steps: Count | None = None
    transient: Natural = 1000
    every: Count = 1
    num_exponents: Count | None = None
    dt: Milliseconds | None = None
    blocks: Count = 20

    def run(
        self,
        advance: Advance,
        starts: np.ndarray,
        inputs: np.ndarray | None,
        steps: int,
        finer: Advance | None = None,
    ) -> Growth:
        """Follow trajectories from `(trajectory, unit)` under inputs `(trajectory, time, …)`.

        `advance` computes a step, and `finer` computes the same step with a more accurate
        integrator. The first quarter of the steps is computed with both, until the two trajectories
        separate, and the growth of the tangent vectors is compared. The steps are divided into
        blocks. The run stops early when no trajectory is finite any more, and the remaining blocks
        are NaN. At the time limit, the run ends with the last whole block, or with NaN if there is
        none.
        """
        count, size = starts.shape
        number = self.num_exponents or size
        edges, parts = self._edges(steps)
        logs = np.full((len(edges) - 1, count, number), np.nan)
        with double_precision():
            given = None if inputs is None else jnp.asarray(inputs, float)
            x = jnp.asarray(starts, float)
            Q = jnp.asarray(np.broadcast_to(_frame(size, number), (count, size, number)))
            x, Q, *_ = _advanced(advance, x, Q, given, 0, self.transient, self.every)
            other, done = _Finer(finer, x, Q, edges), len(logs)
            for k, (begin, end) in enumerate(pairwise(edges.tolist())):
                report_progress(Stage.EXPONENTS, begin, int(edges[-1]))
                place = self.transient + begin, end - begin, self.every
                x, Q, sums, going = _advanced(advance, x, Q, given, *place)
                if not going:
                    done = k // parts * parts
                    break
                logs[k] = np.asarray(sums) / (end - begin)
                other.follow(given, begin, *place, x, sums)
                if not np.isfinite(np.asarray(x)).all(1).any():
                    break
            states = np.asarray(x)
            logs[done:], done = np.nan, max(done, parts)
            return Growth(logs[:done], edges[: done + 1], states, parts, other.per_step)

    def _edges(self, steps: int) -> tuple[np.ndarray, int]:
        """Cut the steps into parts of whole decompositions, but for the last; so many a block."""
        decompositions = -(-steps // self.every)
        parts = _PARTS if 1 < self.blocks <= decompositions // _PARTS else 1
        count = min(self.blocks, decompositions) * parts
        cuts = np.arange(count + 1) * decompositions // count
        return np.minimum(cuts * self.every, steps), parts


def _frame(size: int, number: int) -> np.ndarray:
    """Return orthonormal vectors in general position: no direction is missing from the largest."""
    return np.linalg.qr(np.random.default_rng(0).standard_normal((size, number)))[0]


def _advanced(
    advance: Advance, x: Any, Q: Any, inputs: Any, first: int, steps: int, every: int
) -> tuple[Any, Any, Any, bool]:
    """Do as `_block` does, in pieces, as nothing stops a compiled program.

    The last value is whether all steps were taken before the time was over.
    """
    work = Q.size * sum(Q.shape[1:]) * every
    piece, sums = every * max(1, _PIECE // work), jnp.zeros(())
    for begin in range(first, first + steps, piece):
        if is_over():
            return x, Q, sums, False
        length = min(piece, first + steps - begin)
        # As arrays: numbers would be compiled in.
        x, Q, grown = _block(advance, x, Q, inputs, *map(np.asarray, (begin, length, every)))
        sums = sums + grown
    return x, Q, sums, True


@eqx.filter_jit
def _block(
    advance: Advance, x: Any, Q: Any, inputs: Any, first: Any, steps: Any, every: Any
) -> tuple[Any, Any, Any]:
    """Advance all trajectories and frames; return them and the sums of log|R_ii|."""

    def push(x: Any, Q: Any, u: Any) -> tuple[Any, Any]:
        after, tangent = jax.linearize(lambda state: advance(state, u), x)
        return after, jax.vmap(tangent, in_axes=1, out_axes=1)(Q)

    def step(at: Any, carry: tuple[Any, Any]) -> tuple[Any, Any]:
        u = None if inputs is None else inputs[:, at]
        return jax.vmap(push, in_axes=(0, 0, None if u is None else 0))(*carry, u)

    def decompose(k: Any, carry: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
        x, Q, sums = carry
        begin = first + k * every
        end = jnp.minimum(begin + every, first + steps)
        x, A = jax.lax.fori_loop(begin, end, step, (x, Q))
        Q, R = jnp.linalg.qr(A)
        diagonal = jnp.abs(jnp.diagonal(R, axis1=1, axis2=2))
        norms = jnp.linalg.norm(A, axis=(1, 2))[:, None]
        lost = diagonal <= jnp.finfo(A.dtype).eps * norms
        return x, Q, sums + jnp.where(lost, -jnp.inf, jnp.log(diagonal))

    start = (x, Q, jnp.zeros((x.shape[0], Q.shape[2])))
    return jax.lax.fori_loop(0, -(-steps // every), decompose, start)
