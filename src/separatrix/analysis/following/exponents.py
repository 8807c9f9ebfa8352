"""The largest Lyapunov exponent of states that move within bounds and do not close."""

from dataclasses import replace

import numpy as np

from ..._double import double_precision
from ...solvers.tangent_qr import TangentQR
from ...systems import AbstractSystem
from ..lyapunov import lyapunov_exponents
from .end import Ends, What
from .thresholds import AT


def is_chaos(exponent: float, error: float, time: float) -> bool:
    """Whether an exponent is surely above 0, and small differences grow e-fold within the time."""
    return bool(exponent > AT.sure * error and exponent * time > 1)


def with_exponent(system: AbstractSystem, ends: Ends) -> Ends:
    """Return ends with the largest exponent of bounded motion; a negative one leaves it unknown.

    What does not close and does not come to rest has none that is negative: it is on its way. An
    invariant circle has none that is positive.
    """
    circles = [k for k, curve in enumerate(ends.curves) if system.kind == "map" and not curve.steps]
    rows = np.flatnonzero(ends.are(What.CURVE) & np.isin(ends.which, circles))
    if len(rows):
        exponent, _, error = _exponents(system, ends.states[rows], 1.0)
        ends = ends.ended(rows, What.BOUNDED) if exponent > AT.sure * error else ends
    rows = np.flatnonzero(ends.are(What.BOUNDED))
    if not len(rows):
        return ends
    step = float(
        np.median(ends.times[rows] / np.maximum(ends.steps[rows], 1))
    )  # that suits how far states were followed
    exponent, second, error = _exponents(system, ends.states[rows], step)
    if exponent >= -AT.sure * error or np.isnan(exponent):
        return replace(ends, exponent=exponent, exponent_error=error, second_exponent=second)
    return ends.ended(rows, What.UNKNOWN)


def _exponents(
    system: AbstractSystem, states: np.ndarray, step: float
) -> tuple[float, float, float]:
    """Return the two largest Lyapunov exponents per step or tau, and the first one's error."""
    some = states[:: max(1, len(states) // AT.exponent_states)][: AT.exponent_states]
    dt = None if system.kind == "map" else step * system.time_unit
    method = TangentQR(steps=AT.exponent_steps, num_exponents=min(2, system.size), dt=dt)
    with double_precision():
        found = lyapunov_exponents(system, some, method=method)
    values, errors = np.asarray(found.exponents), np.asarray(found.standard_error)[:, 0]
    fine = np.isfinite(values[:, 0])
    if not fine.any():
        return float("nan"), float("nan"), float("nan")
    middle = [float(np.median(column)) for column in values[fine].T] + [-np.inf]
    error = max(float(np.nanmax(errors[fine])), float(np.ptp(values[fine, 0])) / 2)
    return middle[0], middle[1], error
