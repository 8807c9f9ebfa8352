"""Minima of the speed on slices of an axis."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Shaped

from ..._watch import is_over
from ...solvers.endings import Ending
from ...solvers.iterate import Rows
from ...solvers.minimize import DampedNewton
from ...solvers.piecewise_linear import KinkDescent, PiecewiseLinear, descend_speed
from ...solvers.zero_test import ZeroTest
from ..fixed_points.evaluator import Evaluator

_NEAR_ZERO = 1e-9  # what is looked at more closely

FIXED = "the speed is at rounding level: a fixed point, or a state of a continuum of them"
SMOOTH = "a minimum of the speed on its slice: Newton's method closed in, all curvatures positive"
NO_MINIMUM = (
    "the descent of the speed on the slice stopped at a saddle of it, or ran out of steps; give it "
    "more with DampedNewton(max_steps=…)"
)
MORE_STEPS = "; give it more with KinkDescent(max_steps=…)"
KINK = "no step decreases the speed, though its gradient is not zero: a kink of the function"
LATE = "not finished: the time limit was reached"
NOT_FINITE = "the start, or the system there, is NaN or infinite"


@dataclass
class SlicesResult(Rows):
    """How each start ended: NaN states, and a reason, where no minimum was reached."""

    states: Float[np.ndarray, "start unit"]
    speed: Float[np.ndarray, " start"]
    outcomes: Shaped[np.ndarray, " start"]
    reasons: Shaped[np.ndarray, " start"]


@dataclass(frozen=True)
class Slices:
    """The slices a · x = value of one axis, and how the speed is minimized on them.

    `velocity` is the velocity in canonical form where `method` is `KinkDescent`: then minima, most
    of which lie on kinks, are found exactly.
    """

    evaluator: Evaluator
    axis: Float[np.ndarray, " unit"]
    method: DampedNewton | KinkDescent
    velocity: PiecewiseLinear | None
    zero_test: ZeroTest

    def onto(
        self, states: Float[np.ndarray, "start unit"], values: Float[np.ndarray, " start"]
    ) -> Float[np.ndarray, "start unit"]:
        """Return the nearest states on the slices."""
        missing = values - states @ self.axis
        return states + missing[:, None] * self.axis / (self.axis @ self.axis)

    def minimize(
        self, starts: Float[np.ndarray, "start unit"], values: Float[np.ndarray, " start"]
    ) -> SlicesResult:
        """Minimize the speed from each start on its own slice."""
        starts = self.onto(starts, values)
        count = len(starts)
        found = SlicesResult(
            np.full(starts.shape, np.nan),
            np.full(count, np.nan),
            np.full(count, "rejected", object),
            np.full(count, NOT_FINITE, object),
        )
        rows = np.flatnonzero(np.isfinite(starts).all(1))
        if len(rows):
            rows = rows[np.isfinite(self.evaluator.speed(starts[rows]))]  # a pole has no speed
        still = rows[self._is_zero(starts[rows])]
        self._accept(found, still, starts[still], "fixed", FIXED)
        rows = np.setdiff1d(rows, still)
        if self.velocity is None:
            self._smooth(found, rows, starts[rows], values[rows])
        else:
            for row in rows:
                if is_over():
                    found.reasons[row] = LATE
                    continue
                self._piecewise(found, int(row), starts[row])
        return found

    def _accept(
        self, found: SlicesResult, rows: np.ndarray, states: np.ndarray, outcome: str, reason: str
    ) -> None:
        if len(rows):
            found.states[rows] = states
            found.speed[rows] = self.evaluator.speed(states)
            found.outcomes[rows], found.reasons[rows] = outcome, reason

    def _is_zero(self, states: np.ndarray) -> Bool[np.ndarray, " state"]:
        """Mask states whose residual rounding of the state and of its own terms can leave."""
        zero = np.zeros(len(states), bool)
        if len(states):
            residual, jacobian = self.evaluator.residual_and_jacobian(states)
            with np.errstate(invalid="ignore"):  # where the system fails, which is nowhere near
                terms = np.linalg.norm(jacobian, axis=(1, 2)) * np.linalg.norm(states, axis=1)
            size = terms + np.linalg.norm(states, axis=1) + self.zero_test.scale
            near = np.flatnonzero(np.linalg.norm(residual, axis=1) <= _NEAR_ZERO * size)
            radius = 4 * self.zero_test.rounding_radius(states[near])
            zero[near] = self.zero_test.within(states[near], radius)
        return zero

    def _smooth(
        self, found: SlicesResult, rows: np.ndarray, starts: np.ndarray, values: np.ndarray
    ) -> None:
        assert isinstance(self.method, DampedNewton)
        for part in self.evaluator.chunks(len(rows)):
            minima = self.method.minimize(self._derivatives, starts[part])
            states = self.onto(minima.states, values[part])
            zero = np.isfinite(states).all(1)
            zero[zero] = self._is_zero(states[zero])
            here = rows[part]
            self._accept(found, here[zero], states[zero], "fixed", FIXED)
            good = (minima.endings == Ending.MINIMUM) & ~zero
            self._accept(found, here[good], states[good], "minimum", SMOOTH)
            bad = ~zero & ~good
            reasons = np.where(minima.endings == Ending.RUNNING, LATE, NO_MINIMUM)
            stalled = minima.endings == Ending.STALLED
            found.reasons[here[bad]] = np.where(stalled, KINK, reasons)[bad]

    def _derivatives(self, states: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return ½ speed² and its derivatives within the slice; along the axis it is made to curve.

        The gradient has no part along the axis, so Newton's steps stay on the slice.
        """
        value, gradient, hessian = self.evaluator.speed_derivatives(states)
        a = self.axis / np.linalg.norm(self.axis)
        with np.errstate(invalid="ignore", over="ignore"):  # where the system is not finite
            gradient = gradient - (gradient @ a)[:, None] * a
            across = hessian @ a
            curvature = np.abs(hessian).sum(2).max(1, initial=0)
            keep = (across @ a) + np.where(curvature > 0, curvature, 1.0)
            hessian = hessian - across[:, :, None] * a - a[:, None] * across[:, None, :]
            return value, gradient, hessian + keep[:, None, None] * np.outer(a, a)

    def _piecewise(self, found: SlicesResult, row: int, start: np.ndarray) -> None:
        """Descend exactly over the kinks, in the coordinates of the slice."""
        assert self.velocity is not None and isinstance(self.method, KinkDescent)
        speed = float(np.linalg.norm(self.velocity(start)))
        basis = complement(self.axis)
        form = on_slice(self.velocity, start, basis, speed)
        solution = descend_speed(form, np.zeros((1, len(start) + 1)), self.method)
        outcome = Ending(solution.outcome[0])
        more = MORE_STEPS if outcome is Ending.SLIDE_STEP_LIMIT else ""
        found.reasons[row] = outcome.describe(solution.numbers[0]) + more
        if solution.point[0] < 0:
            return
        minimum = solution.minima[solution.point[0]]
        off_slice = np.abs(minimum.state[-2:]).max()
        state = (start + basis @ minimum.state[:-2])[None]
        here = np.array([row])
        if self._is_zero(state)[0]:
            self._accept(found, here, state, "fixed", FIXED)
        elif outcome in _MINIMA and minimum.verified and off_slice <= 1e-9 * np.linalg.norm(state):
            kinks = int(minimum.kinks[:-2].sum())
            text = f"an exact minimum of the speed on its slice, on {kinks} kinks"
            self._accept(found, here, state, "minimum", text)


