"""How fast nearby trajectories part: the Lyapunov spectrum."""

from typing import Any

import equinox as eqx
import numpy as np
from jaxtyping import Bool, Float, Shaped

from .._checked import checked
from .._double import double_precision
from .._parallel import one_blas_thread
from .._records import Record, array, setting
from .._tables import Columns, cell, describe_time
from .._types import Array, InvalidInputError, counted
from .._watch import Report, watching, why_over
from ..solvers.runge_kutta import rk4
from ..solvers.tangent_qr import Growth, TangentQR
from ..systems import AbstractSystem, System, in_float64, inputs_of
from .checks import starts_of
from .derivatives import derivatives_of
from .fixed_points.points import FixedPoints
from .mean_error import error_of_means

_DEFAULT_STEPS = 10_000
_UNBOUNDED = 1e6  # growth of the state beyond which it is on no attractor
SURE = 3
"""Standard errors from zero from which on the sign of an exponent is known."""


class LyapunovSpectrum(Record):
    r"""The Lyapunov exponents $\lambda_1 \ge \lambda_2 \ge \dots$ of trajectories.

    On an attractor, a positive exponent means chaos. An exponent of zero belongs to a direction in
    which nearby states neither approach nor separate: along the trajectory of a flow, or along a
    torus. If all exponents are negative, the attractor is a stable point or, for a map, a stable
    cycle. Like eigenvalues, exponents are in 1/step for a map and in 1/tau for a flow.
    """

    exponents: Float[Array, "trajectory exponent"] = array(
        "exponents of growth, the largest first; −∞ if a direction collapses at once, NaN if the "
        "trajectory reached infinity or NaN"
    )
    standard_error: Float[Array, "trajectory exponent"] = array(
        "standard error of each exponent, from how much the growth fluctuates between blocks of "
        "steps; NaN if there is only one block. If the growth has a trend over time, the error is "
        "half the difference between the means of the first and the second half. For a flow, "
        "the effect of halving the integrator's step is added"
    )
    history: Float[Array, "trajectory checkpoint exponent"] = array(
        "estimates of the exponents from all steps up to each checkpoint"
    )
    checkpoints: Shaped[Array, " checkpoint"] = array("number of steps up to each checkpoint")
    kaplan_yorke: Float[Array, " trajectory"] = array(
        "Kaplan–Yorke dimension; NaN if it needs more exponents than were asked for"
    )
    time_constants: Float[Array, "trajectory exponent"] = array(
        "time constants −1/exponent; negative for growth", units="ms"
    )
    start: Float[Array, "trajectory unit"] = array("first state of each trajectory")
    end: Float[Array, "trajectory unit"] = array("last state of each trajectory")
    outcome: Shaped[np.ndarray, " trajectory"] = array("how the trajectory ended, in words")
    system: str = setting('"map" or "flow"')
    time_unit: float = setting("dt of a map, tau of a flow", units="ms")
    step: float = setting("duration of a step of the map or of the integrator", units="ms")

    @property
    def has_sign(self) -> Bool[np.ndarray, " trajectory"]:
        """Whether the sign of the largest exponent is known.

        The sign is known if the exponent is at least three standard errors from 0, and the
        trajectory did not diverge. It counts as diverged if the largest |entry| of its last state
        is above 1e6 (1 + m), where m is the largest |entry| of its first state.
        """
        largest, error = (np.asarray(each)[:, 0] for each in (self.exponents, self.standard_error))
        is_sure: np.ndarray = np.abs(largest) >= SURE * error
        return is_sure & ~_have_grown(np.asarray(self.start), np.asarray(self.end))

    def _table(self) -> Columns:
        values, errors = np.asarray(self.exponents)[:, :3], np.asarray(self.standard_error)[:, :3]
        largest = [
            ", ".join(f"{cell(v)} ± {e:.1g}" for v, e in zip(*row, strict=True))
            for row in zip(values, errors, strict=True)
        ]
        return {
            "trajectory": range(len(self)),
            "largest exponents": largest,
            "a small difference": [
                describe_time(float(each[0]), self.time_units) for each in self.time_constants
            ],
            "Kaplan–Yorke dimension": np.asarray(self.kaplan_yorke),
            "outcome": self.outcome,
        }

    def summary(self) -> str:
        known = [float(row[0]) for row in self.exponents if not np.isnan(row[0])]
        spread = f"{min(known):.3g} to {max(known):.3g}" if known else "unknown"
        return (
            f"LyapunovSpectrum of a {self.system}: {counted(self.exponents.shape[1], 'exponent')} "
            f"of {counted(len(self), 'trajectory', 'trajectories')}, the largest {spread}"
        )


