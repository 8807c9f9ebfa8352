"""A family of systems in one parameter, evaluated in float64 with few compiled programs."""

from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Complex, Float

from ..._double import double_precision
from ..._types import InvalidInputError
from ...solvers.jacobian import value_and_transposed_jacobian
from ...solvers.smoothness import is_smooth
from ...solvers.zero_test import ZeroTest
from ...systems import AbstractSystem, in_float64
from ..batches import in_batches
from ..kinks import on_kinks
from .models import Model, SystemOf, model_of

Point = Float[np.ndarray, " coordinate"]

CHUNK = 32
"""Jacobians along a branch that are held, and computed by one program, at a time."""
_SIZES = tuple(4**k for k in range(1, 11))


class Family:
    """The residual and the derivatives of the systems, NumPy in and NumPy out.

    The solvers work on points whose coordinates are scaled, the parameter last: `scales` has the
    size of every coordinate, `point` and `split` go to and fro. Residuals, Jacobians, forms and the
    vectors that they take are those of states in `units`.
    """

    def __init__(
        self,
        system_of: SystemOf,
        sample: AbstractSystem,
        parameter: tuple[float, float],
    ):
        low, high = self.bounds = min(parameter), max(parameter)
        self.size, self.kind = sample.size, sample.kind
        self.measure(np.ones(self.size))
        with double_precision():
            self.model = model_of(system_of, sample, 0.5 * (low + high))
            double = in_float64(sample)
        if ZeroTest(double.residual, self.size, np.zeros((1, self.size))).single:
            raise InvalidInputError(
                "the system computes in float32 even where it is given float64, and branches need "
                "float64: remove the casts from its function, or give systems that hold their "
                "weights, as network.at_input(...) does."
            )
        with double_precision():
            smooth = is_smooth(lambda z: self.model.evaluate(z[:-1], z[-1]), self.size + 1)
        self.has_kinks = not smooth  # as far as is seen

    def measure(self, units: Float[np.ndarray, " unit"]) -> None:
        """Measure every unit in units of its own; points change with that."""
        self.units = units
        width = self.bounds[1] - self.bounds[0]
        self.scales = np.append(units * np.sqrt(self.size), width)

    def point(self, state: np.ndarray, parameter: float) -> Point:
        """Return the scaled point of a state and a parameter."""
        return np.append(state, parameter) / self.scales

    def split(self, points: np.ndarray) -> tuple[np.ndarray, Any]:
        """Return the states and parameters of scaled points `(..., coordinate)`."""
        plain = points * self.scales
        return plain[..., :-1], plain[..., -1]

    def residual_and_jacobian(self, point: Point) -> tuple[np.ndarray, np.ndarray]:
        """Return the residual (n,) and its Jacobian (n, n + 1) in scaled coordinates."""
        residual, transposed = self._run(_value_and_jacobian, point)
        return residual / self.units, (transposed * self.scales[:, None]).T / self.units[:, None]

    def at_parameter(self, states: np.ndarray, parameter: float) -> tuple[np.ndarray, np.ndarray]:
        """Return residuals (batch, n) of states and their Jacobians, all in units."""
        run = partial(self._run_at, _residuals_and_jacobians, parameter=parameter)
        residuals, transposed = in_batches(run, states * self.units, sizes=_SIZES, own=np.asarray)
        return residuals / self.units, self._in_units(transposed.swapaxes(1, 2))

    def residuals(self, states: np.ndarray, parameter: float) -> np.ndarray:
        """Return residuals of plain states (batch, n)."""
        return self._run_at(_residuals, states, parameter)[0]

    def jacobian(self, point: Point) -> np.ndarray:
        """Return dF/dx of the true map or field."""
        return self._in_units(self._run(_jacobian, point)[0].T)

    def _in_units(self, jacobians: np.ndarray) -> np.ndarray:
        return jacobians * self.units / self.units[:, None]

    def jacobians(self, points: np.ndarray) -> np.ndarray:
        """Return dF/dx at points (batch, coordinate), `CHUNK` of them at most."""
        run = partial(self._run_at, _jacobians)
        (transposed,) = in_batches(run, *self.split(points), sizes=(CHUNK,), own=np.asarray)
        return self._in_units(transposed.swapaxes(1, 2))

    def on_kinks(self, points: np.ndarray) -> np.ndarray:
        """Return which points (batch, coordinate) lie on a kink of the true map or field."""
        states, parameters = self.split(points)
        return on_kinks(self.model.evaluate, states, parameters=parameters)

    def residual_gradient(self, point: Point, w: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Return the gradient of w · DF v, all in scaled coordinates."""
        (gradient,) = self._run(_residual_gradient, point, w / self.units, self.scales * v)
        return gradient * self.scales

    def mode_gradient(self, point: Point, w: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Return the gradient of wᴴ J v in scaled coordinates; J of the true map or field."""
        w, v = w / self.units, v * self.units
        left = np.stack([w.real, w.imag, w.real, w.imag])
        right = np.stack([v.real, v.imag, v.imag, v.real])
        (parts,) = self._run(_mode_gradients, point, left, right)
        return (parts[0] + parts[1] + 1j * (parts[2] - parts[3])) * self.scales

    def second(self, point: Point, u: np.ndarray, v: np.ndarray) -> Complex[np.ndarray, " unit"]:
        """Return the bilinear form B(u, v) of the second derivatives of the map or field."""
        halves = [(x.real * self.units, x.imag * self.units) for x in (u, v)]
        pairs = [(a, b) for a in halves[0] for b in halves[1]]
        (parts,) = self._run(_second, point, *(np.stack(x) for x in zip(*pairs, strict=True)))
        return np.einsum("k,kn->n", np.array([1, 1j, 1j, -1]), parts) / self.units

    def third(
        self, point: Point, u: np.ndarray, v: np.ndarray, w: np.ndarray
    ) -> Complex[np.ndarray, " unit"]:
        """Return the trilinear form C(u, v, w) of the third derivatives."""
        halves = [(x.real * self.units, x.imag * self.units) for x in (u, v, w)]
        triples = [(a, b, c) for a in halves[0] for b in halves[1] for c in halves[2]]
        (parts,) = self._run(_third, point, *(np.stack(x) for x in zip(*triples, strict=True)))
        signs = np.array([1, 1j, 1j, -1, 1j, -1, -1, -1j])
        return np.einsum("k,kn->n", signs, parts) / self.units

    def _run(self, program: Any, point: Point, *arrays: np.ndarray) -> list[np.ndarray]:
        state, parameter = self.split(point)
        return self._run_at(program, state, float(parameter), *arrays)

    def _run_at(
        self, program: Any, states: np.ndarray, parameter: Any, *arrays: np.ndarray
    ) -> list[np.ndarray]:
        with double_precision():
            results = program(self.model, states, np.asarray(parameter, np.float64), *arrays)
            return [np.asarray(result) for result in results]


def _join(state: Any, parameter: Any) -> Any:
    return jnp.append(state, parameter)


@eqx.filter_jit
def _value_and_jacobian(model: Model, state: Any, parameter: Any) -> Any:
    value, rows = value_and_transposed_jacobian(lambda x: model.residual(x, parameter), state)
    by_parameter = jax.jvp(lambda p: model.residual(state, p), (parameter,), (1.0,))[1]
    return value, jnp.concatenate([rows, by_parameter[None]])


@eqx.filter_jit
def _residuals_and_jacobians(model: Model, states: Any, parameter: Any) -> Any:
    def both(state: Any) -> Any:
        return value_and_transposed_jacobian(lambda x: model.residual(x, parameter), state)

    return jax.vmap(both)(states)


@eqx.filter_jit
def _residuals(model: Model, states: Any, parameter: Any) -> Any:
    return (jax.vmap(lambda x: model.residual(x, parameter))(states),)


@eqx.filter_jit
def _jacobian(model: Model, state: Any, parameter: Any) -> Any:
    function = lambda x: model.evaluate(x, parameter)  # noqa: E731
    return (value_and_transposed_jacobian(function, state)[1],)


@eqx.filter_jit
def _jacobians(model: Model, states: Any, parameters: Any) -> Any:
    return (jax.vmap(lambda x, p: _jacobian(model, x, p)[0])(states, parameters),)


@eqx.filter_jit
def _residual_gradient(model: Model, state: Any, parameter: Any, w: Any, v: Any) -> Any:
    def form(z: Any) -> Any:
        return w @ jax.jvp(lambda y: model.residual(y[:-1], y[-1]), (z,), (v,))[1]

    return (jax.grad(form)(_join(state, parameter)),)


@eqx.filter_jit
def _mode_gradients(model: Model, state: Any, parameter: Any, w: Any, v: Any) -> Any:
    def form(z: Any, left: Any, right: Any) -> Any:
        return left @ jax.jvp(lambda x: model.evaluate(x, z[-1]), (z[:-1],), (right,))[1]

    return (jax.vmap(jax.grad(form), (None, 0, 0))(_join(state, parameter), w, v),)


def _derivative(function: Any, direction: Any) -> Any:
    return lambda x: jax.jvp(function, (x,), (direction,))[1]


@eqx.filter_jit
def _second(model: Model, state: Any, parameter: Any, u: Any, v: Any) -> Any:
    def form(a: Any, b: Any) -> Any:
        first = _derivative(lambda x: model.evaluate(x, parameter), a)
        return _derivative(first, b)(state)

    return (jax.vmap(form)(u, v),)


@eqx.filter_jit
def _third(model: Model, state: Any, parameter: Any, u: Any, v: Any, w: Any) -> Any:
    def form(a: Any, b: Any, c: Any) -> Any:
        first = _derivative(lambda x: model.evaluate(x, parameter), a)
        return _derivative(_derivative(first, b), c)(state)

    return (jax.vmap(form)(u, v, w),)
