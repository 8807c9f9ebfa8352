"""Proof that a region holds exactly one zero, and where it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .affine import Array
from .form import Bools, PiecewiseLinear

_UNIT = np.finfo(np.float64).eps / 2


@dataclass(frozen=True)
class Zero:
    """A zero of a piecewise-linear residual, with what is known of it.

    Attributes
    ----------
    state
        ``x``, shape ``(n,)``.
    pattern
        The gates that are on, shape ``(m,)``.
    residual_norm
        ``|r(x)|`` as evaluated in float64.
    error_bound
        The true zero lies within this distance in the maximum norm; infinite if not proved.
    rounding
        The zero of the region's equations lies within this distance, whether or not it is one of
        the residual: what zeros of neighboring regions may differ by.
    margin
        Distance in the maximum norm to the nearest region boundary: the zero is the only one of
        the residual in that ball.  0 when it lies on a boundary to working accuracy.
    proved
        Existence and uniqueness were proved with bounds on every rounding error.
    smallest_singular_value
        Of the Jacobian of the residual; near 0 the zero lies on a slow manifold.
    """

    state: Array
    pattern: Bools
    residual_norm: float
    error_bound: float
    rounding: float
    margin: float
    proved: bool
    smallest_singular_value: float


def certify(residual: PiecewiseLinear, pattern: Bools) -> Zero | None:
    """Solve one region exactly and prove, if it can be, that its zero is one of the residual.

    State and pre-activations ``v = (x, z)`` solve ``K v + k = 0`` with ``K = [[J, Y S], [Z,
    L S − I]]``, whose entries are taken as they were read, so only the solution carries rounding
    errors. (Reading a function rounds its coefficients: of that nothing is proved here.)  With
    ``R ≈ K⁻¹`` and ``α ≥ ‖I − R K‖``, ``|v − v*| ≤ |R| |K v + k| + …`` by the usual a-posteriori
    bound; the signs of the enclosed ``z`` then decide.

    Returns None when the region's solution is not a zero of the residual.

    References
    ----------
    Rump (2010), "Verification methods: rigorous results using floating-point arithmetic",
    Acta Numerica 19:287, section 10.
    """
    n, m = residual.size, residual.gate_count
    K = np.block(
        [
            [residual.linear, residual.output_weights * pattern],
            [residual.gate_weights, residual.gate_coupling * pattern - np.eye(m)],
        ]
    )
    k = np.concatenate([residual.offset, residual.gate_offset])
    try:
        R = np.linalg.inv(K)
    except np.linalg.LinAlgError:
        return None
    v = -R @ k
    for _ in range(2):  # The second time reaches the last digit when K is badly scaled.
        v = v - R @ _defect(K, k, v)[0]
    if not np.isfinite(v).all():
        return None
    error = _enclosure(K, k, R, v)
    x, z, z_error = v[:n], v[n:], error[n:]
    agrees = (z > z_error) == pattern
    agrees &= (z < -z_error) | pattern
    proved = bool(agrees.all() and np.isfinite(error).all())
    found, rounding = residual(x), evaluation_error(residual, x)
    if not proved and (np.abs(found) > 4.0 * rounding).any():
        return None
    reach = np.abs(residual.gate_rows(pattern)[0]).sum(axis=1)
    distance = (np.abs(z) - z_error) / np.where(reach > 0, reach * (1 + 1e-9), 1.0)
    off = float(error[:n].max())
    return Zero(
        state=x,
        pattern=pattern,
        residual_norm=float(np.linalg.norm(found)),
        error_bound=off if proved else np.inf,
        rounding=off,
        margin=max(float(distance[reach > 0].min(initial=np.inf)) - off, 0.0) if proved else 0.0,
        proved=proved,
        smallest_singular_value=float(
            np.linalg.svd(residual.piece(pattern)[0], compute_uv=False)[-1]
        ),
    )


def _enclosure(K: Array, k: Array, R: Array, v: Array) -> Array:
    """Bound ``|v − v*|`` entry by entry for the solution ``v*`` of ``K v + k = 0``."""
    terms = len(k) + 3
    gamma = terms * _UNIT / (1.0 - terms * _UNIT)
    size_R, size_K = np.abs(R), np.abs(K)
    deviation = np.abs(R @ K - np.eye(len(k))) + gamma * (size_R @ size_K) * (1 + 4 * gamma)
    deviation_rows = deviation.sum(axis=1) * (1 + 4 * gamma)
    alpha = float(deviation_rows.max(initial=0.0))
    if not alpha < 1.0:
        return np.full(len(k), np.inf)
    defect, defect_error = _defect(K, k, v)
    slack = np.abs(defect) + defect_error * (1 + 4 * gamma)
    first = (size_R @ slack) * (1 + 4 * gamma)
    whole = float(first.max(initial=0.0)) / (1.0 - alpha) * (1 + 8 * gamma)
    bound: Array = (first + deviation_rows * whole) * (1 + 8 * gamma)
    return bound


def _defect(K: Array, k: Array, v: Array) -> tuple[Array, Array]:
    """Evaluate ``K v + k`` in the longest floats there are, with a bound on the error."""
    long = np.longdouble
    terms = len(k) + 3
    gamma = terms * float(np.finfo(long).eps) / 2
    gamma /= 1.0 - gamma
    defect = (K.astype(long) @ v.astype(long) + k).astype(np.float64)
    error = gamma * (np.abs(K) @ np.abs(v) + np.abs(k)) + 2 * _UNIT * np.abs(defect)
    return defect, error


def evaluation_error(residual: PiecewiseLinear, x: Array) -> Array:
    """Estimate, entry by entry, the rounding error of evaluating the residual at ``x``."""
    z = residual.preactivations(x)
    g = np.maximum(z, 0.0)
    gate_size = np.abs(residual.gate_weights) @ np.abs(x) + np.abs(residual.gate_offset)
    gate_size += np.abs(residual.gate_coupling) @ g
    size = np.abs(residual.linear) @ np.abs(x) + np.abs(residual.output_weights) @ (g + gate_size)
    terms = residual.size + residual.gate_count + 2
    total: Array = 2.0 * terms * _UNIT * (size + np.abs(residual.offset))
    return total