@checked
def lyapunov_exponents(
    system: System,
    start: FixedPoints | Float[Array, "... unit"],
    *,
    inputs: Float[Array, "... time channel"] | None = None,
    method: TangentQR | None = None,
    max_seconds: float | None = None,
    progress: bool | Report | None = None,
) -> LyapunovSpectrum:
    r"""Measure the Lyapunov exponents along trajectories.

    The exponents are $\lambda_i = \lim_{t\to\infty} \frac1t \ln \sigma_i(J_t \cdots J_1)$ with the
    singular values $\sigma_i$ of the product of the Jacobians along the trajectory. If the
    Jacobians were simply multiplied, all columns of the product would turn into the fastest
    direction. Repeated QR decompositions keep the columns orthogonal. A flow is integrated by
    classical Runge–Kutta steps of fixed length, and the exact derivatives of these steps are used.

    An exponent λ is S(T)/T, where S(t) is the logarithm of the growth up to time t, and T is the
    whole time. Its standard error is $\sqrt{0.6 a + DT} / T$. The numbers a and D come from the
    fluctuations of S: the mean square of $S(t + h) - S(t) - \lambda h$ is computed for lags h up to
    T/3, and $a + Dh$ is fitted to it. In chaos $S(t) - \lambda t$ diffuses: its variance grows with
    the slope D. On a cycle or a torus, and along the direction of motion of a flow,
    $S(t) - \lambda t$ stays within bounds, and the error falls as 1/T. There, two standard errors
    cover about 95 % of runs that differ in phase and duration. If T is a whole number of periods,
    the actual error is smaller.

    A flow also has an error from the finite steps of the integrator. To find it, a quarter of the
    time is computed a second time, with steps of half the length. In chaos this second run ends
    when the two trajectories move apart. The standard error that is reported is the root of the sum
    of the squares of both errors.

    The Kaplan–Yorke dimension is $k + \sum_{i\le k}\lambda_i / |\lambda_{k+1}|$ with the largest k
    for which the sum is not negative.

    Parameters
    ----------
    system
        A map or a flow.
    start
        States `(unit,)` or `(trajectory, unit)`, or the points that `find_fixed_points` returned.
    inputs
        Inputs that vary in time and replace the frozen input. They have the shape `(time, channel)`
        if all trajectories share them, or else `(trajectory, time, channel)`, with one input for
        each step of the map or of the integrator, the steps of the transient included.
    method
        `TangentQR(steps=…, transient=…, every=…, num_exponents=…, dt=…)`.
    max_seconds, progress
        The time limit and the report of progress, as in `find_fixed_points`. The steps are divided
        into blocks (`TangentQR(blocks=…)`), and the exponents are of those that were completed in
        time: NaN if none was. The outcome of each trajectory says how many steps were taken.

    Returns
    -------
    LyapunovSpectrum
        The exponents, with an outcome for each trajectory. If a trajectory reaches infinity or NaN,
        its exponents are NaN, and its outcome says when. If a trajectory stays finite, but its
        largest |entry| grows from m to more than 1e6 (1 + m), its outcome says that it grew without
        bound. The outcome also says whether the largest exponent may be 0, within three standard
        errors. If it may, take more steps before you call the motion chaotic or not.

    Raises
    ------
    InvalidInputError
        If the shapes of the arguments do not fit the system, or if a start or an input is not
        finite. If there are fewer inputs than steps (with the transient), or if the system has no
        input to replace.

    References
    ----------
    Benettin et al. (1980) Meccanica 15:9; Engelken, Wolf & Abbott (2023) Phys. Rev. Res. 5:043044.

    Examples
    --------
    >>> import jax.numpy as jnp, numpy as np, separatrix as sx
    >>> henon = sx.DiscreteMap(lambda x: jnp.stack([1 - 1.4 * x[0] ** 2 + x[1], 0.3 * x[0]]), 2)
    >>> spectrum = sx.lyapunov_exponents(henon, np.zeros(2))
    >>> np.round(spectrum.exponents[0], 1).tolist()
    [0.4, -1.6]
    >>> bool(abs(spectrum.exponents.sum() - np.log(0.3)) < 1e-9)
    True
    """
    method = method or TangentQR()
    starts = starts_of(system, start.states if isinstance(start, FixedPoints) else start)
    given = inputs_of(system, inputs, len(starts))
    if method.num_exponents is not None and method.num_exponents > system.size:
        raise InvalidInputError(
            f"num_exponents must be at most {system.size}, the number of units, got "
            f"{method.num_exponents}."
        )
    steps = _number_of_steps(method, given)
    advance, per_step = _advance(system, method)
    watched = watching("Lyapunov exponents", max_seconds, progress)
    with watched, one_blas_thread(), derivatives_of(system):
        finer = None if system.kind == "map" else eqx.Partial(_half_steps, *advance.args)
        growth = method.run(advance, starts, given, steps, finer)
        unfinished = growth.edges[-1] < steps or np.isnan(growth.logs).all()
        late = f", when {why_over()}" if unfinished else ""
    return _record(system, starts, growth, per_step, late)


def _step(system: AbstractSystem, length: Any, state: Any, input: Any) -> Any:
    """Take a step of a map (`length` None), or of the integrator of a flow, in units of tau."""
    if length is None:
        return system.evaluate(state, input)
    return rk4(lambda x: system.evaluate(x, input), state, length)


def _half_steps(system: AbstractSystem, length: Any, state: Any, input: Any) -> Any:
    """Take two steps of half the length, under one input."""
    return _step(system, length / 2, _step(system, length / 2, state, input), input)


