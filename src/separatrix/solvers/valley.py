r"""Following curved valleys of $|r|$, along whose floors it changes little.

Where fixed points have nearly become a continuum (a ring attractor whose symmetry is slightly
broken), r is nearly zero all along a curve, and only what is left of it there says where the zeros
lie. A step of length s along the tangent leaves the curve by about s², and that alone may be more
than all that is left: damped steps are then as short as the square root of it, and never arrive.

So a step here is one along the directions in which r changes little, followed by the return to the
floor of the valley in all others (Lyapunov–Schmidt reduction): the steps of the chord method there
cost a residual each. Only then is it judged. What bounds its length is how the valley bends, and
how well the change of r along the floor was foreseen, not how much of r is left.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from . import batched
from .endings import Ending
from .iterate import AbstractIteration, Solution, State, States, iterate, replaced
from .levenberg_marquardt import EPS, Evaluate, Residual

Levels = Callable[[np.ndarray], np.ndarray]
"""States (batch, unit) -> residuals (largest entry) that rounding leaves there (batch,)."""

_RETURNS = 60  # steps of the chord method, each at most half as long as the one before
_HALVINGS = 60  # of the interval in which the damping of a step lies
_MOST_DIRECTIONS = 8  # along a floor: with more of them, r is merely small
_LEVEL = 1e-10  # beside the steepest that |r|² could be: a minimum
_NEGLIGIBLE = float(np.sqrt(EPS))  # beside 1, in |r|² and in lengths


@dataclass(frozen=True)
class Valley:
    """A residual r in whose valleys states are followed.

    `levels` are what rounding leaves of r; at most `max_steps` are taken.
    """

    evaluate: Evaluate
    residual: Residual
    levels: Levels
    max_steps: int = 200


def follow_valleys(valley: Valley, starts: States, sizes: Float[np.ndarray, " start"]) -> Solution:
    """Walk down the valleys in which starts lie, as far as |r| decreases.

    `sizes` are those of the states, which no step exceeds. A start lies in a valley when a few, not
    all, singular values of J are nearer to |r| / size than to the largest of them, by their ratios:
    along these directions r hardly changes over the size of a state. Where a zero is near, so that
    Newton's method takes over, a start ends as `NEAR`. Any other is at, or on the way to, a minimum
    of |r|, or did not lie in a valley.

    References
    ----------
    Golubitsky & Schaeffer (1985) Singularities and Groups in Bifurcation Theory I, ch. I.3.

    Examples
    --------
    A circle along which the flow is 1e-6 sin φ: from φ = 2 to the nearer of its zeros, φ = π.

    >>> def ring(states):
    ...     x, y = states.T
    ...     across, along = 1 - x * x - y * y, 1e-6 * y
    ...     return np.stack([across * x - along * y, across * y + along * x], 1)
    >>> def both(states):
    ...     (x, y), e = states.T, 1e-6
    ...     rows = [
    ...         [1 - 3 * x * x - y * y, -2 * x * y - 2 * e * y],
    ...         [-2 * x * y + e * y, 1 - x * x - 3 * y * y + e * x],
    ...     ]
    ...     return ring(states), np.moveaxis(np.array(rows), 2, 0)
    >>> start, rounding = np.array([[np.cos(2), np.sin(2)]]), lambda x: np.full(len(x), 1e-16)
    >>> walk = follow_valleys(Valley(both, ring, rounding), start, np.ones(1))
    >>> Ending(walk.endings[0]).name, walk.states.round(3).tolist()
    ('NEAR', [[-1.0, 0.0]])
    """
    iteration = _ValleyIteration(valley, starts, sizes)
    return iterate(iteration, Solution.unmoved(starts), len(starts))


@dataclass(frozen=True)
class _ValleyState(State):
    """States on the floors of valleys, the Jacobians' singular vectors there, and steps to try.

    `slow (batch, value)` marks the singular values of directions along the floor of the valley, the
    same number of them all the way; none where a state lies in no valley.
    """

    size: np.ndarray  # which no step exceeds
    reach: np.ndarray  # nor this
    slow: np.ndarray
    r: States
    U: np.ndarray
    S: np.ndarray
    Vt: np.ndarray
    ending: np.ndarray
    step: States  # in right singular vectors
    free: np.ndarray  # whether that is Newton's, not bounded
    slope: np.ndarray  # of ½|r|² over the whole step
    predicted: np.ndarray  # decrease of |r|²


def _plan(
    r: States, U: np.ndarray, S: np.ndarray, slow: np.ndarray, reach: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Return steps along floors, whether they are Newton's, slopes of ½|r|² and |r|²'s decrease."""
    g = np.where(slow, batched.apply_transposed(U, r), 0.0)
    steps, free = _bounded(S, g, reach)
    slope = (g * S * steps).sum(1)
    return steps, free, slope, -2 * slope - np.square(S * steps).sum(1)


