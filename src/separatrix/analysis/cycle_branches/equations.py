"""The equations of a closed orbit of a flow, as those of a curve in one parameter."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from ..._double import double_precision
from ...solvers.runge_kutta import rk4
from ...systems import AbstractSystem
from ..branches.models import AbstractModel, SystemOf, model_of

STIFF = 0.5
"""Step times |λ| that the integrator is begun with at most; it is unstable above 2.8."""
TOO_STIFF = 2.0
"""The same at which a branch ends."""


class ClosedOrbits:
    r"""Multiple shooting with period and parameter unknown, NumPy in and NumPy out.

    The unknowns are the states $x_j$ at k equally spaced phases, $\ln T$ and the parameter p:

    .. math:: \varphi_{T/k}(x_j, p) = x_{j+1}, \qquad e \cdot f(x_0, p) = 0.

    The last equation says that the orbit is at its largest along a fixed axis e at phase 0. Unlike
    a plane that the orbit has to cross, every orbit has such a place, so that it need not be moved
    along the branch. Points are scaled by `scales`, the parameter last.
    """

    def __init__(
        self,
        system_of: SystemOf,
        sample: AbstractSystem,
        bounds: tuple[float, float],
        orbit: Float[np.ndarray, "phase unit"],
        pieces: int,
        substeps: int,
        state_scale: float,
    ):
        self.size, self.pieces, self.substeps = sample.size, pieces, substeps
        with double_precision():
            self.model = model_of(system_of, sample, *bounds)
        spread = orbit - orbit.mean(0)
        self.axis = np.linalg.svd(spread, full_matrices=False)[2][0]
        self.extent = float(np.sqrt(np.square(spread).sum(1).mean()))
        unknowns = pieces * self.size
        sizes = np.full(unknowns, state_scale * np.sqrt(unknowns))
        self.scales = np.append(sizes, [1.0, bounds[1] - bounds[0]])

    def point(
        self, orbit: Float[np.ndarray, "phase unit"], period: float, parameter: float
    ) -> np.ndarray:
        """Return the scaled point of an orbit at equally spaced phases, turned to its phase 0."""
        count = len(orbit)
        top = int((orbit @ self.axis).argmax())
        phases = (top / count + np.arange(self.pieces) / self.pieces) % 1.0
        closed, grid = np.append(orbit, orbit[:1], axis=0), np.linspace(0, 1, count + 1)
        states = np.stack([np.interp(phases, grid, unit) for unit in closed.T], axis=1)
        return np.append(states.ravel(), [np.log(period), parameter]) / self.scales

    def split(self, point: np.ndarray) -> tuple[np.ndarray, float, float]:
        """Return the states (piece, unit), the period and the parameter."""
        plain = point * self.scales
        states = plain[:-2].reshape(self.pieces, self.size)
        return states, float(np.exp(plain[-2])), float(plain[-1])

    def swing(self, point: np.ndarray) -> float:
        """Return how far phase 0 lies beyond the middle of the orbit along the axis."""
        states = self.split(point)[0]
        return float((states[0] - states.mean(0)) @ self.axis)

    def evaluate(self, point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the residual (m,) and its Jacobian (m, m + 1) in scaled coordinates."""
        k, n = self.pieces, self.size
        states, period, _ = self.split(point)
        ends, by_state, by_time, by_parameter, field, slope, change = self._run(_pieces, point)
        residual = np.append(
            (ends - np.roll(states, -1, axis=0)).ravel(), period * self.axis @ field
        )
        jacobian = np.zeros((k * n + 1, k * n + 2))
        for j in range(k):
            rows = slice(j * n, (j + 1) * n)
            jacobian[rows, rows] += by_state[j]
            after = (j + 1) % k
            jacobian[rows, after * n : (after + 1) * n] -= np.eye(n)
        jacobian[:-1, -2], jacobian[:-1, -1] = (by_time * period / k).ravel(), by_parameter.ravel()
        jacobian[-1, :n] = period * self.axis @ slope
        jacobian[-1, -2], jacobian[-1, -1] = residual[-1], period * self.axis @ change
        return residual / self.extent, jacobian * self.scales / self.extent

    def multipliers(self, point: np.ndarray) -> np.ndarray:
        """Return the Floquet multipliers, that along the orbit first, the others by their size."""
        product = np.eye(self.size)
        for slope in self._run(_pieces, point)[1]:
            product = slope @ product
        values = np.linalg.eigvals(product).astype(complex)
        along = int(np.abs(values - 1).argmin())
        across = np.delete(values, along)
        return np.append(values[along], across[np.argsort(-np.abs(across), kind="stable")])

    def stiffness(self, point: np.ndarray) -> float:
        """Return the step of the integrator times the largest |λ| on the orbit."""
        _, period, _ = self.split(point)
        slopes = self._run(_slopes, point)[0]
        if not np.isfinite(slopes).all():
            return np.inf
        fastest = float(np.abs(np.linalg.eigvals(slopes)).max())
        return fastest * period / (self.pieces * self.substeps)

    def orbit(self, point: np.ndarray, phases: int) -> Float[np.ndarray, "phase unit"]:
        """Return states at equally spaced phases, every piece followed from its own start."""
        each = -(-phases // self.pieces)
        traced = self._run(_traced, point, count=each, substeps=-(-self.substeps // each))[0]
        return traced.reshape(self.pieces * each, self.size)

    def _run(self, program: Any, point: np.ndarray, **options: Any) -> list[np.ndarray]:
        states, period, parameter = self.split(point)
        substeps = np.asarray(options.pop("substeps", self.substeps))
        with double_precision():
            model = self.model.near(parameter)
            given = jnp.asarray(states), np.float64(period / self.pieces), np.float64(parameter)
            results = program(model, *given, substeps=substeps, **options)
            return [np.asarray(result) for result in results]


def _follow(model: AbstractModel, state: Any, duration: Any, parameter: Any, substeps: Any) -> Any:
    step = duration / substeps
    return jax.lax.fori_loop(
        0, substeps, lambda _, x: rk4(lambda y: model.evaluate(y, parameter), x, step), state
    )


@eqx.filter_jit
def _pieces(
    model: AbstractModel, states: Any, duration: Any, parameter: Any, *, substeps: Any
) -> Any:
    """Return the ends of all pieces and their derivatives; the field at phase 0 and its own."""

    def end(state: Any, time: Any, p: Any) -> Any:
        after = _follow(model, state, time, p, substeps)
        return after, after

    def piece(state: Any) -> Any:
        slopes, after = jax.jacfwd(end, argnums=(0, 1, 2), has_aux=True)(state, duration, parameter)
        return after, *slopes

    field = model.evaluate(states[0], parameter)
    slope, change = jax.jacfwd(model.evaluate, argnums=(0, 1))(states[0], parameter)
    return *jax.vmap(piece)(states), field, slope, change


@eqx.filter_jit
def _slopes(
    model: AbstractModel, states: Any, duration: Any, parameter: Any, *, substeps: Any
) -> Any:
    return (jax.vmap(lambda x: jax.jacfwd(lambda y: model.evaluate(y, parameter))(x))(states),)


@eqx.filter_jit
def _traced(
    model: AbstractModel, states: Any, duration: Any, parameter: Any, *, count: int, substeps: Any
) -> Any:
    def trace(state: Any) -> Any:
        def go(x: Any, _: None) -> tuple[Any, Any]:
            return _follow(model, x, duration / count, parameter, substeps), x

        return jax.lax.scan(go, state, None, length=count)[1]

    return (jax.vmap(trace)(states),)