def _advance(system: AbstractSystem, method: TangentQR) -> tuple[eqx.Partial, float]:
    """Return the step, and how long it is in units of the system's time unit."""
    with double_precision():
        if system.kind == "map":
            if method.dt is not None:
                raise InvalidInputError(
                    f"dt is the step of the integrator of a flow, got dt={method.dt!r} for a map. "
                    "A map has its own steps: leave dt out."
                )
            return eqx.Partial(_step, in_float64(system), None), 1.0
        dt = system.time_unit / 100 if method.dt is None else method.dt
        length = dt / system.time_unit
        return eqx.Partial(_step, in_float64(system), np.float64(length)), length


def _number_of_steps(method: TangentQR, inputs: np.ndarray | None) -> int:
    if inputs is None:
        return method.steps or _DEFAULT_STEPS
    there = inputs.shape[1] - method.transient
    steps = max(there, 1) if method.steps is None else method.steps
    if steps > there:
        raise InvalidInputError(
            f"the inputs last {inputs.shape[1]} steps, but the method needs {method.transient} "
            f"steps of transient and at least {steps} more. Give longer inputs or a method with "
            "fewer steps, such as TangentQR(transient=…, steps=…)."
        )
    return steps


def _record(
    system: AbstractSystem, starts: np.ndarray, growth: Growth, per_step: float, late: str
) -> LyapunovSpectrum:
    blocks = growth.logs.swapaxes(0, 1) / per_step  # parts of blocks
    lengths = np.diff(growth.edges)
    finite = np.isfinite(growth.states).all(1) & ~np.isnan(blocks).any((1, 2))
    blocks = np.where(finite[:, None, None], blocks, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        history = np.cumsum(blocks * lengths[:, None], 1) / np.cumsum(lengths)[:, None]
        history = history[:, growth.parts - 1 :: growth.parts]
        error = error_of_means(blocks, lengths)
        # A logarithm of a factor near 1 errs by rounding, in every step alike where they are equal.
        error = np.where(error > 0, np.maximum(error, np.finfo(float).eps / per_step), error)
        error = np.hypot(error, growth.inexact / per_step)
    order = np.argsort(-history[:, -1], axis=1, kind="stable")
    exponents = np.take_along_axis(history[:, -1], order, 1)
    error = np.take_along_axis(error, order, 1)
    with np.errstate(divide="ignore"):
        times = np.where(exponents == 0, np.inf, -system.time_unit / exponents)
    return LyapunovSpectrum(
        exponents=exponents,
        standard_error=error,
        history=np.take_along_axis(history, order[:, None, :], 2),
        checkpoints=growth.edges[growth.parts :: growth.parts],
        kaplan_yorke=np.array([kaplan_yorke(row, system.size) for row in exponents]),
        time_constants=times,
        start=starts,
        end=growth.states,
        outcome=_outcomes(growth, starts, exponents, error, system.kind, late),
        system=system.kind,
        time_unit=system.time_unit,
        step=per_step * system.time_unit,
    )


def _have_grown(starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Whether each trajectory has left all bounds."""
    first, last = (np.abs(states).max(1, initial=0) for states in (starts, ends))
    return np.asarray(last > _UNBOUNDED * (1 + first))


def _outcomes(
    growth: Growth,
    starts: np.ndarray,
    exponents: np.ndarray,
    error: np.ndarray,
    kind: str,
    late: str,
) -> np.ndarray:
    remedy = "" if kind == "map" else "; it may need a smaller TangentQR(dt=…)"
    lost = np.isnan(growth.logs).any(2)
    when = growth.edges[lost.argmax(0)]
    followed = f"followed for {growth.edges[-1]} steps{late}"
    size, grown = np.abs(growth.states).max(1, initial=0), _have_grown(starts, growth.states)

    def outcome(k: int) -> str:
        largest, unsure = float(exponents[k, 0]), float(error[k, 0])
        if np.isnan(largest) and np.isfinite(growth.states[k]).all():
            return f"not measured: no block of steps was completed{late}"
        if np.isnan(largest):
            return f"left to infinity after at least {when[k]} steps{remedy}"
        if grown[k] and largest > 0:
            return (
                f"{followed}: grew without bound, to {size[k]:.0e}; the exponents are of its growth"
            )
        if np.isnan(unsure):
            return f"{followed}: a single block, so how well the exponents are known is not"
        if abs(largest) < SURE * unsure:
            return f"{followed}: the largest exponent, {largest:.1g} ± {unsure:.1g}, may be 0"
        return followed

    return np.array([outcome(k) for k in range(len(exponents))])


def kaplan_yorke(exponents: np.ndarray, size: int) -> float:
    """Return k + Σ_{i≤k} λ_i / |λ_{k+1}|, exponents in decreasing order, of a system of `size`."""
    if np.isnan(exponents).any():
        return float("nan")
    sums = np.cumsum(exponents)
    k = int((sums >= 0).sum())
    if k < len(exponents):
        return k + (float(sums[k - 1] / -exponents[k]) if k else 0.0)
    return float(size) if k == size else float("nan")
