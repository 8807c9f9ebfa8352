"""The equations of a closed orbit of a flow, as those of a curve in one parameter."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Complex, Float

from ..._double import double_precision
from ...solvers.newton import newton
from ...solvers.runge_kutta import rk4
from ...systems import AbstractSystem
from ..branches.models import Model, SystemOf, model_of

PHASES = 64
"""States that are kept of each cycle, at least."""
ACCURATE = 1e-8
"""Part of its size by which finer steps of the integrator may leave a cycle open."""
TRIVIAL = 1e-5
"""How far from 1 the multiplier along a cycle may be."""
FAR_TOO_FINE = 1e-3
ROUNDING = 1e-13
MOST_SUBSTEPS = 2**14
"""Of the integrator in one piece."""
ROUNDS = 3
APART = 1e-12
"""Turn of an invariant subspace in a round, below which it is one to rounding."""


class ClosedOrbits:
    r"""Multiple shooting with period and parameter unknown, NumPy in and NumPy out.

    The unknowns are the states $x_j$ at k equally spaced phases, $\ln T$ and the parameter p:

    .. math:: \varphi_{T/k}(x_j, p) = x_{j+1}, \qquad \sum_j \hat f_j \cdot (x_j - \hat x_j) = 0.

    The last equation chooses phase 0 such that the cycle has moved as little as possible along
    itself since $\hat x$, a cycle next to it with directions $\hat f$: `refer` says which. Every
    unit is measured in units of its own (`units`); points are scaled by `scales`, the parameter
    last.

    The integrator has as many steps as the cycle asks for: `is_valid` doubles them while finer ones
    change it.
    """

    def __init__(
        self,
        system_of: SystemOf,
        sample: AbstractSystem,
        bounds: tuple[float, float],
        pieces: int,
        substeps: int,
    ):
        self.size, self.pieces, self.fewest = sample.size, pieces, substeps
        self.substeps, self.refused = substeps, False
        self.known: dict[bytes, int] = {}  # points -> steps that suit
        self.each = -(-PHASES // pieces)
        with double_precision():
            self.model = model_of(system_of, sample, 0.5 * sum(bounds))
        self.bounds = bounds
        self.measure(np.ones(self.size))

    def measure(self, units: Float[np.ndarray, " unit"]) -> None:
        """Measure every unit in units of its own; points change with that."""
        unknowns = self.pieces * self.size
        self.units = units
        self.known.clear()
        self.scales = np.append(
            np.tile(units, self.pieces) * np.sqrt(unknowns), [1.0, self.bounds[1] - self.bounds[0]]
        )

    def point(
        self, orbit: Float[np.ndarray, "phase unit"], period: float, parameter: float
    ) -> np.ndarray:
        """Return the scaled point of an orbit at equally spaced phases."""
        count = len(orbit)
        phases = np.arange(self.pieces) / self.pieces
        closed, grid = np.append(orbit, orbit[:1], axis=0), np.linspace(0, 1, count + 1)
        states = np.stack([np.interp(phases, grid, unit) for unit in closed.T], axis=1)
        return np.append(states.ravel(), [np.log(period), parameter]) / self.scales

    def refer(self, point: np.ndarray) -> None:
        """Measure phases from those of a cycle."""
        states = self.split(point)[0]
        along = self._run(_fields, point)[0] / self.units
        length = np.linalg.norm(along)
        along = along / (length if 0 < length < np.inf else 1.0)
        self.reference = states / self.units, along

    def split(self, point: np.ndarray) -> tuple[np.ndarray, float, float]:
        """Return the states (piece, unit), the period and the parameter."""
        plain = point * self.scales
        states = plain[:-2].reshape(self.pieces, self.size)
        return states, float(np.exp(plain[-2])), float(plain[-1])

    def spread(self, point: np.ndarray) -> np.ndarray:
        """Return the states (piece, unit) from their mean on, in units of their own."""
        states = self.split(point)[0]
        return (states - states.mean(0)) / self.units

    def extent(self, point: np.ndarray) -> float:
        """Return how far the cycle reaches from its middle, in units of its units."""
        return float(np.sqrt(np.square(self.spread(point)).mean()))

    def max_step_factor(self, point: np.ndarray, tangent: np.ndarray) -> float:
        """Return how long a step is that changes the parameter or the shape by 1, or ln T by 4.

        The shape by 1 in units of its units, or by its own size, where that is more. The middle of
        a small cycle may move by many times its size.
        """
        shape = tangent[:-2].reshape(self.pieces, self.size)
        change = np.linalg.norm(shape - shape.mean(0)) / max(1.0, self.extent(point))
        return float(1 / np.abs([change, tangent[-1], tangent[-2] / 4, 1e-12]).max())

    def turned(self, point: np.ndarray) -> bool:
        """Return whether the cycle is the reference turned by half, as beyond a fixed point."""
        hat = self.reference[0]
        return bool(np.sum((hat - hat.mean(0)) * self.spread(point)) <= 0)

    def evaluate(self, point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the residual (m,) and its Jacobian (m, m + 1) in scaled coordinates."""
        k, n = self.pieces, self.size
        states, period, _ = self.split(point)
        ends, by_state, by_time, by_parameter = self._run(_pieces, point)
        hat, along = self.reference
        gaps = (ends - np.roll(states, -1, axis=0)) / self.units
        residual = np.append(gaps.ravel(), (along * (states / self.units - hat)).sum())
        jacobian = np.zeros((k * n + 1, k * n + 2))
        for j in range(k):
            rows = slice(j * n, (j + 1) * n)
            jacobian[rows, rows] += by_state[j]
            after = (j + 1) % k
            jacobian[rows, after * n : (after + 1) * n] -= np.eye(n)
        jacobian[:-1, -2], jacobian[:-1, -1] = (by_time * period / k).ravel(), by_parameter.ravel()
        jacobian[:-1] /= np.tile(self.units, k)[:, None]
        jacobian[-1, :-2] = (along / self.units).ravel()
        return residual, jacobian * self.scales

    def is_valid(self, point: np.ndarray) -> bool:
        """Return whether the cycle closes with twice the steps too, and has a multiplier 1.

        Where it does not, the next attempt has twice the steps; where they are far too many, half.
        """
        tried, along = self.substeps, self.multipliers(point)[0]
        self.refused = not (self._steps_suit(point) and abs(along - 1) <= TRIVIAL)
        if self.refused:
            self.substeps = min(2 * tried, MOST_SUBSTEPS)
        return not self.refused

    def refine(self, *points: np.ndarray) -> None:
        """Take as many steps as all of some orbits ask for, which need not be closed."""
        for point in points:
            while point.tobytes() not in self.known and self.substeps < MOST_SUBSTEPS:
                self._steps_suit(point)
        self.substeps = max(self.known.get(p.tobytes(), MOST_SUBSTEPS) for p in points)

    def holds(self, point: np.ndarray) -> bool:
        """Return whether the parameter lies in its range."""
        return self.bounds[0] <= self.split(point)[2] <= self.bounds[1]

    def _steps_suit(self, point: np.ndarray) -> bool:
        """Return whether the steps are fine enough; double them if not, halve them if far too fine.

        The ends of pieces may change little with twice the steps.
        """
        coarse, fine = (self._trace(point, n)[1] / self.units for n in (1, 2))
        allowed = ACCURATE * self.extent(point) + ROUNDING * np.abs(fine).max()
        change = float(np.abs(fine - coarse).max() / allowed)
        if not change <= 1:
            self.substeps = min(2 * self.substeps, MOST_SUBSTEPS)
            return False
        self.known[point.tobytes()] = self.substeps
        if change < FAR_TOO_FINE and self.substeps >= 2 * self.fewest:
            self.substeps //= 2
        return True

    def multipliers(self, point: np.ndarray) -> np.ndarray:
        """Return the Floquet multipliers, that along the orbit first, the others by their size.

        The flow carries its own direction f along, so that in axes of which f is the first the
        derivatives of the pieces are block triangular: no large multiplier hides the 1. NaN where
        they are not finite.
        """
        fields = self._run(_fields, point)[0] / self.units
        slopes = self._run(_pieces, point)[1] * self.units / self.units[:, None]
        if not (np.isfinite(slopes).all() and np.isfinite(fields).all()):
            return np.full(self.size, np.nan + 0j)
        axes = np.stack([_axes_along(field) for field in fields])
        turned = np.roll(axes, -1, axis=0).transpose(0, 2, 1) @ slopes @ axes
        across = eigenvalues_of_product(turned[:, 1:, 1:])
        return np.append(turned[:, 0, 0].prod(), across)

    def saddle_distance(self, point: np.ndarray) -> float:
        """Return how near the cycle comes to a saddle where it is slowest, in parts of its size.

        Infinite where Newton's method leads to none from there.
        """
        states = self.split(point)[0]
        speeds = np.linalg.norm(self._run(_fields, point)[0] / self.units, axis=1)
        slowest = states[speeds.argmin()] / self.units

        def equations(state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            rows = np.tile(state, self.pieces) / np.sqrt(len(point) - 2)
            fields, slopes = self._run(_fields, np.append(rows, point[-2:]))
            return fields[0] / self.units, slopes[0] * self.units / self.units[:, None]

        saddle = newton(equations, slowest)
        if not saddle.converged:
            return np.inf
        rates = np.linalg.eigvals(saddle.jacobian).real
        if not rates.min() < 0 < rates.max():
            return np.inf
        return float(np.linalg.norm(saddle.point - slowest)) / self.extent(point)

    def orbit(self, point: np.ndarray) -> Float[np.ndarray, "phase unit"]:
        """Return states at equally spaced phases, every piece followed from its own start."""
        return self._trace(point, 1)[0].reshape(self.pieces * self.each, self.size)

    def _trace(self, point: np.ndarray, finer: int) -> list[np.ndarray]:
        """Return states along the pieces (piece, phase, unit) and where these end."""
        substeps = finer * -(-self.substeps // self.each)
        return self._run(_traced, point, count=self.each, substeps=substeps)

    def _run(self, program: Any, point: np.ndarray, **options: Any) -> list[np.ndarray]:
        states, period, parameter = self.split(point)
        substeps = np.asarray(options.pop("substeps", self.substeps))
        with double_precision():
            given = jnp.asarray(states), np.float64(period / self.pieces), np.float64(parameter)
            results = program(self.model, *given, substeps=substeps, **options)
            return [np.asarray(result) for result in results]


def eigenvalues_of_product(
    factors: Float[np.ndarray, "factor row column"],
) -> Complex[np.ndarray, " mode"]:
    """Return the eigenvalues of a product, the first factor rightmost: the largest first.

    Its axes are turned to its invariant subspaces first, a few times around the cycle, so that
    small eigenvalues are not lost beside large ones. NaN where the product is not finite.
    """
    size = factors.shape[1]
    axes = np.eye(size)
    for _ in range(ROUNDS):
        first, right = axes, np.eye(size)
        for factor in factors:
            axes, upper = np.linalg.qr(factor @ axes)
            right = upper @ right
    turn = first.T @ axes
    turn[np.tril(np.abs(turn) < APART, -1)] = 0.0
    product = turn @ right
    if not np.isfinite(product).all():
        return np.full(size, np.nan + 0j)
    values = np.linalg.eigvals(product).astype(complex)
    return values[np.argsort(-np.abs(values), kind="stable")]


def _axes_along(direction: np.ndarray) -> np.ndarray:
    """Return orthonormal axes (columns) of which the first is along a direction."""
    axes = np.linalg.qr(np.column_stack([direction, np.eye(len(direction))]))[0]
    axes[:, 0] *= 1.0 if axes[:, 0] @ direction >= 0 else -1.0
    return axes


def _follow(model: Model, state: Any, duration: Any, parameter: Any, substeps: Any) -> Any:
    step = duration / substeps
    return jax.lax.fori_loop(
        0, substeps, lambda _, x: rk4(lambda y: model.evaluate(y, parameter), x, step), state
    )


@eqx.filter_jit
def _pieces(model: Model, states: Any, duration: Any, parameter: Any, *, substeps: Any) -> Any:
    """Return the ends of all pieces and their derivatives."""

    def end(state: Any, time: Any, p: Any) -> Any:
        after = _follow(model, state, time, p, substeps)
        return after, after

    def piece(state: Any) -> Any:
        slopes, after = jax.jacfwd(end, argnums=(0, 1, 2), has_aux=True)(state, duration, parameter)
        return after, *slopes

    return jax.vmap(piece)(states)


@eqx.filter_jit
def _fields(model: Model, states: Any, duration: Any, parameter: Any, *, substeps: Any) -> Any:
    """Return the field at the states, and its derivatives there."""
    field = lambda x: model.evaluate(x, parameter)  # noqa: E731
    return jax.vmap(lambda x: (field(x), jax.jacfwd(field)(x)))(states)


@eqx.filter_jit
def _traced(
    model: Model, states: Any, duration: Any, parameter: Any, *, count: int, substeps: Any
) -> Any:
    def trace(state: Any) -> Any:
        def go(x: Any, _: None) -> tuple[Any, Any]:
            return _follow(model, x, duration / count, parameter, substeps), x

        end, along = jax.lax.scan(go, state, None, length=count)
        return along, end

    return jax.vmap(trace)(states)
