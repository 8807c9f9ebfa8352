r"""Eigenvalues of large Jacobians, from matrices of few rows.

At a state where a velocity :math:`v(x)=\alpha x+h(z(x))` is differentiable, or from any side of a
kink, its Jacobian is :math:`J=\alpha+HZ`. So its eigenvalues are those of the small matrix
:math:`\alpha(I+Z\,\alpha^{-1}H)`, in which stands the Jacobian of the latent system, and, as many
times as are left, :math:`\alpha` itself (Sylvester). Units that leak unlike each other
have no such formula.
"""

from __future__ import annotations

import numpy as np

from ...enclosure.interval.arithmetic import Array, Interval, add, ball, multiply, point
from ...enclosure.krawczyk.context import quietly
from ...enclosure.krawczyk.spectrum import Kind, certify_unstable
from .latent import LatentSystem

_EXACT = 1e-9  # beside the size of a matrix: wider ones, as on kinks, have no eigenvalues to tell


def latent_spectra(
    velocity: LatentSystem, kind: Kind, states: Array, errors: Array
) -> tuple[Array, float, np.ndarray] | None:
    """Return the eigenvalues of map or field at states (point, n), where units leak alike.

    Parameters
    ----------
    velocity
        The exact latent system of F(x) − x (map) or f(x) (flow).
    kind
        ``"map"`` or ``"flow"``.
    states, errors
        Where, and how far at most (largest entry) from each the state lies that is meant.

    Returns
    -------
    The eigenvalues of the small matrix (point, rank), NaN where not known; the one that all
    others are, a stable one; and the proved number of unstable ones (point,), −1 where it is not
    proved. None where units leak unlike each other, or the leak is not shown to be stable.
    """
    leak = velocity.leak.map(np.atleast_1d)
    is_stable = leak.upper < 0 if kind == "flow" else (leak.upper < 0) & (leak.lower > -2)
    if velocity.leak.ndim or not is_stable.all():
        return None
    with quietly(velocity.rank):
        result = velocity.around(ball(states, errors[:, None]))
        matrices = multiply(leak, result.slopes)
        if kind == "map":
            matrices = add(matrices, point(np.eye(velocity.rank)))
        counts = np.array([-1 if n is None else n for n in certify_unstable(matrices, kind)])
        values = _eigenvalues(matrices)
    counts[~result.allowed], values[~result.allowed] = -1, np.nan
    rest = float(leak.midpoint_radius()[0][0]) + (kind == "map")
    return values, rest, counts


def _eigenvalues(matrices: Interval) -> Array:
    """Return the eigenvalues of each matrix (point, r, r) that is known well, NaN of others."""
    middle, width = matrices.midpoint_radius()
    values = np.full(middle.shape[:2], np.nan, complex)
    size = np.abs(middle).max(axis=(1, 2), initial=0.0)
    spread = np.zeros(len(middle)) if width is None else width.max(axis=(1, 2), initial=0.0)
    known = np.isfinite(size) & (spread <= _EXACT * size)
    if known.any():
        values[known] = np.linalg.eigvals(middle[known])
    return values
