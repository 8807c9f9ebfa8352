"""Existence and uniqueness of zeros near given states."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import EnclosureError
from ..interval.arithmetic import Array, ball, down, up
from ..interval.interpreter import EnclosedFunction
from .context import checked_states, enclose_residual, over_chunks, quietly
from .contraction import rates_on
from .cube_search import Cubes, locate
from .radii import LARGEST_RADIUS, Flags, largest_radius, scale_of


class ZeroCertificates(NamedTuple):
    """Proofs about a zero near each of a number of states (point, unit).

    Attributes
    ----------
    exists
        Whether a zero is proved to lie within ``error_bound`` of the state, in the largest norm.
    unique
        Whether it is proved to be the only zero within ``radius`` of the state.
    error_bound
        Distance within which the zero lies; infinite where none is proved.
    radius
        Distance within which there is no other zero; zero where that is not proved.
    reason
        Why a state is not certified; empty where it is.
    """

    exists: Flags
    unique: Flags
    error_bound: Array
    radius: Array
    reason: NDArray[np.object_]


def certify_zeros(residual: Callable[[Any], Any], states: ArrayLike) -> ZeroCertificates:
    r"""Prove that a zero of ``residual`` exists near each state, and that it is alone.

    A cube around the state (moved by a Newton step if need be) must be mapped into itself by
    :math:`x-A\,g(x)`, in outward-rounded interval arithmetic; then the cube is enlarged for
    as long as that map still contracts.

    Parameters
    ----------
    residual
        Any JAX function g from (unit,) to (unit,), computing in float64.
    states
        Approximate zeros (point, unit).

    Returns
    -------
    ZeroCertificates. A function that cannot be enclosed (an unknown primitive, float32 arithmetic)
    certifies no state.

    Raises
    ------
    ValueError
        If ``states`` is not a matrix, or the residual does not return a vector of its argument's
        length.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> found = certify_zeros(lambda x: jnp.tanh(2.0 * x) - x, [[0.9575040240772687], [0.5]])
    >>> found.exists, bool(found.error_bound[0] < 1e-14), bool(found.radius[0] > 0.1)
    (array([ True, False]), True, True)

    References
    ----------
    Krawczyk 1969, Computing 4:187. Neumaier 1990, Interval Methods for Systems of Equations, ch. 5.
    Rump 2010, Acta Numerica 19:287.
    """
    points = checked_states(states)
    try:
        return certify_enclosed(enclose_residual(residual, points.shape[1]), points)
    except EnclosureError as refusal:
        return _none(len(points), str(refusal))


def certify_enclosed(enclosed: EnclosedFunction, points: Array) -> ZeroCertificates:
    """Do the same for a function that is traced already, at states (point, unit)."""
    parts = over_chunks(lambda chunk: _certify(enclosed, points[chunk]), *points.shape)
    columns = zip(*parts or [_none(0, "")], strict=True)
    return ZeroCertificates(*map(np.concatenate, columns))


def _none(count: int, reason: str) -> ZeroCertificates:
    no = np.zeros(count, dtype=bool)
    reasons = np.full(count, reason, object)
    return ZeroCertificates(no, no, np.full(count, np.inf), np.zeros(count), reasons)


def _certify(enclosed: EnclosedFunction, states: Array) -> ZeroCertificates:
    with quietly(states.shape[1]):
        cubes = locate(enclosed, states)
        exists = cubes.exists
        moved = np.max(up(np.abs(cubes.centers - states)), axis=1, initial=0.0)
        moved = np.where((cubes.centers == states).all(axis=1), 0.0, moved)
        error = np.where(exists, up(cubes.error + moved), np.inf)
        radius = np.where(exists, down(_alone_within(enclosed, cubes) - moved), 0.0)
    unique = exists & (radius > error)
    reasons = np.where(exists, "", cubes.reasons)
    return ZeroCertificates(exists, unique, error, np.where(unique, radius, 0.0), reasons)


def _alone_within(enclosed: EnclosedFunction, cubes: Cubes) -> Array:
    """Return the radius of the largest cube on which the map contracts, where a zero exists."""
    rows, radius = np.flatnonzero(cubes.exists), cubes.radius.copy()

    def contracts(which: np.ndarray, radii: Array) -> Flags:
        at = rows[which]
        around = enclosed.slopes(ball(cubes.centers[at], radii[:, None]))
        return np.asarray(rates_on(around, cubes.inverse[at]).max(axis=1) < 1)

    most = LARGEST_RADIUS * scale_of(cubes.centers[rows])
    radius[rows] = largest_radius(contracts, radius[rows], most)
    return radius
