r"""Eigenvalues of large Jacobians, from matrices of few rows.

At a state where a velocity :math:`v(x)=a\circ x+h(z(x))` is differentiable, or from any side of a
kink, its Jacobian is :math:`J=A+HZ` with :math:`A=\operatorname{diag}(a)`. Write :math:`H=AL`. Then

.. math:: \det J = \det A\;\det(I+ZL) ,

with the small matrix :math:`I+ZL`, which is the Jacobian of the reduced G; and if all of a are one
number :math:`\alpha`, the eigenvalues of J are those of :math:`\alpha(I+ZL)` and, as many times as
are left, :math:`\alpha` itself (Sylvester). For both it does not matter where the nonlinearity is:
ZL and LZ share all eigenvalues but zeros.

That a are one number is known within rounding only. So the number of eigenvalues beyond the
boundary of stability is followed from :math:`A(I+LZ)` to :math:`\alpha(I+LZ)`, along the line
between A and α. On it λ of the boundary is an eigenvalue only where
:math:`I-Z(\lambda-A)^{-1}AL` is singular, and with d the distance of a from the boundary

.. math:: \frac{a_i}{\lambda-a_i} = \frac{\alpha}{\lambda-\alpha}(1+\delta_i) ,\qquad
   |\delta_i|\le\Big(1+\frac{\varepsilon}{|\alpha|}\Big)\Big(1+\frac{\varepsilon}{d}\Big)-1 ,\quad
   \varepsilon=\max_i|a_i-\alpha| .

Hence if no :math:`\alpha(I+Z(1+\delta)L)` has an eigenvalue on the boundary, for any complex
diagonal δ so small, then none crosses it. Gershgorin's discs do not ask whether what is added to a
matrix is real, so an interval that holds all of these matrices with real δ will do: the complex
ones are as near to its middle.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...enclosure.interval.arithmetic import Array, Interval, add, down, multiply, point, up
from ...enclosure.krawczyk.context import quietly
from ...enclosure.krawczyk.spectrum import Kind, certify_unstable
from .reduction import Reduction

_UNIFORM = 1e-6  # beyond it, units differ by more than rounding
_EXACT = 1e-9  # beside the size of a matrix: wider ones, as on kinks, have no eigenvalues to tell


class FewEigenvalues(NamedTuple):
    """What is known of the Jacobian of a map or field at each of some states.

    Attributes
    ----------
    eigenvalues
        Those of the small matrix, (point, rank), of map or field; NaN where they are not known.
    rest, rest_unstable
        The eigenvalue that all the others are, and whether it is an unstable one.
    n_unstable
        The proved number of unstable ones among all, -1 where it is not proved.
    """

    eigenvalues: Array
    rest: float
    rest_unstable: bool
    n_unstable: np.ndarray


class _Leak(NamedTuple):
    """The number that a are, α, the largest |δ|, and whether α itself is unstable."""

    value: float
    spread: float
    unstable: bool


def few_eigenvalues(
    velocity: Reduction, kind: Kind, states: Array, errors: Array
) -> FewEigenvalues | None:
    """Return the eigenvalues of map or field at states (point, n), where units leak alike.

    Parameters
    ----------
    velocity
        The exact reduction of F(x) − x (map) or f(x) (flow).
    kind
        ``"map"`` or ``"flow"``.
    states, errors
        Where, and how far at most (largest entry) from each the state lies that is meant.

    Returns
    -------
    FewEigenvalues; None where units leak unlike each other, or at the boundary of stability.
    """
    leak = _leak(velocity.diagonal, kind)
    if leak is None:
        return None
    with quietly(velocity.rank):
        balls = Interval(down(states - errors[:, None]), up(states + errors[:, None]))
        result = velocity.around(balls, leak.spread)
        assert result.slopes is not None
        matrices = multiply(point(np.array(leak.value)), result.slopes)
        if kind == "map":
            matrices = add(matrices, point(np.eye(velocity.rank)))
        counts = np.array([-1 if n is None else n for n in certify_unstable(matrices, kind).counts])
        values = _eigenvalues(matrices)
    refused = np.array([bool(why) for why in result.refusals], bool)
    counts[(counts >= 0) & leak.unstable] += velocity.size - velocity.rank
    counts[refused], values[refused] = -1, np.nan
    return FewEigenvalues(values, leak.value + (kind == "map"), leak.unstable, counts)


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


def _leak(diagonal: Interval, kind: Kind) -> _Leak | None:
    """Tell by what number all units leak, if it is one."""
    least, most = float(np.min(diagonal.lower)), float(np.max(diagonal.upper))
    value = float(0.5 * least + 0.5 * most)
    apart = float(up(np.array(max(most - value, value - least))))
    away, unstable = _from_boundary(least, most, kind)
    if not away > 0 or not np.isfinite(apart) or value == 0.0:
        return None
    one, other = up(np.array(apart / abs(value))), up(np.array(apart / away))
    spread = float(up(one + other + up(one * other), 4.0)) if apart else 0.0
    return _Leak(value, spread, unstable) if spread < _UNIFORM else None


def _from_boundary(least: float, most: float, kind: Kind) -> tuple[float, bool]:
    """Return how far all of a are from the boundary at least, and on which side; 0 if on both."""
    if kind == "flow":
        return (least, True) if least > 0 else (-most, False)
    if least > 0:
        return least, True
    if most < -2:
        return float(down(np.array(-2.0 - most))), True
    return float(down(np.array(min(-most, least + 2.0)))), False