@dataclass(frozen=True)
class _ValleyIteration(AbstractIteration[_ValleyState, Solution]):
    valley: Valley
    starts: States
    sizes: Float[np.ndarray, " start"]

    def init(self, index: np.ndarray) -> _ValleyState:
        x, size, none = self.starts[index], self.sizes[index], np.zeros(len(index), int)
        r, J = self.valley.evaluate(x)
        steep = ~_are_level(r, J)
        U, S, Vt = _decomposed(np.where(steep[:, None, None], J, 0.0))
        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
            flat = np.linalg.norm(r, axis=1) / size
            slow = np.square(S) <= (S.max(1, initial=0.0) * flat)[:, None]
        inside = steep & slow.any(1) & ~slow.all(1) & (slow.sum(1) <= _MOST_DIRECTIONS)
        slow &= inside[:, None]
        ending = np.where(inside, Ending.RUNNING, Ending.MINIMUM)
        plan = _plan(r, U, S, slow, size)
        return _ValleyState(index, x, none, size, size, slow, r, U, S, Vt, ending, *plan)

    def step(self, state: _ValleyState) -> _ValleyState:
        before = np.square(state.r).sum(1)
        x, landed, after = self._returned(state)
        ratio = (before - after) / state.predicted
        good, quick = ratio > 1e-4, after <= before / 16
        reach = np.minimum(_reach(state, before, after, ratio), state.size)
        r, U, S, Vt = state.r, state.U, state.S, state.Vt
        if good.any():
            new, J = self.valley.evaluate(x[good])
            there = (new, *_decomposed(J))
            r, U, S, Vt = map(replaced, (r, U, S, Vt), 4 * (good,), there)
        x = np.where(good[:, None], x, state.x)
        # Where Newton's step alone, without return, leaves a sixteenth, so will the next ones.
        arrived = good & state.free & (landed <= before / 16)
        stops = self.is_at_level(x, r) & ~(good & quick)
        stops |= ~(reach > _NEGLIGIBLE * state.size)
        ending = np.where(arrived, Ending.NEAR, np.where(stops, Ending.MINIMUM, Ending.RUNNING))
        count, plan = state.count + 1, _plan(r, U, S, state.slow, reach)
        return _ValleyState(
            state.index, x, count, state.size, reach, state.slow, r, U, S, Vt, ending, *plan
        )

    def terminate(self, state: _ValleyState) -> np.ndarray:
        """Return which stopped, and where the steps promise a negligible part of |r|².

        All are near a zero where rounding may be all that is left of r.
        """
        promising = state.predicted > _NEGLIGIBLE * np.square(state.r).sum(1)
        last = np.where(state.count >= self.valley.max_steps, Ending.MAX_STEPS, Ending.RUNNING)
        going = np.where(promising, last, Ending.MINIMUM)
        endings = np.where(state.ending != Ending.RUNNING, state.ending, going)
        at_level = state.slow.any(1) & self.is_at_level(state.x, state.r)
        return np.where(at_level & (endings != Ending.RUNNING), Ending.NEAR, endings)

    def finish(self, state: _ValleyState, endings: np.ndarray) -> Solution:
        unknown = np.full(len(state.x), np.inf)
        return Solution(endings, state.x, state.r, unknown, state.count)

    def is_at_level(self, x: States, r: States) -> np.ndarray:
        """Mask states where rounding may be all that is left of r."""
        return np.abs(r).max(1, initial=0) <= self.valley.levels(x)

    def _returned(self, state: _ValleyState) -> tuple[States, np.ndarray, np.ndarray]:
        """Return where steps lead after the return to the floor, and |r|² before and after it.

        The latter is infinite where there is no return.
        """
        x = state.x + batched.apply_transposed(state.Vt, state.step)
        level, last = self.valley.levels(x) * np.sqrt(x.shape[1]), np.full(len(x), np.inf)
        landed, after = np.full((2, len(x)), np.inf)
        going = np.ones(len(x), bool)
        for number in range(_RETURNS):
            r = self.valley.residual(x)
            with np.errstate(over="ignore", invalid="ignore"):
                across = np.where(state.slow, 0.0, batched.apply_transposed(state.U, r))
                back = np.divide(-across, state.S, where=~state.slow, out=np.zeros(x.shape))
                left, length = np.linalg.norm(across, axis=1), np.linalg.norm(back, axis=1)
                square = np.square(r).sum(1)
                shrinks = length <= last / 2
                least = np.where(shrinks, 0.0, level)  # as near as rounding lets it
                arrived = going & (left <= np.maximum(_NEGLIGIBLE * np.sqrt(square), least))
            if number == 0:
                landed = np.where(np.isfinite(square), square, np.inf)
            after[arrived] = square[arrived]
            going &= shrinks & ~arrived
            if not going.any():
                break
            last = length
            # The others are not left out of the arrays: copies cost more than products.
            x += np.where(going[:, None], batched.apply_transposed(state.Vt, back), 0.0)
        return x, landed, after


