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
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from . import batched
from .levenberg_marquardt import EPS, Evaluate, Residual, States

Levels = Callable[[np.ndarray], np.ndarray]
"""States (batch, unit) -> residuals (largest entry) that rounding leaves there (batch,)."""

_RETURNS = 60  # steps of the chord method, each at most half as long as the one before
_HALVINGS = 60  # of the interval in which the damping of a step lies
_MOST_DIRECTIONS = 8  # along a floor: with more of them, r is merely small
_LEVEL = 1e-10  # beside the steepest that |r|² could be: a minimum
_NEGLIGIBLE = float(np.sqrt(EPS))  # beside 1, in |r|² and in lengths


class ValleyWalk(NamedTuple):
    """Where each start came to, and whether Newton's method can take over there: a zero is near.

    Any other is at, or on the way to, a minimum of |r|, or did not lie in a valley.
    """

    states: States
    near: Bool[np.ndarray, " start"]


def follow_valleys(
    evaluate: Evaluate,
    residual: Residual,
    levels: Levels,
    starts: States,
    sizes: Float[np.ndarray, " start"],
    max_steps: int = 200,
) -> ValleyWalk:
    """Walk down the valleys in which starts lie, as far as |r| decreases.

    `sizes` are those of the states, which no step exceeds. A start lies in a valley when a few, not
    all, singular values of J are nearer to |r| / size than to the largest of them, by their ratios:
    along these directions r hardly changes over the size of a state.

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
    >>> walk = follow_valleys(both, ring, rounding, start, np.ones(1))
    >>> bool(walk.near[0]), walk.states.round(3).tolist()
    (True, [[-1.0, 0.0]])
    """
    ends, near = starts.copy(), np.zeros(len(starts), bool)
    floor, rows = _Floor.under(evaluate, starts, sizes)
    going, sizes = np.arange(len(rows)), sizes[rows]
    for _ in range(max_steps):
        plan = _Plan.of(floor, going)
        going, plan = going[plan.promising], plan.select(plan.promising)
        if not len(going):
            break
        trial = _Trial.of(residual, levels, floor, going, plan)
        good = trial.ratio > 1e-4
        floor.move(evaluate, going[good], trial.x[good])
        floor.reach[going] = np.minimum(_reach(plan, trial), sizes[going])
        # Where Newton's step alone, without return, leaves a sixteenth, so will the next ones.
        arrived = good & plan.free & (trial.landed <= plan.before / 16)
        near[rows[going[arrived]]] = True
        still = floor.at_level(levels)[going] & ~(good & (trial.after <= plan.before / 16))
        going = going[~arrived & ~still & (floor.reach[going] > _NEGLIGIBLE * sizes[going])]
    ends[rows], near[rows] = floor.x, near[rows] | floor.at_level(levels)
    return ValleyWalk(ends, near)


@dataclass
class _Floor:
    """States, and the singular vectors of the Jacobians there.

    `slow (batch, value)` marks the singular values of directions along the floor of the valley, the
    same number of them all the way. `reach (batch,)` bounds the next step.
    """

    x: States
    r: States
    U: np.ndarray
    S: np.ndarray
    Vt: np.ndarray
    slow: np.ndarray
    reach: np.ndarray

    @classmethod
    def under(
        cls, evaluate: Evaluate, starts: States, sizes: np.ndarray
    ) -> tuple["_Floor", np.ndarray]:
        """Return the floors of the valleys that starts lie in, and which ones do."""
        r, J = evaluate(starts)
        rows = np.flatnonzero(~_are_level(r, J))
        U, S, Vt = _decomposed(J[rows])
        with np.errstate(invalid="ignore", over="ignore"):
            flat = np.linalg.norm(r[rows], axis=1) / sizes[rows]
            slow = np.square(S) <= (S.max(1, initial=0.0) * flat)[:, None]
        inside = slow.any(1) & ~slow.all(1) & (slow.sum(1) <= _MOST_DIRECTIONS)
        rows = rows[inside]
        reach = np.array(sizes[rows], float)
        vectors = U[inside], S[inside], Vt[inside]
        return cls(starts[rows], r[rows], *vectors, slow[inside], reach), rows

    def move(self, evaluate: Evaluate, rows: np.ndarray, x: States) -> None:
        if len(rows):
            self.x[rows] = x
            self.r[rows], J = evaluate(x)
            self.U[rows], self.S[rows], self.Vt[rows] = _decomposed(J)

    def at_level(self, levels: Levels) -> np.ndarray:
        """Tell where rounding may be all that is left of r."""
        return np.abs(self.r).max(1, initial=0) <= levels(self.x)