_MINIMA = (Ending.SPEED_MINIMUM_ON_KINKS, Ending.SLIDE_ZERO)


def complement(axis: Float[np.ndarray, " unit"]) -> Float[np.ndarray, "unit direction"]:
    """Return an orthonormal basis of the directions in which a · x does not change."""
    return np.linalg.qr(np.column_stack([axis, np.eye(len(axis))]))[0][:, 1 : len(axis)]


def on_slice(
    velocity: PiecewiseLinear,
    start: Float[np.ndarray, " unit"],
    basis: Float[np.ndarray, "unit direction"],
    speed: float,
) -> PiecewiseLinear:
    r"""Write the speed on a slice as the speed of a function with as many results as variables.

    With variables (y, t, s) and $x = x_0 + N y$ it is

    .. math:: (v(x) + t\,w, \quad S + 2|t| + |s|), \qquad S = |v(x_0)|, \quad |w| = 1 .

    Its speed squared grows with |t| at a rate of $4 S + 2 v \cdot w \ge 2 S > 0$ wherever
    $|v| \le S$, as it is all along a descent, so every minimum has t = s = 0, and there it is
    $|v|^2 + S^2$: the minima in y are those of the speed on the slice. The direction w, orthogonal
    to what v can do at the start, makes the function invertible in its pieces.
    """
    n, m = velocity.size, velocity.gate_count
    A, _ = velocity.piece(velocity.gates(start))
    w = np.linalg.svd(A @ basis)[0][:, -1]
    linear = np.zeros((n + 1, n + 1))
    linear[:n, :-2], linear[:n, -2], linear[n, -2:] = velocity.linear @ basis, w, (-2.0, -1.0)
    gate_weights = np.zeros((m + 2, n + 1))
    gate_weights[:m, :-2] = velocity.gate_weights @ basis
    gate_weights[m, -2] = gate_weights[m + 1, -1] = 1.0
    coupling = np.zeros((m + 2, m + 2))
    coupling[:m, :m] = velocity.gate_coupling
    output = np.zeros((n + 1, m + 2))
    output[:n, :m], output[n, m:] = velocity.output_weights, (4.0, 2.0)
    return replace(
        velocity,
        linear=linear,
        offset=np.append(velocity.linear @ start + velocity.offset, speed),
        gate_weights=gate_weights,
        gate_coupling=coupling,
        gate_offset=np.append(velocity.gate_weights @ start + velocity.gate_offset, [0.0, 0.0]),
        output_weights=output,
    )