def _bounded(
    S: np.ndarray, g: np.ndarray, reach: np.ndarray
) -> tuple[np.ndarray, Bool[np.ndarray, " batch"]]:
    """Return steps p that minimize |g + S p| among those no longer than `reach`, and if all are."""
    steep = S * g

    def step(damping: np.ndarray) -> np.ndarray:
        weights = np.square(S) + damping[:, None]
        return np.divide(-steep, weights, where=steep != 0, out=np.zeros(steep.shape))

    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        newton = step(np.zeros(len(S)))
        free = np.linalg.norm(newton, axis=1) <= reach
        upper = np.linalg.norm(steep, axis=1) / reach
        lower = EPS**2 * upper
        for _ in range(_HALVINGS):
            middle = np.sqrt(lower * upper)
            long = np.linalg.norm(step(middle), axis=1) > reach
            lower, upper = np.where(long, middle, lower), np.where(long, upper, middle)
        return np.where(free[:, None], newton, step(upper)), free


def _reach(
    state: _ValleyState, before: np.ndarray, after: np.ndarray, ratio: np.ndarray
) -> np.ndarray:
    """Return how long next steps may be: as long as the valley bends little, and as foreseen."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        # The least value of the parabola through what is known of ½|r|² along the step.
        excess = (after - before) / 2 - state.slope
        share = np.clip(-state.slope / (2 * excess), 0.1, 0.5)
    share = np.where(np.isfinite(after), share, 0.5)
    longer = np.where(ratio > 0.75, 2.0, np.where(ratio > 0.25, 1.0, share))
    return np.linalg.norm(state.step, axis=1) * longer


def _are_level(r: States, J: batched.Stack) -> Bool[np.ndarray, " batch"]:
    """Mask states where |r|² is seen to decrease in no direction, or nothing is known of it."""
    with np.errstate(over="ignore", invalid="ignore"):
        slope = np.linalg.norm(batched.apply_transposed(J, r), axis=1)
        steepest = np.linalg.norm(J, axis=(1, 2)) * np.linalg.norm(r, axis=1)
        return ~(slope > _LEVEL * steepest)


def _decomposed(jacobians: batched.Stack) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the singular value decompositions; of what is not finite, that of 0."""
    finite = np.isfinite(jacobians).all((1, 2))
    return np.linalg.svd(np.where(finite[:, None, None], jacobians, 0.0))
