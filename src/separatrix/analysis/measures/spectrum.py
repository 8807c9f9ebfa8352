"""How far apart the eigenvalues at corresponding fixed points are."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy
from jaxtyping import Complex, Float

from ..._checked import Count, checked
from ..linearization import Linearization
from ..topology import FixedPointTopology, Undecided
from .measure import AbstractMeasure, Dynamics, Reading

_Spectra = tuple[Complex[np.ndarray, "_ _"], tuple[str, ...], tuple[str, float]]
"""The eigenvalues of points, the names of these where each has one, kind and unit of the system."""


@checked
@dataclass(frozen=True)
class Spectrum(AbstractMeasure[_Spectra]):
    r"""Compare the eigenvalues of the exact Jacobians at matched fixed points of two networks.

    Let μ be the k slowest eigenvalues at a point of one network, and ν those at a point of the
    other. The distance between the points is the cost of the optimal transport between these
    eigenvalues, $\min_\pi \frac1k \sum_j |\mu_j - \nu_{\pi(j)}|$. The distance between two networks
    is the mean distance of matched points. It has the unit of the eigenvalues: for a flow, of λ,
    the rate of growth per time constant τ.

    `fixed_point_topology` names the points of a network by the signs of the outputs. If both
    networks have the same names, and each name occurs once, points are matched by name. Otherwise
    they are matched by the optimal transport between all points of the two networks. If a network
    has no fixed point, its slow points are used instead.

    Parameters
    ----------
    num_modes
        The number of eigenvalues that are compared at each point, the slowest first. If a network
        has fewer eigenvalues, fewer are compared.

    Examples
    --------
    >>> import separatrix as sx
    >>> sx.measures.Spectrum(num_modes=4)
    Spectrum(num_modes=4)
    """

    num_modes: Count = 10

    name: ClassVar[str] = "spectrum"
    needs: ClassVar[tuple[str, ...]] = ("points", "topology", "linearization")
    no_null: ClassVar[str] = "fixed points do not depend on trials"

    def read(self, network: Dynamics) -> Reading[_Spectra]:
        linearization = network.linearization
        if linearization is None or not len(linearization):
            return None, "no point was linearized"
        points = network.points
        fixed = np.ones(len(linearization), bool)
        if points is not None and len(points.fixed):
            known = {row.tobytes() for row in np.asarray(points.fixed.states, float)}
            rows = np.asarray(linearization.states, float)
            fixed = np.array([row.tobytes() in known for row in rows])
        used = linearization.filter(fixed) if fixed.any() else linearization
        values = np.asarray(used.eigenvalues)[:, : self.num_modes]
        if not np.isfinite(values).all():
            return None, "an eigenvalue is not finite"
        units = (used.system, float(used.time_unit))
        kind = "fixed" if points is not None and len(points.fixed) else "slow"
        names = _names(used, network.topology)
        return (values, names, units), f"{len(used)} {kind} points"

    def between(self, first: _Spectra, second: _Spectra) -> float | Undecided:
        (one, names, units), (other, others, further) = first, second
        if units != further:
            said = [f"a {kind} in steps of {unit:g} ms" for kind, unit in (units, further)]
            return Undecided(f"eigenvalues of {said[0]} and of {said[1]} are not comparable")
        modes = min(one.shape[1], other.shape[1])
        one, other = one[:, :modes], other[:, :modes]
        if names and set(names) == set(others):
            order = [others.index(name) for name in names]
            pairs = zip(one, other[order], strict=True)
            return float(np.mean([transport(_apart(a, b)) for a, b in pairs]))
        return transport(np.array([[transport(_apart(a, b)) for b in other] for a in one]))


def _names(used: Linearization, topology: FixedPointTopology | None) -> tuple[str, ...]:
    """Return the names of points in the topology, where each has one of its own."""
    if topology is None:
        return ()
    rows = zip(np.asarray(topology.states, float), topology.names, strict=True)
    names = {state.tobytes(): f"{name}" for state, name in rows}
    found = [names.get(row.tobytes()) for row in np.asarray(used.states, float)]
    signs = [name for name in found if name is not None and set(name) <= set("+-*")]
    return tuple(signs) if len(set(signs)) == len(found) else ()


def _apart(one: np.ndarray, other: np.ndarray) -> Float[np.ndarray, "one other"]:
    return np.abs(one[:, None] - other[None, :])


def transport(cost: Float[np.ndarray, "one other"]) -> float:
    """Return the least mean cost of moving one set onto another, each spread evenly."""
    one, other = cost.shape
    if one == other:
        return float(cost[scipy.optimize.linear_sum_assignment(cost)].mean())
    sums = np.kron(np.eye(one), np.ones(other)), np.kron(np.ones(one), np.eye(other))
    shares = np.repeat([1 / one, 1 / other], [one, other])
    found = scipy.optimize.linprog(cost.ravel(), A_eq=np.vstack(sums), b_eq=shares)
    return float(found.fun)