@dataclass
class _Plan:
    """Steps along the floor, what they promise, and whether they are Newton's, not bounded."""

    steps: States  # in right singular vectors
    free: np.ndarray
    before: np.ndarray  # |r|²
    slope: np.ndarray  # of ½|r|² over the whole step
    predicted: np.ndarray  # decrease of |r|²

    @classmethod
    def of(cls, floor: _Floor, rows: np.ndarray) -> "_Plan":
        S, r = floor.S[rows], floor.r[rows]
        g = np.where(floor.slow[rows], batched.apply_transposed(floor.U[rows], r), 0.0)
        steps, free = _bounded(S, g, floor.reach[rows])
        slope = (g * S * steps).sum(1)
        predicted = -2 * slope - np.square(S * steps).sum(1)
        return cls(steps, free, np.square(r).sum(1), slope, predicted)

    @property
    def promising(self) -> np.ndarray:
        """Whether steps take away more of |r|² than can be told from nothing."""
        return self.predicted > _NEGLIGIBLE * self.before

    def select(self, keep: np.ndarray) -> "_Plan":
        return _Plan(*(getattr(self, name)[keep] for name in self.__dataclass_fields__))


@dataclass
class _Trial:
    """Where steps lead after the return to the floor."""

    x: States
    landed: np.ndarray  # |r|² before the return
    after: np.ndarray  # |r|² after it, infinite where there is none
    ratio: np.ndarray  # actual over predicted decrease

    @classmethod
    def of(
        cls, residual: Residual, levels: Levels, floor: _Floor, rows: np.ndarray, plan: _Plan
    ) -> "_Trial":
        slow, S = floor.slow[rows], floor.S[rows]
        U, Vt = floor.U[rows], floor.Vt[rows]
        x = floor.x[rows] + batched.apply_transposed(Vt, plan.steps)
        level, last = levels(x) * np.sqrt(x.shape[1]), np.full(len(x), np.inf)
        landed, after = np.full((2, len(x)), np.inf)
        going = np.ones(len(x), bool)
        for number in range(_RETURNS):
            r = residual(x)
            with np.errstate(over="ignore", invalid="ignore"):
                across = np.where(slow, 0.0, batched.apply_transposed(U, r))
                back = np.divide(-across, S, where=~slow, out=np.zeros(x.shape))
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
            x += np.where(going[:, None], batched.apply_transposed(Vt, back), 0.0)
        return cls(x, landed, after, (plan.before - after) / plan.predicted)


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


def _reach(plan: _Plan, trial: _Trial) -> np.ndarray:
    """Return how long next steps may be: as long as the valley bends little, and as foreseen."""
    length = np.linalg.norm(plan.steps, axis=1)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        # The least value of the parabola through what is known of ½|r|² along the step.
        excess = (trial.after - plan.before) / 2 - plan.slope
        share = np.clip(-plan.slope / (2 * excess), 0.1, 0.5)
    share = np.where(np.isfinite(trial.after), share, 0.5)
    return length * np.where(trial.ratio > 0.75, 2.0, np.where(trial.ratio > 0.25, 1.0, share))


def _are_level(r: States, J: batched.Stack) -> Bool[np.ndarray, " batch"]:
    """Tell where |r|² is seen to decrease in no direction, or nothing is known of it."""
    with np.errstate(over="ignore", invalid="ignore"):
        slope = np.linalg.norm(batched.apply_transposed(J, r), axis=1)
        steepest = np.linalg.norm(J, axis=(1, 2)) * np.linalg.norm(r, axis=1)
        return ~(slope > _LEVEL * steepest)


def _decomposed(jacobians: batched.Stack) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the singular value decompositions; of what is not finite, that of 0."""
    finite = np.isfinite(jacobians).all((1, 2))
    return np.linalg.svd(np.where(finite[:, None, None], jacobians, 0.0))
