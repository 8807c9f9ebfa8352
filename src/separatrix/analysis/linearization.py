"""A system near its points: Jacobians, modes and time constants."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Complex, Float, Int, Shaped

from .._records import Record, array, setting
from .._types import Array, InvalidInputError
from ..solvers.threads import one_blas_thread
from ..systems import AbstractSystem, in_float64
from .fixed_points.record import FixedPoints
from .stability import classify, count_unstable


class Linearization(Record):
    r"""The linear systems $\delta x_{t+1} = J\,\delta x_t + B\,\delta u_t$ at a set of points.

    Modes are sorted by |μ| (map) or Re λ (flow), the largest first. `right[p, :, m]` is the
    direction of mode m, `left[p, m, :]` what drives it, normalized so that left · right = 1 and
    |right| = 1.
    """

    states: Float[Array, "point unit"] = array("the points")
    jacobians: Float[Array, "point unit source"] = array("dF/dx of a map, df/dx of a flow")
    input_jacobians: Float[Array, "point unit channel"] | None = array("dF/du or df/du")
    eigenvalues: Complex[Array, "point mode"] = array("μ of a map, λ of a flow, in units of 1/tau")
    right: Complex[Array, "point unit mode"] = array("right eigenvectors, one a column")
    left: Complex[Array, "point mode unit"] = array("left eigenvectors, one a row")
    time_constants: Float[Array, "point mode"] = array(
        "of decay; negative: of growth; infinite: neither", units="ms"
    )
    periods: Float[Array, "point mode"] = array("of oscillation; infinite: none", units="ms")
    condition: Float[Array, " point"] = array(
        "condition number of the eigenvectors; infinite: defective; NaN: no finite Jacobian"
    )
    n_unstable: Int[Array, " point"] = array("number of unstable directions; −1: unknown")
    stability: Shaped[np.ndarray, " point"] = array(
        '"stable", "saddle", "unstable", "marginal"; "unknown": no finite Jacobian'
    )
    system: str = setting('"map" or "flow"')
    time_unit: float = setting("dt of a map, tau of a flow", units="ms")

    def summary(self) -> str:
        return (
            f"Linearization of a {self.system} of {self.states.shape[1]} units "
            f"at {len(self)} points"
        )


def linearize(
    system: AbstractSystem,
    points: FixedPoints | Float[Array, "point unit"],
    *,
    marginal_band: float = 1e-6,
) -> Linearization:
    r"""Linearize a system at points.

    For a map $\tau_m = -dt/\ln|\mu_m|$ and the period is $2\pi\,dt/|\arg\mu_m|$; for a flow
    $\tau_m = -\tau/\mathrm{Re}\,\lambda_m$ and $2\pi\,\tau/|\mathrm{Im}\,\lambda_m|$.

    Parameters
    ----------
    system
        A map or a flow.
    points
        What `find_fixed_points` returned, or states `(point, unit)`; any state may be given, but
        the linear system describes the motion only where the speed is small.
    marginal_band
        Eigenvalues within this distance of the stability boundary count as marginal.

    Returns
    -------
    Linearization
        In float64. Where the state or its Jacobian is not finite, Jacobian, modes and condition
        are NaN, `n_unstable` is −1 and `stability` is "unknown".

    Raises
    ------
    InvalidInputError
        When the points have another number of units than the system.

    References
    ----------
    Sussillo & Barak (2013) Neural Comput. 25:626; Maheswaranathan et al. (2019) NeurIPS 32.

    Examples
    --------
    >>> import jax.numpy as jnp, numpy as np, separatrix as sx
    >>> system = sx.DiscreteMap(lambda x: 0.5 * x, size=2, dt=10.0)
    >>> lin = sx.linearize(system, np.zeros((1, 2)))
    >>> [round(float(t), 3) for t in lin.time_constants[0]]
    [14.427, 14.427]
    """
    states = np.asarray(points.states if isinstance(points, FixedPoints) else points, float)
    if states.ndim != 2 or states.shape[1] != system.size:
        raise InvalidInputError(
            f"points must have shape (point, {system.size}), one column for each unit of the "
            f"system, got {states.shape}."
        )
    jacobians, input_jacobians = _jacobians(system, states)
    with one_blas_thread():
        eigenvalues, right, left, condition = eigenmodes(jacobians, system.kind)
    return Linearization(
        states=states,
        jacobians=jacobians,
        input_jacobians=input_jacobians,
        eigenvalues=eigenvalues,
        right=right,
        left=left,
        time_constants=decay_times(eigenvalues, system.kind, system.time_unit),
        periods=oscillation_periods(eigenvalues, system.kind, system.time_unit),
        condition=condition,
        n_unstable=count_unstable(eigenvalues, system.kind, marginal_band),
        stability=classify(eigenvalues, system.kind, marginal_band),
        system=system.kind,
        time_unit=system.time_unit,
    )


def _jacobians(system: AbstractSystem, states: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    with jax.enable_x64(True):
        system, batch = in_float64(system), jnp.asarray(states)
        jacobians = np.asarray(_state_jacobians(system, batch))
        inputs = None if system.input is None else np.asarray(_input_jacobians(system, batch))
    # The slope of a rectifier is 0 or 1 even at NaN: the derivatives alone would look sound.
    known = np.isfinite(states).all(1)[:, None, None]
    jacobians = np.where(known, jacobians, np.nan)
    return jacobians, None if inputs is None else np.where(known, inputs, np.nan)


@eqx.filter_jit
def _state_jacobians(system: AbstractSystem, states: Any) -> Any:
    return jax.vmap(system.jacobian)(states)


@eqx.filter_jit
def _input_jacobians(system: AbstractSystem, states: Any) -> Any:
    return jax.vmap(system.input_jacobian)(states)


def eigenmodes(
    jacobians: Float[np.ndarray, "point unit source"], kind: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return eigenvalues, right vectors (columns), left vectors (rows), condition numbers.

    Sorted by decreasing |μ| (map) or Re λ (flow). A matrix that is not finite gives NaN.
    """
    finite = np.isfinite(jacobians).all((1, 2))
    safe = np.where(finite[:, None, None], jacobians, np.eye(jacobians.shape[-1]))
    values, right = np.linalg.eig(safe)
    values, right = values.astype(complex), right.astype(complex)
    growth = np.abs(values) if kind == "map" else values.real
    order = np.argsort(-growth, axis=1, kind="stable")
    values = np.take_along_axis(values, order, 1)
    right = np.take_along_axis(right, order[:, None, :], 2)
    condition = np.linalg.cond(right)
    singular = ~(condition < 1 / np.finfo(float).eps)
    invertible = np.where(singular[:, None, None], np.eye(right.shape[-1]), right)
    left = np.linalg.inv(invertible)
    left[singular] = np.nan  # defective: left and right vectors cannot be paired
    condition = np.where(singular, np.inf, condition)
    for found in (values, right, left, condition):
        found[~finite] = np.nan
    return values, right, left, condition


def decay_times(values: np.ndarray, kind: str, time_unit: float) -> np.ndarray:
    """Return −dt/ln|μ| (map) or −τ/Re λ (flow); infinite on the boundary."""
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.log(np.abs(values)) if kind == "map" else values.real
        return np.where(rate == 0, np.inf, -time_unit / rate)


def oscillation_periods(values: np.ndarray, kind: str, time_unit: float) -> np.ndarray:
    """Return 2π dt/|arg μ| (map) or 2π τ/|Im λ| (flow); infinite for real positive modes."""
    # adding 0 makes −0 positive: its angle would be π
    frequency = np.abs(np.angle(values + 0.0)) if kind == "map" else np.abs(values.imag)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(frequency == 0, np.inf, 2 * np.pi * time_unit / frequency)
